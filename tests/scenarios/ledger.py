"""Which scenario ran on which world, told at the end of a run; and why some run on one only.

A pytest plugin; `tests/conftest.py` registers it.
"""

import re

import pytest

WORLDS = ("simulated", "asterisk")

SIMULATED_ONLY: dict[str, str] = {
    "test_hostile_names_of_the_virtual_far_end": "no SIP stack passes such raw text on",
}
"""Scenario -> why the real PBX cannot show it."""

REAL_ONLY: dict[str, str] = {
    "test_a_waiting_caller_hears_music": "the simulated PBX has no sound",
}
"""Scenario -> why the simulated PBX cannot show it."""

_NODE = re.compile(r"^tests/scenarios/\w+\.py::(\w+)\[(.+)\]$")


def worlds_of(scenario: str) -> list[str]:
    """The worlds that a scenario runs on."""
    if scenario in SIMULATED_ONLY:
        return ["simulated"]
    return ["asterisk"] if scenario in REAL_ONLY else list(WORLDS)


class Ledger:
    """Writes the list at the very end, from all reports there are by then."""

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        results: dict[str, dict[str, str]] = {}
        for outcome in ("passed", "failed", "error", "skipped"):
            for report in terminalreporter.stats.get(outcome, []):
                found = _NODE.match(getattr(report, "nodeid", ""))
                if found:
                    world = next((each for each in WORLDS if each in found[2]), found[2])
                    shown = results.setdefault(found[1], {})
                    if shown.get(world) not in ("failed", "error"):
                        shown[world] = outcome
        if not results:
            return
        terminalreporter.write_sep("-", "scenarios: simulated PBX, real PBX")
        for scenario, shown in sorted(results.items()):
            reason = SIMULATED_ONLY.get(scenario) or REAL_ONLY.get(scenario) or ""
            cells = (f"{shown.get(world, '-'):>8}" for world in WORLDS)
            name = scenario.removeprefix("test_").replace("_", " ")
            terminalreporter.write_line(f"{' '.join(cells)}  {name}" + (reason and f": {reason}"))
