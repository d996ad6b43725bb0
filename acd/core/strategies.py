"""Whom a queue takes of the free agents: each strategy, and what makes the choice cheap.

Free agents stand in a few sorted lists, one for each strategy whose order is the same for every
queue; a call takes the first in its list who fits, if he stands near its beginning. Otherwise those
who fit are compared with each other, and so they are by the strategies whose order depends on the
queue. Nobody stands in a list of every lane he could serve: that would cost him most when he
becomes free, which is when it matters.

Ties go to whoever has been idle longest.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from acd.core.agent import Agent
from acd.core.ids import AgentId, SkillId
from acd.core.queue import Lane
from acd.core.queueplan import QueuePlan, Strategy

Chance = Callable[[], float]
"""A source of chance: above 0 and up to 1, each as likely."""

May = Callable[[AgentId], bool] | None
"""Whether no reserve holds this free agent back from the call; None where there is none."""

Entry = tuple[float, float, int, AgentId]
"""The key of a strategy, idle since, the number of this freedom, and the agent."""

LOOKED_AT: Final = 16
"""So many are looked at in a strategy's order before those who fit are compared with each other:
who stands first for long is often one whom few calls can use."""

DRAWS: Final = 64
"""So often somebody is drawn by chance before all who fit are looked at."""

SORTED: Final[Mapping[Strategy, Callable[[Agent], float]]] = {
    Strategy.LONGEST_IDLE: lambda agent: 0.0,
    Strategy.LEAST_SKILLED: lambda agent: len(agent.skills) * 1000.0 + sum(agent.skills.values()),
    Strategy.FEWEST_CALLS: lambda agent: float(agent.calls_taken),
    Strategy.LEAST_TALK_TIME: lambda agent: agent.talk_seconds,
}
"""The strategies whose order is the same for every queue; a key holds while its agent is free."""


class Order:
    """The free agents by the key of one strategy."""

    def __init__(self, key: Callable[[Agent], float]) -> None:
        self.sorted: list[Entry] = []
        self.entries: dict[AgentId, Entry] = {}
        self._key = key

    def add(self, agent: Agent, freed: int) -> None:
        """Put the agent in his place, instead of where he stood."""
        self.remove(agent.id)
        entry = self.entries[agent.id] = (self._key(agent), agent.idle_since, freed, agent.id)
        insort(self.sorted, entry)

    def remove(self, agent: AgentId) -> None:
        """Take the agent out; nothing happens when he is not in."""
        entry = self.entries.pop(agent, None)
        if entry is not None:
            del self.sorted[bisect_left(self.sorted, entry)]


class FreeAgents:
    """The agents who can be rung now, in the orders in which the plan's queues take them."""

    def __init__(self, agents: Mapping[AgentId, Agent], used: set[Strategy]) -> None:
        self._agents = agents
        self._orders: dict[Strategy, Order] = {
            strategy: Order(key)
            for strategy, key in SORTED.items()
            if strategy in used or strategy is Strategy.LONGEST_IDLE
        }
        self._idle = self._orders[Strategy.LONGEST_IDLE]
        self._with_skill: dict[SkillId, dict[AgentId, None]] = {}

    def add(self, agent: Agent, freed: int) -> None:
        """Put in an agent who has become free; ``freed`` numbers this freedom of his."""
        self.remove(agent.id)
        for order in self._orders.values():
            order.add(agent, freed)
        for skill in agent.skills:
            self._with_skill.setdefault(skill, {})[agent.id] = None

    def remove(self, agent: AgentId) -> None:
        """Take out an agent who is free no longer; nothing happens when he is not in."""
        if agent in self:
            for order in self._orders.values():
                order.remove(agent)
            for skill in self._agents[agent].skills:
                self._with_skill.get(skill, {}).pop(agent, None)

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
                    if agent in self and agent in lane.agents and (may is None or may(agent)):
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
        for index in range(min(LOOKED_AT, len(order.sorted))):
            agent = order.sorted[index][3]
            if agent in fitting and (may is None or may(agent)):
                return agent
        found = min(map(order.entries.__getitem__, self._fitting(lane, may)), default=None)
        return found[3] if found is not None else None

    def _least(self, lane: Lane, may: May, key: Callable[[AgentId], float]) -> AgentId | None:
        """Look at all who fit; return the one with the lowest key."""
        idle = self._idle.entries
        found = min(((key(one), *idle[one][1:]) for one in self._fitting(lane, may)), default=None)
        return found[3] if found is not None else None

    def _drawn(self, lane: Lane, queue: QueuePlan, may: May, chance: Chance) -> AgentId | None:
        """Draw one who fits, in proportion to his weight; whose weight is 0 comes last."""
        order = self._idle.sorted
        weights = queue.agent_weights
        most = max((1.0, *weights.values()))
        if len(lane.agents) * 4 > len(order) > DRAWS:
            # Drawn from all free agents until one fits and his weight is hit: the same chances.
            for _ in range(DRAWS):
                agent = order[min(int(chance() * len(order)), len(order) - 1)][3]
                fits = agent in lane.agents and (may is None or may(agent))
                if fits and chance() * most <= weights.get(agent, 1.0):
                    return agent
        found = sorted(map(self._idle.entries.__getitem__, self._fitting(lane, may)))
        fitting = [entry[3] for entry in found]
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

    def _fitting(self, lane: Lane, may: May) -> set[AgentId]:
        """Return all who are free and fit, in no order; the cost is that of the fewest."""
        few: Mapping[AgentId, object] = self._idle.entries
        for need in lane.requirement.all_of:
            having = self._with_skill.get(need.skill, {})
            if len(having) < len(few):
                few = having
        fitting = lane.agents.keys()
        if any_of := lane.requirement.any_of:
            groups = [self._with_skill.get(need.skill, {}) for need in any_of]
            if sum(map(len, groups)) < len(few):
                few = {agent: None for one in groups for agent in one}
        found = few.keys() & fitting
        return found if may is None else {agent for agent in found if may(agent)}

    def idle_order(self, agent: AgentId) -> tuple[float, int]:
        """Return since when a free agent is idle, and what breaks ties; the least comes first."""
        _, idle_since, freed, _ = self._idle.entries[agent]
        return idle_since, freed

    def __contains__(self, agent: object) -> bool:
        return agent in self._idle.entries

    def __iter__(self) -> Iterator[AgentId]:
        return iter(self._idle.entries)

    def __len__(self) -> int:
        return len(self._idle.entries)
