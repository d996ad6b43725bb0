"""200 virtual hours, each from its own seed, each with 20 agents and 250 calls at least.

A seed that fails is printed with what it broke; `acd sim --seed N --hours 1` shows it again.
"""

import io

import pytest

from acd.sim.run import Report, print_report, run

CHUNK = 10
SEEDS = range(1, 201)
BUDGET_SECONDS = 120
"""For all of them, on two processors."""


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
