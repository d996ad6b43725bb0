"""How right the estimated wait was: what was predicted, beside the wait as it was.

Of two kinds. What callers were *told*: one prediction a queue visit, the first, because later ones
are easier; only who is answered tells how long he would have waited, so the answered are judged by
themselves. And *samples*, for all the others: the estimate that a scrape shows of a queue, beside
the wait of the first caller who joins after it, told or not. An estimate for each call that comes
would cost the engine several times what queueing him does; a sample costs nothing, because the
estimate is made for the page. Who leaves is a sample of its own kind: that he left tells only that
the wait would have been at least as long.

Nothing of it outlives the engine. It must not know how an estimate is made.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from acd.core.ids import CallId, QueueId
from acd.core.records import QueueView

FRESH_SECONDS: Final = 5.0
"""For so long an estimate is good for whoever joins next."""


class Kept(NamedTuple):
    """A wait that was predicted and came to its end."""

    predicted_seconds: float
    actual_seconds: float
    """From when it was predicted; never below 0."""


class Predictions:
    """Those of living calls, at most one each."""

    def __init__(self) -> None:
        self._told: dict[CallId, tuple[QueueId, float, float]] = {}

    def __len__(self) -> int:
        return len(self._told)

    def told(self, call: CallId, queue: QueueId, at: float, seconds: float) -> None:
        """A caller is told how long he will still wait in the queue."""
        before = self._told.get(call)
        if before is None or before[0] != queue:
            self._told[call] = (queue, at, seconds)

    def answered(self, call: CallId, queue: QueueId, at: float) -> Kept | None:
        """Return what he was told in this queue and what came of it; None when he was not told."""
        found = self._told.pop(call, None)
        if found is None or found[0] != queue:
            return None
        return Kept(found[2], max(0.0, at - found[1]))

    def left(self, call: CallId, at: float) -> tuple[QueueId, Kept] | None:
        """He has left the queue another way, or hung up; return the queue and how long that took.

        None when he was not told anything, as after his answer.
        """
        found = self._told.pop(call, None)
        return None if found is None else (found[0], Kept(found[2], max(0.0, at - found[1])))


class Samples(Predictions):
    """Predictions for the first callers who join queues after a look."""

    def __init__(self) -> None:
        super().__init__()
        self._next: dict[QueueId, tuple[float, float]] = {}

    def looked(self, queues: Iterable[QueueView], at: float) -> None:
        """This is how long who joined now would wait."""
        self._next = {
            view.queue: (at, view.estimate_seconds)
            for view in queues
            if view.estimate_seconds is not None
        }

    def joined(self, call: CallId, queue: QueueId, at: float) -> None:
        """A caller has joined the queue; he is a sample if he is the first and came soon enough."""
        found = self._next.pop(queue, None)
        if found is not None and at - found[0] <= FRESH_SECONDS:
            self.told(call, queue, at, found[1])
