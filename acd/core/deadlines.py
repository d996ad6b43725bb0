"""Everything that is due at some time, in one order, with one answer to "when is the next".

A deadline is named by a key; setting a key again moves it. Two that are due at the same instant
come in the order in which they were set, so that a replay sees the same order.
"""

from collections.abc import Hashable, Iterator
from heapq import heapify, heappop, heappush
from math import inf
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Deadlines(Generic[K]):
    """Deadlines by key; times are seconds on the clock that ``now`` comes from."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, K]] = []
        self._valid: dict[K, int] = {}
        self._count = 0
        self.earliest = inf
        """Nothing is due before this. It may be too early, never too late, and costs nothing."""

    def set(self, key: K, at: float) -> None:
        """Make ``key`` due at ``at``, instead of whenever it was due before."""
        self._count += 1
        self._valid[key] = self._count
        heappush(self._heap, (at, self._count, key))
        if at < self.earliest:
            self.earliest = at
        if len(self._heap) > 64 and len(self._heap) > 4 * len(self._valid):
            self._heap = [entry for entry in self._heap if self._valid.get(entry[2]) == entry[1]]
            heapify(self._heap)

    def clear(self, key: K) -> None:
        """Forget ``key``; nothing happens when it was not set."""
        self._valid.pop(key, None)

    def next(self) -> float | None:
        """Return when the earliest deadline is due, or None when there is none."""
        heap = self._heap
        valid = self._valid
        while heap:
            at, count, key = heap[0]
            if valid.get(key) == count:
                self.earliest = at
                return at
            heappop(heap)
        self.earliest = inf
        return None

    def due(self, now: float) -> Iterator[K]:
        """Yield and forget each key that is due by ``now``; keys set meanwhile are seen too."""
        while self.earliest <= now and (at := self.next()) is not None and at <= now:
            _, _, key = heappop(self._heap)
            del self._valid[key]
            yield key

    def __contains__(self, key: object) -> bool:
        return key in self._valid

    def __len__(self) -> int:
        return len(self._valid)
