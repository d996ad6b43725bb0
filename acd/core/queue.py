"""Waiting calls: in the order of their queue (Line), and by what they ask for (Lane).

Calls stand in the order of their due time, which does not change as they wait. A Line knows every
call of one queue and its position. A Lane holds the calls of all queues that ask for the same and
the agents who satisfy it, free or not. Its calls are a heap whose entries may be stale: a call that
is ringing, gone or elsewhere. A stale entry is dropped when it comes up, which makes every change
O(log n) and needs no search. A caller who is just between two rounds of the
waiting room keeps his entry and is passed over for those milliseconds.

It must not know presence, devices or deadlines: whoever calls it says who is free.
"""

from bisect import bisect_left, insort
from collections.abc import Mapping
from heapq import heapify, heappop, heappush

from acd.core.call import Call
from acd.core.handling import MovingMean
from acd.core.ids import AgentId, PbxId, QueueId, SkillId
from acd.core.queueplan import OF_THE_QUEUE, QueuePlan, Requirement
from acd.core.records import CallState

CallEntry = tuple[float, int, Call]


class CallHeap:
    """Calls that may be served by the same agents, the earliest due first."""

    def __init__(self) -> None:
        self.entries: list[CallEntry] = []
        """A heap, and always this list; its first entry may be stale, and so too early."""
        self._gone = 0

    def add(self, call: Call) -> None:
        """Put a QUEUED call here; wherever it stood before, that entry is void from now on."""
        if call.heap is not self:
            call.heap = self
            heappush(self.entries, (call.due_at, call.sequence, call))

    def forget(self, call: Call) -> None:
        """The call will not come back here: its entry goes when it comes up, or at a cleaning."""
        if call.heap is self:
            call.heap = None
            self._gone += 1
            if self._gone > 64 and self._gone * 2 > len(self.entries):
                self.entries[:] = [entry for entry in self.entries if self._is_true(entry)]
                heapify(self.entries)
                self._gone = 0

    def first(self, live: set[PbxId]) -> Call | None:
        """Return the call to be served first among those that can be served now.

        Passed over, but kept: callers between two rounds of the waiting room, and those whose
        PBX is not ``live``.
        """
        entries = self.entries
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
        return [entry[2] for entry in self.entries if self._is_true(entry)]

    def __len__(self) -> int:
        return len(self.entries)


LaneKey = tuple[Requirement, QueueId | None]
"""What is asked for, and the queue whose reserve may be used, if it has one."""


class Lane:
    """The calls of all queues that ask for the same, and who may serve them."""

    def __init__(self, key: LaneKey) -> None:
        self.key = key
        self.requirement, self.reserve_of = key
        self.calls = CallHeap()
        self.agents: dict[AgentId, int] = {}
        """Who satisfies it, whatever they are doing, and the sum of his grades in what it asks."""

    def grade(self, skills: Mapping[SkillId, int]) -> int:
        """Return the sum of these grades in what the lane asks for."""
        asked = (*self.requirement.all_of, *self.requirement.any_of)
        return sum(skills.get(need.skill, 0) for need in asked)


class Shares(dict[Lane | None, float]):
    """Which part of those who serve another lane could serve this one too; of None, nobody.

    Each is worked out when it is first asked for, and true until somebody's skills change.
    """

    def __init__(self, lane: Lane) -> None:
        super().__init__({None: 0.0})
        self._lane = lane

    def __missing__(self, other: Lane | None) -> float:
        assert other is not None
        both = sum(agent in self._lane.agents for agent in other.agents)
        self[other] = both / len(other.agents) if other.agents else 0.0
        return self[other]


class Line:
    """One queue's callers, waiting or rung for, in their order."""

    def __init__(self, plan: QueuePlan) -> None:
        self.plan = plan
        self.entries: list[CallEntry] = []
        self.talks, self.wrap_ups = MovingMean(), MovingMean()

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
        """Return a due time just before whoever is at this position (1 is first), if anybody is.

        It is before all who are due at the very same time as he.
        """
        if not 1 <= position <= len(self.entries):
            return None
        at = self.entries[position - 1][0]
        first = bisect_left(self.entries, (at,))
        if first == 0:
            return at - 0.001
        return max(at - 0.001, (self.entries[first - 1][0] + at) / 2)

    def __len__(self) -> int:
        return len(self.entries)
