"""What operators are told of the process at each scrape: inbox, clock, readers, books.

It must not know what an item is, nor who reads the figures.
"""

from collections.abc import Iterator
from typing import Final, Protocol

from acd.bookgauges import book_gauges
from acd.books import Books
from acd.clock import Clock
from acd.gauges import Figure
from acd.inbox import Inbox
from acd.live import Touched

PROCESS: Final = (
    Figure.one(
        "acd_inbox_items",
        "What has come in and waits to be worked off: messages in parcels, requests, timers.",
    ),
    Figure.one(
        "acd_clock_drift_seconds",
        "The system's clock minus ours: over 0 when it was set ahead since the engine began.",
    ),
    Figure.one("acd_stream_readers", "Who reads the live stream now."),
    Figure.one(
        "acd_stream_cut_off_total",
        "Readers of the stream who were cut off: they did not read, or may not any more.",
        counts=True,
    ),
)


class Shown(Protocol):
    """What knows who looks at what is live: ``acd.reports.Reports``."""

    touched: Touched


def engine_gauges(inbox: Inbox, clock: Clock, books: Books, shown: Shown) -> Iterator[Figure]:
    """Yield each metric with its value of now."""
    live = shown.touched
    values = (len(inbox.items), clock.drift_seconds(), live.readers, live.cut_off)
    yield from map(Figure.filled, PROCESS, values)
    yield from book_gauges(books, clock.now())
