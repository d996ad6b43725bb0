"""How right it was what callers were told: the wait first told, beside the wait as it was.

Rules: one prediction a queue visit, the first, because later ones are easier. Only who is answered
tells how long he would have waited; who leaves is forgotten, so the answered are judged by
themselves. Nothing of it outlives the engine.
It must not know how an estimate is made.
"""

from typing import NamedTuple

from acd.core.ids import CallId, QueueId


class Kept(NamedTuple):
    """A wait that a caller was told and that came to its end."""

    predicted_seconds: float
    actual_seconds: float
    """From when he was told; never below 0."""


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

    def forget(self, call: CallId) -> None:
        """He has left the queue another way, or hung up."""
        self._told.pop(call, None)
