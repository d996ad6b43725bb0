"""How long a caller will still wait, honestly: from his position and what the agents are doing.

Theory: every agent who could take the call and has not said "not ready" is free at some moment:
now, or when what is left of his talk and wrap-up is over. The calls before this one take the
earliest of those moments in their order, and each takes its agent for one mean handle time; the
moment that is left for this call is the estimate. Beyond a few rounds of all agents the rest is
one handle time a round, so the cost does not grow with the queue.

Nothing is known before the first talk of a queue has ended; then there is no estimate rather than
a wrong one. app_queue's "mean minus waited" is not used: it says the same to the first and the
twentieth caller, and rises for who waits long.
"""

from heapq import heapify, heapreplace

from acd.core.agent import Agent
from acd.core.call import Call
from acd.core.floor import Floor
from acd.core.queue import Lane, Line
from acd.core.records import Activity, Presence

WEIGHT = 1 / 16
"""Of the newest value in a moving mean."""

ROUNDS = 4
"""So many calls for each agent are followed one by one."""


def moving_mean(mean: float, value: float) -> float:
    """Return the mean with one more value in it; the first value is the mean."""
    return value if mean == 0.0 else mean + (value - mean) * WEIGHT


def estimate_seconds(floor: Floor, call: Call, now: float) -> float | None:
    """Return how long the call will still wait from now, None when nobody can know."""
    if call.queue is None:
        return None
    return _estimate(floor, call, floor.lines[call.queue], floor.lane_of(call), now)


def estimate_for_next_seconds(floor: Floor, line: Line, now: float) -> float | None:
    """Return how long somebody who joined the queue now would wait, None when nobody knows."""
    return _estimate(floor, None, line, floor.lane_for(line.plan, line.plan.requirement), now)


def _estimate(floor: Floor, call: Call | None, line: Line, lane: Lane, now: float) -> float | None:
    handle_seconds = line.talk_mean_seconds + line.wrap_up_mean_seconds
    agents = [
        floor.agents[agent]
        for agent in lane.agents
        if floor.agents[agent].presence is Presence.READY
    ]
    if handle_seconds == 0.0 or not agents:
        return None
    free_in = [_free_in_seconds(floor, agent, now) for agent in agents]
    heapify(free_in)
    ahead = round(_calls_ahead(floor, call, line, lane))
    one_by_one = min(ahead, ROUNDS * len(agents))
    for _ in range(one_by_one):
        heapreplace(free_in, free_in[0] + handle_seconds)
    return free_in[0] + (ahead - one_by_one) * handle_seconds / len(agents)


def _free_in_seconds(floor: Floor, agent: Agent, now: float) -> float:
    """Return in how long an agent who is ready will probably be free."""
    if agent.activity is Activity.IDLE or agent.queue is None:
        return max(0.0, agent.skipped_until - now)
    line = floor.lines[agent.queue]
    elapsed = now - agent.since
    if agent.activity is Activity.WRAP_UP:
        # Most end it early; the deadline is the most it can be.
        left = max(1.0, line.wrap_up_mean_seconds - elapsed)
        return left if agent.wrap_up_ends_at is None else min(left, agent.wrap_up_ends_at - now)
    # A talk that is longer than the mean will take some more: talk times have a long tail.
    left = max(line.talk_mean_seconds - elapsed, line.talk_mean_seconds / 4)
    return left + line.wrap_up_mean_seconds


def _calls_ahead(floor: Floor, call: Call | None, line: Line, lane: Lane) -> float:
    """Count the calls due before this one; those of other queues as far as they share agents."""
    if call is None:
        ahead = float(len(line))
        place = None
    else:
        ahead = float(line.position(call) - 1)
        place = (call.due_at, call.sequence)
    for other in floor.lines.values():
        if other is line or not other.entries:
            continue
        before = len(other) if place is None else other.count_before(*place)
        if before:
            ahead += before * floor.share_of(other.entries[0][2], lane)
    return ahead
