"""Agents with two skills do nearly as well as agents with all."""

import pytest

from bench.chart import Chart, Series
from bench.pooling import KINDS, mean_wait_seconds

pytestmark = pytest.mark.slow


@pytest.mark.slow
def test_two_skills_in_a_chain_are_nearly_as_good_as_all() -> None:
    """At 90 % occupancy the second skill brings most of what all six would."""
    one, two, all_skills = (mean_wait_seconds(n, 0.90, calls=6_000) for n in (1, 2, KINDS))
    assert all_skills < two < one
    assert two - all_skills < 0.15 * (one - all_skills)
    assert one > 4.0 * all_skills


def test_a_chart_says_what_it_shows() -> None:
    series = [Series("two <each>", "#123456", [(0.0, 1.0), (10.0, 5.0)])]
    chart = Chart("Title", "sub", "load (%)", "wait (s)", (0.0, 10.0), (0.0, 5.0), series)
    svg = chart.svg()
    for text in ("Title", "load (%)", "wait (s)", "two &lt;each&gt;", ">10<", ">5<"):
        assert text in svg
