"""Counts what the engine knows, a little at a time.

A scrape wants each queue's estimated wait, and each asks what all who could serve it are doing: in
a large centre that is more than calls should have to wait for. So the estimates are asked for some
queues at a time, between which the event loop runs; everything else is of the one moment at which
the last piece is taken. An estimate of some hundredths of a second ago is as good as any.

It must not know who wants to know.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final, Protocol

from acd.core.ids import QueueId
from acd.core.records import Census, Estimates

_QUEUES_AT_ONCE: Final = 10


class Known(Protocol):
    """What can be counted: an engine."""

    def queues(self) -> tuple[QueueId, ...]:
        """Those there are."""

    def estimates(self, now: float, queues: Iterable[QueueId]) -> Estimates:
        """How long who joined these queues now would wait."""

    def census(self, now: float, known: Estimates) -> Census:
        """Everything else, at one moment."""


def taken(engine: Known, now: Callable[[], float]) -> Iterator[Census | None]:
    """Yield None whenever others may have their turn, and at last the census."""
    known: dict[QueueId, float | None] = {}
    queues = iter(engine.queues())
    while some := tuple(islice(queues, _QUEUES_AT_ONCE)):
        known.update(engine.estimates(now(), some))
        yield None
    yield engine.census(now(), known)
