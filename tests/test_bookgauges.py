"""Operators see when the store is behind, and what got lost."""

import io
from pathlib import Path

import pytest

from acd.bookgauges import book_gauges
from acd.books import Books
from acd.core.ids import PbxId
from acd.core.memory import NOTHING
from acd.log import open_log
from acd.metrics import Metrics
from acd.pipeline import PbxSetup
from acd.store.inmemory import InMemoryStore
from tests.plans import plan
from tests.store.samples import ended

PBX = PbxId("main")
NOW = 12.0


def page(books: Books) -> str:
    metrics = Metrics(plan(), [PBX])
    metrics.watch(lambda: book_gauges(books, NOW))
    return metrics.exposition().text().decode()


@pytest.fixture
def books(tmp_path: Path) -> Books:
    log, _ = open_log("json", lambda: 0.0, stream=io.StringIO())
    return Books(InMemoryStore, tmp_path / "spill", lambda: 0.0, log, tmp_path / "journal")


async def test_what_waits_what_was_spilled_and_what_got_lost_is_told(books: Books) -> None:
    await books.open()
    books.begin(plan(), [PbxSetup(PBX)], b"s" * 16, 0.0, NOTHING)
    assert books.writer is not None
    await books.writer.wait_committed(books.writer.put([ended(1)]))
    said = page(books)
    for line in (
        "acd_store_lag_seconds 0.0",
        "acd_store_pending_records 0.0",
        "acd_store_spilled_records 0.0",
        "acd_store_refused_records_total 0.0",
        "acd_journal_dropped_entries_total 0.0",
        "acd_journal_lag_seconds 0.0",
    ):
        assert line in said
    books.writer._most_records = 0
    books.writer.put([ended(2)])
    assert "acd_store_refused_records_total 1.0" in page(books)
    await books.close(0.0, None)


def test_without_a_store_nothing_is_told_of_it(tmp_path: Path) -> None:
    log, _ = open_log("json", lambda: 0.0, stream=io.StringIO())
    said = page(Books(None, tmp_path / "spill", lambda: 0.0, log))
    assert "acd_store" not in said
    assert "acd_journal" not in said
