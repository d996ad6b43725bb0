"""The bench of the metrics measures what it says, on a centre small enough for a test."""

import pytest

from bench.matching import Size
from bench.metrics import BOUNDS, scraped


@pytest.mark.slow
def test_a_scrape_and_the_longest_turn_meanwhile_are_measured() -> None:
    seen = scraped(Size(waiting=20, agents=40, queues=4, skills=16), rounds=2)
    assert seen.scrape_ms > 0
    assert seen.loop_ms > 0
    assert seen.worst_stall_ms > 0
    assert seen.page_bytes > 10_000


def test_each_figure_has_its_bound() -> None:
    assert set(BOUNDS) == {
        "scrape_ms",
        "worst_stall_ms",
        "stream_cpu_percent",
        "idle_rss_mb",
        "idle_cpu_percent",
    }
