"""What explanations are made from: each agent's recent states, and the trails of ended calls.

A decision keeps only what was decided. Who else could have been taken, and why he was not, is
worked out when somebody asks, from the states that every agent was in at that moment; keeping
those costs one small entry a change instead of a list of all agents a decision.
"""

from bisect import bisect_right
from collections import OrderedDict, deque

import msgspec

from acd.core.ids import AgentId, CallId
from acd.core.records import TrailStep

CHANGES_KEPT = 256
"""For each agent; an explanation that reaches further back says that it does not know."""
ENDED_KEPT = 1000
"""Calls that have ended and can still be explained."""


class AgentState(msgspec.Struct, frozen=True, gc=False):
    """How an agent stood from ``at`` on; ``why_not`` is empty when he could be rung."""

    at: float
    why_not: str
    until: float | None = None


class History:
    """The memory of one engine; it decides nothing."""

    def __init__(self) -> None:
        self._agents: dict[AgentId, deque[AgentState]] = {}
        self._ended: OrderedDict[CallId, tuple[TrailStep, ...]] = OrderedDict()

    def note_agent(self, agent: AgentId, at: float, why_not: str, until: float | None) -> None:
        """Remember how the agent stands from now on, if that is new."""
        states = self._agents.get(agent)
        if states is None:
            states = self._agents[agent] = deque(maxlen=CHANGES_KEPT)
        if not states or states[-1].why_not != why_not or states[-1].until != until:
            states.append(AgentState(at, why_not, until))

    def agent_at(self, agent: AgentId, at: float) -> AgentState | None:
        """Return how the agent stood at a moment, just before what happened then; None: unknown."""
        states = self._agents.get(agent)
        if not states:
            return None
        index = bisect_right([state.at for state in states], at) - 1
        while index > 0 and states[index].at == at:
            index -= 1
        return states[index] if index >= 0 else None

    def note_ended(self, call: CallId, trail: list[TrailStep]) -> None:
        """Keep the trail of a call that is over."""
        self._ended[call] = tuple(trail)
        if len(self._ended) > ENDED_KEPT:
            self._ended.popitem(last=False)

    def ended(self, call: CallId) -> tuple[TrailStep, ...] | None:
        """Return the trail of a call that ended not long ago, None when it is not known."""
        return self._ended.get(call)
