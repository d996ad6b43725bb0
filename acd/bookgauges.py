"""What operators are told of the books: how far the store is behind, and what got lost.

Asked of the writer and the journal themselves, at each scrape. Without a store or a journal there
is nothing to tell of it.
"""

from collections.abc import Iterator

from acd.books import Books
from acd.gauges import Figure


def book_gauges(books: Books) -> Iterator[Figure]:
    """Yield each metric with its value of now."""
    writer, journal = books.writer, books.journal
    if writer is not None:
        text = "How long the oldest record that is not durable has been waiting."
        yield _one("store_lag_seconds", text, writer.lag)
        yield _one("store_pending_records", "Records that are in memory only.", writer.pending)
        text = "Records that are durable in the spill file and not yet in the store."
        yield _one("store_spilled_records", text, writer.spilled)
        text = "Records not kept: no room in memory, or set aside because the store refused them."
        refused = writer.refused + writer.aside.count
        yield _one("store_refused_records", text, refused, counts=True)
    if journal is not None:
        text = "Entries missing in the journal: the disk was full or too slow."
        yield _one("journal_dropped_entries", text, journal.dropped, counts=True)
        text = "About how much of the journal waits for the disk."
        yield _one("journal_buffered_bytes", text, journal.buffered_bytes)


def _one(name: str, text: str, value: float, *, counts: bool = False) -> Figure:
    return Figure(f"acd_{name}", text, (), [((), value)], counts)
