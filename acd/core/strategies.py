"""In which order a queue takes the free agents: one key for each strategy, the lowest first.

An agent gets his keys when he becomes free, and they hold until he is taken. Ties go to whoever
has been idle longest. Weighted chance is exact and needs no draw when a call comes: an agent of
weight w waits for an exponential time of rate w on a clock of its own that stands at the key of
whoever was taken last; the first to "ring" is a weighted random choice, and because such a time
has no memory, those left over compete fairly with whoever comes later (Efraimidis and Spirakis,
Weighted random sampling with a reservoir, 2006).
"""

from collections.abc import Callable
from math import inf, log

from acd.core.agent import Agent
from acd.core.queue import Lane, Pool
from acd.core.queueplan import QueuePlan, Strategy

Chance = Callable[[], float]
"""A source of chance: above 0 and up to 1, each as likely."""

_OWN = frozenset({Strategy.ROUND_ROBIN, Strategy.ORDERED, Strategy.WEIGHTED_RANDOM})
"""These look at the queue itself, so each of its queues has a pool of its own in a lane."""

_PLAIN = frozenset({Strategy.LONGEST_IDLE, Strategy.RING_ALL, Strategy.RING_PROGRESSIVELY})


def pool_key(queue: QueuePlan) -> object:
    """Name the pool of a lane from which this queue takes its agents."""
    if queue.strategy in _OWN:
        return (queue.strategy, queue.id)
    return Strategy.LONGEST_IDLE if queue.strategy in _PLAIN else queue.strategy


def agent_key(queue: QueuePlan, lane: Lane, pool: Pool, agent: Agent, chance: Chance) -> float:
    """Return the agent's key in this pool; the lowest is taken first."""
    match queue.strategy:
        case Strategy.MOST_SKILLED:
            asked = (*lane.requirement.all_of, *lane.requirement.any_of)
            return -float(sum(agent.skills.get(need.skill, 0) for need in asked))
        case Strategy.LEAST_SKILLED:
            return len(agent.skills) * 1000.0 + sum(agent.skills.values())
        case Strategy.FEWEST_CALLS:
            return float(agent.calls_taken)
        case Strategy.LEAST_TALK_TIME:
            return agent.talk_seconds
        case Strategy.ROUND_ROBIN:
            return float(agent.offered_in.get(queue.id, 0))
        case Strategy.ORDERED:
            order = queue.agent_order
            return float(order.index(agent.id)) if agent.id in order else inf
        case Strategy.WEIGHTED_RANDOM:
            weight = queue.agent_weights.get(agent.id, 1.0)
            return pool.clock - log(chance()) / weight if weight > 0 else inf
        case _:
            return 0.0
