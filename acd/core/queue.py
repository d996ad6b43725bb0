"""A lane: the calls that wait with the same needs, and the free agents who satisfy them.

Calls stand in the order of their due time, which does not change as they wait; free agents in
the order of how long they have been idle. Both are heaps whose entries may be stale: a call that
is ringing or gone, an agent who is no longer free. A stale entry is dropped when it comes up,
which makes every change O(log n) and needs no search. A caller who is just between two rounds of
the waiting room keeps his entry and is passed over for those milliseconds.

It must not know presence, devices or deadlines: whoever calls it says who is free.
"""

from heapq import heapify, heappop, heappush

from acd.core.call import Call
from acd.core.ids import AgentId, PbxId, QueueId
from acd.core.plan import AgentPlan, QueuePlan
from acd.core.records import CallState


def satisfies(agent: AgentPlan, queue: QueuePlan) -> bool:
    """Tell whether the agent has every skill the queue needs, at the grade it needs."""
    return queue.requirement.met_by(agent.skills)


class Lane:
    """One queue's waiting calls and the free agents who may serve them."""

    def __init__(self, plan: QueuePlan) -> None:
        self.plan = plan
        self._calls: list[tuple[float, int, Call]] = []
        self._agents: list[tuple[float, int, AgentId]] = []

    @property
    def id(self) -> QueueId:
        """The queue's name."""
        return self.plan.id

    def add_call(self, call: Call) -> None:
        """Put a QUEUED call in its place; a call that is already there is left alone."""
        if not call.in_heap:
            call.in_heap = True
            heappush(self._calls, (call.due_at, call.sequence, call))

    def first_call(self, live: set[PbxId]) -> Call | None:
        """Return the call to be served first among those that can be served now.

        Passed over, but kept: callers between two rounds of the waiting room, and those whose
        PBX is not ``live``.
        """
        heap = self._calls
        passed_over: list[tuple[float, int, Call]] = []
        found: Call | None = None
        while heap:
            _, sequence, call = heap[0]
            if call.sequence != sequence:
                # He has left the queue and entered one again: this was his old place.
                heappop(heap)
            elif call.state is not CallState.QUEUED:
                heappop(heap)
                call.in_heap = False
            elif call.in_room and call.pbx in live:
                found = call
                break
            else:
                passed_over.append(heappop(heap))
        for entry in passed_over:
            heappush(heap, entry)
        return found

    def add_agent(self, agent: AgentId, idle_since: float, sequence: int) -> None:
        """Put a free agent in line, by how long he has been idle; ``sequence`` breaks ties."""
        heappush(self._agents, (idle_since, sequence, agent))

    def longest_idle(self, free: dict[AgentId, tuple[float, int]]) -> AgentId | None:
        """Return the free agent idle longest, or None; ``free`` tells which entries are true."""
        heap = self._agents
        while heap and free.get(heap[0][2]) != heap[0][:2]:
            heappop(heap)
        return heap[0][2] if heap else None

    def trim(self, free: dict[AgentId, tuple[float, int]]) -> None:
        """Drop stale agents' entries when they outnumber the true ones by far."""
        if len(self._agents) > 64 and len(self._agents) > 4 * (len(free) + 1):
            self._agents = [e for e in self._agents if free.get(e[2]) == e[:2]]
            heapify(self._agents)
