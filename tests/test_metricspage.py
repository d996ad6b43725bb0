"""docs/metrics.md shows every metric as the code has it, and no other."""

import re
from pathlib import Path

import pytest

from acd.metricspage import rows, table, written
from tests.pages import made, page

METRICS = Path(__file__).parents[1] / "docs" / "metrics.md"


def test_the_page_is_as_the_code_has_it() -> None:
    text = METRICS.read_text()
    assert written(text) == text, "make docs-metrics writes it anew"


@pytest.mark.parametrize("chapter", rows())
def test_every_chapter_is_on_the_page(chapter: str) -> None:
    assert f"<!-- metrics {chapter} -->" in METRICS.read_text()


def test_every_metric_that_prometheus_reads_is_told() -> None:
    told = {row.name: row.kind for chapter in rows().values() for row in chapter}
    read = dict(re.findall(r"^# TYPE (acd_\w+) (\w+)$", page(made()), re.MULTILINE))
    assert read.pop("acd_build_info") == "gauge"
    assert read.items() <= told.items()
    # These come from the daemon's inbox, clock, books and deletion, which are not here.
    other = {name for name in told if not name.startswith(("acd_store_", "acd_journal_"))}
    elsewhere = {"acd_inbox_items", "acd_clock_drift_seconds", "acd_deleted_total"}
    elsewhere |= {"acd_stream_readers", "acd_stream_cut_off_total"}
    assert other - read.keys() == elsewhere


def test_a_chapter_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(KeyError):
        table("moon")
