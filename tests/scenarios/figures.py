"""What a run measured, told at its end: above all times a promise is about.

What a test measures travels in its report, from whichever process ran it.
"""

import time
from collections.abc import Generator

import pytest

_FIGURE, _LINE = "acd-figure", "acd-line"

_measured: list[tuple[str, object]] = []
"""Since the last report."""


def note(name: str, milliseconds: float) -> None:
    """Keep one measured time."""
    _measured.append((_FIGURE, [name, milliseconds]))


def tell(line: str) -> None:
    """Keep a line that is no time."""
    _measured.append((_LINE, line))


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
    """A pytest plugin that tells them; for the processes that run tests as well."""

    def __init__(self) -> None:
        self._figures: dict[str, list[float]] = {}
        self._lines: list[str] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        report.user_properties = [*report.user_properties, *_measured]
        _measured.clear()
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for kind, value in report.user_properties:
            if kind == _LINE:
                self._lines.append(str(value))
            elif kind == _FIGURE and isinstance(value, list):
                self._figures.setdefault(str(value[0]), []).append(float(value[1]))

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._figures or self._lines:
            terminalreporter.write_sep("-", "measured on the real PBX")
        for line in self._lines:
            terminalreporter.write_line(line)
        for name, values in sorted(self._figures.items()):
            ordered = sorted(values)
            middle = ordered[len(ordered) // 2]
            terminalreporter.write_line(
                f"{name}: median {middle:.1f} ms, worst {ordered[-1]:.1f} ms, {len(ordered)} times"
            )
