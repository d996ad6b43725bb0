"""Waiting calls: in the order of their queue (Line), and by what they ask for (Lane).

Calls stand in the order of their due time, which does not change as they wait. A Line knows every
call of one queue and its position. A Lane holds the calls of all queues that ask for the same and
the free agents who satisfy it. Lanes are heaps whose entries may be stale: a call that is ringing,
gone or elsewhere, an agent who is no longer free. A stale entry is dropped when it comes up, which
makes every change O(log n) and needs no search. A caller who is just between two rounds of the
waiting room keeps his entry and is passed over for those milliseconds.

It must not know presence, devices or deadlines: whoever calls it says who is free.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator
from heapq import heapify, heappop, heappush

from acd.core.call import Call
from acd.core.ids import AgentId, PbxId, QueueId
from acd.core.queueplan import OF_THE_QUEUE, Exit, QueuePlan, Requirement
from acd.core.records import CallState

CallEntry = tuple[float, int, Call]


class CallHeap:
    """Calls that may be served by the same agents, the earliest due first."""

    def __init__(self) -> None:
        self._entries: list[CallEntry] = []
        self._gone = 0

    def add(self, call: Call) -> None:
        """Put a QUEUED call here; wherever it stood before, that entry is void from now on."""
        if call.heap is not self:
            call.heap = self
            heappush(self._entries, (call.due_at, call.sequence, call))

    def forget(self, call: Call) -> None:
        """The call will not come back here: its entry goes when it comes up, or at a cleaning."""
        if call.heap is self:
            call.heap = None
            self._gone += 1
            if self._gone > 64 and self._gone * 2 > len(self._entries):
                self._entries = [entry for entry in self._entries if self._is_true(entry)]
                heapify(self._entries)
                self._gone = 0

    def first(self, live: set[PbxId]) -> Call | None:
        """Return the call to be served first among those that can be served now.

        Passed over, but kept: callers between two rounds of the waiting room, and those whose
        PBX is not ``live``.
        """
        entries = self._entries
        if not entries:
            return None
        passed_over: list[CallEntry] = []
        found: Call | None = None
        while entries:
            entry = entries[0]
            call = entry[2]
            if call.heap is not self or entry[1] != call.sequence or entry[0] != call.due_at:
                heappop(entries)
            elif call.state is not CallState.QUEUED:
                heappop(entries)
                call.heap = None
            elif call.in_room and call.pbx in live:
                found = call
                break
            else:
                passed_over.append(heappop(entries))
        for entry in passed_over:
            heappush(entries, entry)
        return found

    def _is_true(self, entry: CallEntry) -> bool:
        due_at, sequence, call = entry
        return call.heap is self and sequence == call.sequence and due_at == call.due_at

    def each(self) -> list[Call]:
        """Return the calls that stand here, in no order."""
        return [entry[2] for entry in self._entries if self._is_true(entry)]

    def __len__(self) -> int:
        return len(self._entries)


AgentEntry = tuple[float, float, int, AgentId]


class Pool:
    """The free agents of one lane, in the order in which one strategy takes them."""

    def __init__(self, queue: QueuePlan) -> None:
        self.queue = queue
        """A queue that takes its agents from here; all that do take them in the same order."""
        self._entries: list[AgentEntry] = []
        self.clock = 0.0
        """Weighted chance: the key of who was taken last (see acd.core.strategies)."""

    def add(self, key: float, idle_since: float, freed: int, agent: AgentId) -> None:
        """Put a free agent in his place; ``freed`` numbers this freedom of his."""
        heappush(self._entries, (key, idle_since, freed, agent))

    def in_order(self, free: dict[AgentId, tuple[float, int]]) -> Iterator[tuple[float, AgentId]]:
        """Yield (key, agent) of those who are free, first to be taken first; stop when served."""
        entries = self._entries
        passed_over: list[AgentEntry] = []
        try:
            while entries:
                key, idle_since, freed, agent = entries[0]
                if free.get(agent) != (idle_since, freed):
                    heappop(entries)
                    continue
                yield key, agent
                passed_over.append(heappop(entries))
        finally:
            for entry in passed_over:
                heappush(entries, entry)

    def trim(self, free: dict[AgentId, tuple[float, int]]) -> None:
        """Drop stale entries when they outnumber the true ones by far."""
        if len(self._entries) > 64 and len(self._entries) > 4 * (len(free) + 1):
            self._entries = [e for e in self._entries if free.get(e[3]) == (e[1], e[2])]
            heapify(self._entries)


LaneKey = tuple[Requirement, QueueId | None]
"""What is asked for, and the queue whose reserve may be used, if it has one."""


class Lane:
    """The calls of all queues that ask for the same, and who may serve them."""

    def __init__(self, key: LaneKey) -> None:
        self.key = key
        self.requirement, self.reserve_of = key
        self.calls = CallHeap()
        self.agents: dict[AgentId, None] = {}
        """Who satisfies it, whatever they are doing; in the plan's order."""
        self.pools: dict[object, Pool] = {}
        """One for each way in which its queues choose an agent (acd.core.strategies)."""


class Line:
    """One queue's callers, waiting or rung for, in their order."""

    def __init__(self, plan: QueuePlan) -> None:
        self.plan = plan
        self.entries: list[CallEntry] = []
        self.empty_since: dict[Exit, float] = {}
        """Since when the rules for a queue without agents have held."""
        self.talk_mean_seconds = 0.0
        self.wrap_up_mean_seconds = 0.0
        """Moving means of what was measured, 0 before the first (acd.core.estimate)."""

    @property
    def id(self) -> QueueId:
        """The queue's name."""
        return self.plan.id

    def is_watched(self) -> bool:
        """Tell whether it has rules that hang on the queue and hold for those who wait."""
        return any(
            rule.while_waiting and rule.condition in OF_THE_QUEUE for rule in self.plan.exits
        )

    def add(self, call: Call) -> None:
        """Put a call in its place; it must not be in it."""
        insort(self.entries, (call.due_at, call.sequence, call))

    def remove(self, call: Call) -> None:
        """Take a call out; nothing happens when it is not in it."""
        index = bisect_left(self.entries, (call.due_at, call.sequence))
        if index < len(self.entries) and self.entries[index][2] is call:
            del self.entries[index]

    def position(self, call: Call) -> int:
        """Return the call's place, 1 for the first."""
        return bisect_left(self.entries, (call.due_at, call.sequence)) + 1

    def count_before(self, due_at: float, sequence: int) -> int:
        """Return how many calls stand before this place."""
        return bisect_left(self.entries, (due_at, sequence))

    def due_before(self, position: int) -> float | None:
        """Return a due time just before whoever is at this position (1 is first), if anybody is."""
        if not 1 <= position <= len(self.entries):
            return None
        at = self.entries[position - 1][0]
        if position == 1:
            return at - 0.001
        before = self.entries[position - 2][0]
        return before if before == at else max(before, at - 0.001)

    def __len__(self) -> int:
        return len(self.entries)
