"""200 virtual hours, each from its own seed, each with 20 agents and 250 calls at least; and 100
shorter ones in which events are lost, late, doubled, out of order or forged, the connection breaks
and the engine is killed.

A seed that fails is printed with what it broke; `acd sim --seed N --hours 1` shows it again, and
`make soak-seeds SEEDS=1 FIRST=N` one of the spoilt kind.
"""

import io

import pytest

from acd.sim.run import Report, print_report, run
from tests.sim.spoilt import broken, play

CHUNK = 10
SEEDS = range(1, 201)
SPOILT_SEEDS = range(1, 101)


def printed(report: Report) -> str:
    out = io.StringIO()
    print_report(report, out)
    return out.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize(
    "first", SEEDS[::CHUNK], ids=lambda first: f"seeds {first} to {first + CHUNK - 1}"
)
def test_no_rule_is_broken_in_an_hour(first: int) -> None:
    for seed in range(first, first + CHUNK):
        report = run(seed, 1.0)
        assert report.violations == (), "\n" + printed(report)
        assert report.agents >= 20, f"seed {seed}"
        assert report.calls >= 250, f"seed {seed}"
        assert report.outcomes["answered"] >= 50, f"seed {seed}"
        assert report.rejected == {}, f"seed {seed}"


@pytest.mark.slow
@pytest.mark.parametrize(
    "first", SPOILT_SEEDS[::CHUNK], ids=lambda first: f"seeds {first} to {first + CHUNK - 1}"
)
def test_no_call_is_lost_in_six_minutes_in_which_much_goes_wrong(first: int) -> None:
    for seed in range(first, first + CHUNK):
        report = play(seed, 0.1)
        assert broken(report) == [], f"seed {seed}\n{printed(report)}"
        assert report.calls >= 10, f"seed {seed}"
