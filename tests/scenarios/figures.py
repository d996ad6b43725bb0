"""What a run measured, told at its end: above all times a promise is about."""

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
    """Keep a time and hold it to its limit, which on the simulated PBX is only a rough one."""
    if real:
        note(name, milliseconds)
    assert 0 <= milliseconds <= (limit if real else 5 * limit), f"{name}: {milliseconds:.1f} ms"


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
