"""Agents' time, added up by what they said and what they did: the parts of occupancy.

Rules: a stretch is counted when it ends, and at each look up to that moment, so a page is never
behind. Who is seen for the first time (the engine has just begun, a reload brought him) counts from
when his state began, but not from before the engine did. A clock that was set back counts nothing.
It must not know who reads the sums.
"""

from collections.abc import Callable, Iterable

from acd.core.ids import AgentId
from acd.core.records import Activity, AgentState, AgentView, Presence

State = tuple[Presence, Activity]


class AgentTime:
    """Tells ``add`` of every stretch: state and seconds. ``began_at``: when the engine began."""

    def __init__(self, add: Callable[[State, float], None], began_at: float) -> None:
        self._add = add
        self._began_at = began_at
        self._known: dict[AgentId, tuple[State, float]] = {}

    def changed(self, agent: AgentId, state: State, at: float) -> None:
        """He is in this state from now on."""
        self._until(agent, at)
        self._known[agent] = (state, at)

    def seen(self, agents: Iterable[AgentState | AgentView], at: float) -> None:
        """This is how everybody is now; whoever is not among them is here no longer."""
        for agent in self._known:
            self._until(agent, at)
        known = {}
        for view in agents:
            state = (view.presence, view.activity)
            if view.agent not in self._known:
                self._add(state, max(0.0, at - max(view.since, self._began_at)))
            known[view.agent] = (state, at)
        self._known = known

    def _until(self, agent: AgentId, at: float) -> None:
        found = self._known.get(agent)
        if found is not None and at > found[1]:
            self._add(found[0], at - found[1])
