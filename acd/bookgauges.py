"""What operators are told of the books: how far the store is behind, and what got lost.

Asked of the writer and the journal themselves, at each scrape. Without a store or a journal there
is nothing to tell of it.
"""

from collections.abc import Iterator
from typing import Final

from acd.books import Books
from acd.gauges import Figure

STORE: Final = (
    Figure.one(
        "acd_store_lag_seconds",
        "How long the oldest record that is not durable has been waiting.",
    ),
    Figure.one("acd_store_pending_records", "Records that are in memory only."),
    Figure.one(
        "acd_store_spilled_records",
        "Records that are durable in the spill file and not yet in the store.",
    ),
    Figure.one(
        "acd_store_refused_records_total",
        "Records not kept: no room in memory, or set aside because the store refused them.",
        counts=True,
    ),
)
"""What is told where there is a store."""

JOURNAL: Final = (
    Figure.one(
        "acd_journal_lag_seconds",
        "How long the oldest entry has been waiting for the disk.",
    ),
    Figure.one("acd_journal_buffered_bytes", "About how much of the journal waits for the disk."),
    Figure.one(
        "acd_journal_dropped_entries_total",
        "Entries missing in the journal: the disk was full or too slow.",
        counts=True,
    ),
)
"""What is told where there is a journal."""


def book_gauges(books: Books, now: float) -> Iterator[Figure]:
    """Yield each metric with its value of ``now``."""
    writer, journal = books.writer, books.journal
    if writer is not None:
        values = [
            writer.lag,
            writer.pending,
            writer.spilled,
            writer.refused + writer.aside.count,
        ]
        yield from map(Figure.filled, STORE, values)
    if journal is not None:
        waiting_at = journal.waiting_at()
        lag = 0.0 if waiting_at is None else max(0.0, now - waiting_at)
        yield from map(Figure.filled, JOURNAL, [lag, journal.buffered_bytes, journal.dropped])
