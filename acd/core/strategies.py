"""Whom a queue takes of the free agents: each strategy, and what makes the choice cheap.

Free agents stand in a few sorted lists, one for each strategy whose order is the same for every
queue; a call takes the first in its list who fits. Where few can serve a call at all, these are
looked at instead, one by one, and so they are by the strategies whose order depends on the queue.
Either way the cost follows from how many fit, not from how many agents there are.

Ties go to whoever has been idle longest.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from acd.core.agent import Agent
from acd.core.ids import AgentId
from acd.core.queue import Lane
from acd.core.queueplan import QueuePlan, Strategy

Chance = Callable[[], float]
"""A source of chance: above 0 and up to 1, each as likely."""

May = Callable[[AgentId], bool]
"""Whether no reserve holds this free agent back from the call."""

Entry = tuple[float, float, int, AgentId]
"""The key of a strategy, idle since, the number of this freedom, and the agent."""

DRAWS: Final = 64
"""So often somebody is drawn by chance before all who fit are looked at."""

SORTED: Final[Mapping[Strategy, Callable[[Agent], float]]] = {
    Strategy.LONGEST_IDLE: lambda agent: 0.0,
    Strategy.LEAST_SKILLED: lambda agent: len(agent.skills) * 1000.0 + sum(agent.skills.values()),
    Strategy.FEWEST_CALLS: lambda agent: float(agent.calls_taken),
    Strategy.LEAST_TALK_TIME: lambda agent: agent.talk_seconds,
}
"""The strategies whose order is the same for every queue; a key holds while its agent is free."""


class FreeAgents:
    """The free agents in the orders that the plan's queues use."""

    def __init__(self, agents: Mapping[AgentId, Agent], used: set[Strategy]) -> None:
        self._agents = agents
        self._orders: dict[Strategy, list[Entry]] = {
            strategy: [] for strategy in SORTED if strategy in used
        }
        self._orders[Strategy.LONGEST_IDLE] = []
        self._entries: dict[AgentId, list[tuple[list[Entry], Entry]]] = {}

    def add(self, agent: Agent, freed: int) -> None:
        """Put in an agent who has become free; ``freed`` numbers this freedom of his."""
        self.remove(agent.id)
        entries = self._entries[agent.id] = []
        for strategy, order in self._orders.items():
            entry = (SORTED[strategy](agent), agent.idle_since, freed, agent.id)
            insort(order, entry)
            entries.append((order, entry))

    def remove(self, agent: AgentId) -> None:
        """Take out an agent who is free no longer; nothing happens when he is not in."""
        for order, entry in self._entries.pop(agent, ()):
            del order[bisect_left(order, entry)]

    def clear(self) -> None:
        """Take out everybody."""
        self._entries.clear()
        for order in self._orders.values():
            order.clear()

    def choose(self, lane: Lane, queue: QueuePlan, may: May, chance: Chance) -> Agent | None:
        """Return whom the queue takes for a call of this lane, None when nobody is free for it."""
        agent = self._choose(lane, queue, may, chance)
        return self._agents[agent] if agent is not None else None

    def _choose(self, lane: Lane, queue: QueuePlan, may: May, chance: Chance) -> AgentId | None:
        match queue.strategy:
            case Strategy.MOST_SKILLED:
                return self._least(lane, may, lambda agent: -lane.agents[agent])
            case Strategy.ROUND_ROBIN:
                agents = self._agents
                return self._least(lane, may, lambda one: agents[one].offered_in.get(queue.id, 0))
            case Strategy.ORDERED:
                for agent in queue.agent_order:
                    if agent in self._entries and agent in lane.agents and may(agent):
                        return agent
                return self._first(lane, Strategy.LONGEST_IDLE, may)
            case Strategy.WEIGHTED_RANDOM:
                return self._drawn(lane, queue, may, chance)
            case strategy if strategy in self._orders:
                return self._first(lane, strategy, may)
            case _:
                return self._first(lane, Strategy.LONGEST_IDLE, may)

    def _first(self, lane: Lane, strategy: Strategy, may: May) -> AgentId | None:
        """Return the first in a strategy's order who fits."""
        order = self._orders[strategy]
        fitting = lane.agents
        if len(fitting) ** 2 <= len(order):
            # So few fit that they are found sooner one by one.
            key = SORTED[strategy]
            return self._least(lane, may, lambda agent: key(self._agents[agent]))
        for _, _, _, agent in order:
            if agent in fitting and may(agent):
                return agent
        return None

    def _least(self, lane: Lane, may: May, key: Callable[[AgentId], float]) -> AgentId | None:
        """Look at all who fit; return the one with the lowest key."""
        best: Entry | None = None
        for agent, entry in self._fitting(lane, may):
            found = (key(agent), entry[1], entry[2], agent)
            if best is None or found < best:
                best = found
        return best[3] if best is not None else None

    def _drawn(self, lane: Lane, queue: QueuePlan, may: May, chance: Chance) -> AgentId | None:
        """Draw one who fits, in proportion to his weight; whose weight is 0 comes last."""
        order = self._orders[Strategy.LONGEST_IDLE]
        weights = queue.agent_weights
        most = max((1.0, *weights.values()))
        if len(lane.agents) * 4 > len(order) > DRAWS:
            # Drawn from all free agents until one fits and his weight is hit: the same chances.
            for _ in range(DRAWS):
                agent = order[min(int(chance() * len(order)), len(order) - 1)][3]
                fits = agent in lane.agents and may(agent)
                if fits and chance() * most <= weights.get(agent, 1.0):
                    return agent
        fitting = [agent for agent, _ in self._fitting(lane, may)]
        total = sum(weights.get(agent, 1.0) for agent in fitting)
        if total <= 0.0:
            return self._first(lane, Strategy.LONGEST_IDLE, may)
        mark = chance() * total
        for agent in fitting:
            weight = weights.get(agent, 1.0)
            mark -= weight
            if mark <= 0.0 and weight > 0.0:
                return agent
        return next(agent for agent in reversed(fitting) if weights.get(agent, 1.0) > 0.0)

    def _fitting(self, lane: Lane, may: May) -> Iterator[tuple[AgentId, Entry]]:
        entries = self._entries
        if len(entries) < len(lane.agents):
            for agent, found in entries.items():
                if agent in lane.agents and may(agent):
                    yield agent, found[0][1]
            return
        for agent in lane.agents:
            mine = entries.get(agent)
            if mine is not None and may(agent):
                yield agent, mine[0][1]

    def __contains__(self, agent: object) -> bool:
        return agent in self._entries

    def __len__(self) -> int:
        return len(self._entries)
