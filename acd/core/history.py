"""What explanations are made from: each agent's recent states, and the trails of ended calls.

A decision keeps only what was decided. Who else could have been taken, and why he was not, is
worked out when somebody asks, from the states that every agent was in at that moment; keeping
those costs one small entry a change instead of a list of all agents a decision.
"""

from bisect import bisect_right
from collections import OrderedDict, deque
from collections.abc import Iterator

import msgspec

from acd.core.ids import AgentId, CallId
from acd.core.records import Activity, TrailStep

CHANGES_KEPT = 256
"""For each agent; an explanation that reaches further back says that it does not know."""
ENDED_KEPT = 1000
"""Calls that have ended and can still be explained."""
FIRST_STEPS_KEPT = 20
LAST_STEPS_KEPT = 40
"""Of one call; what lies between is counted and forgotten."""


class Trail:
    """What was decided about one call, in order: how it began and what came last."""

    __slots__ = ("left_out", "steps")

    def __init__(self) -> None:
        self.steps: list[TrailStep] = []
        self.left_out = 0
        """Steps forgotten after the first ``FIRST_STEPS_KEPT``."""

    def append(self, step: TrailStep) -> None:
        """Add a step; when there are too many, the oldest but the first ones are forgotten."""
        steps = self.steps
        steps.append(step)
        if len(steps) > FIRST_STEPS_KEPT + LAST_STEPS_KEPT:
            gone = steps.pop(FIRST_STEPS_KEPT)
            following = steps[FIRST_STEPS_KEPT]
            steps[FIRST_STEPS_KEPT] = msgspec.structs.replace(
                following,
                asked=following.asked or gone.asked,
                queue=following.queue or gone.queue,
            )
            self.left_out += 1

    def __iter__(self) -> Iterator[TrailStep]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)


class AgentState(msgspec.Struct, frozen=True, gc=False):
    """How an agent stood from ``at`` on; ``why_not`` is empty when he could be rung."""

    at: float
    why_not: str
    until: float | None
    order: int
    """Changes of all agents are numbered: at one instant one comes before the other."""


class History:
    """The memory of one engine; it decides nothing."""

    def __init__(self) -> None:
        self.order = 0
        """The number of the last change of an agent."""
        self._agents: dict[AgentId, deque[AgentState]] = {}
        self._ended: OrderedDict[CallId, Trail] = OrderedDict()

    def note_agent(self, agent: AgentId, at: float, why_not: str, until: float | None) -> None:
        """Remember how the agent stands from now on, if that is new."""
        states = self._agents.get(agent)
        if states is None:
            states = self._agents[agent] = deque(maxlen=CHANGES_KEPT)
        if not states or states[-1].why_not != why_not or states[-1].until != until:
            self.order += 1
            states.append(AgentState(at, why_not, until, self.order))

    def agent_at(self, agent: AgentId, order: int) -> AgentState | None:
        """Return how the agent stood after the change of this number; None: not known any more."""
        states = self._agents.get(agent, ())
        index = bisect_right(states, order, key=lambda state: state.order) - 1
        return states[index] if index >= 0 else None

    def order_of_ring(self, agent: AgentId, at: float) -> int | None:
        """Return the number of the last change before this agent was rung; None: not known."""
        for state in reversed(self._agents.get(agent, ())):
            if state.at == at and state.why_not == Activity.RINGING.value:
                return state.order - 1
            if state.at < at:
                break
        return None

    def note_ended(self, call: CallId, trail: Trail) -> None:
        """Keep the trail of a call that is over."""
        self._ended[call] = trail
        if len(self._ended) > ENDED_KEPT:
            self._ended.popitem(last=False)

    def ended(self, call: CallId) -> Trail | None:
        """Return the trail of a call that ended not long ago, None when it is not known."""
        return self._ended.get(call)
