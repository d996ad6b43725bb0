"""What operators are told of the process at each scrape: its inbox, its clock, its books.

It must not know what an item is, nor who reads the figures.
"""

from collections.abc import Iterator
from typing import Final

from acd.bookgauges import book_gauges
from acd.books import Books
from acd.clock import Clock
from acd.gauges import Figure
from acd.inbox import Inbox

PROCESS: Final = (
    Figure.one(
        "acd_inbox_items",
        "What has come in and waits to be worked off: messages in parcels, requests, timers.",
    ),
    Figure.one(
        "acd_clock_drift_seconds",
        "The system's clock minus ours: over 0 when it was set ahead since the engine began.",
    ),
)


def engine_gauges(inbox: Inbox, clock: Clock, books: Books) -> Iterator[Figure]:
    """Yield each metric with its value of now."""
    values = (len(inbox.items), clock.drift_seconds())
    yield from map(Figure.filled, PROCESS, values)
    yield from book_gauges(books, clock.now())
