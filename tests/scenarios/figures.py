"""What a run measured, told at its end: above all times a promise is about."""

import time

import pytest

_FIGURES: dict[str, list[float]] = {}
_LINES: list[str] = []


def note(name: str, milliseconds: float) -> None:
    """Keep one measured time."""
    _FIGURES.setdefault(name, []).append(milliseconds)


def tell(line: str) -> None:
    """Keep a line that is no time."""
    _LINES.append(line)


def soon(name: str, milliseconds: float, *, limit: float = 100.0, real: bool = True) -> None:
    """Keep a time and hold it to its limit, which on the simulated PBX is only a rough one.

    A processor that is held back by its host takes longer over everything: what is late is late
    only if it is so by the pace of the moment.
    """
    if real:
        note(name, milliseconds)
    within = limit if real else 5 * limit
    if milliseconds > within:
        within *= max(1.0, _pace())
    assert 0 <= milliseconds <= within, f"{name}: {milliseconds:.1f} ms"


def _pace() -> float:
    """How many times longer a fixed loop takes than on the processors the limits are meant for."""
    began = time.perf_counter()
    for _ in range(1_000_000):
        pass
    return (time.perf_counter() - began) / 0.06


class Figures:
    """A pytest plugin that tells them."""

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if _FIGURES or _LINES:
            terminalreporter.write_sep("-", "measured on the real PBX")
        for line in _LINES:
            terminalreporter.write_line(line)
        for name, values in sorted(_FIGURES.items()):
            ordered = sorted(values)
            middle = ordered[len(ordered) // 2]
            terminalreporter.write_line(
                f"{name}: median {middle:.1f} ms, worst {ordered[-1]:.1f} ms, {len(ordered)} times"
            )
