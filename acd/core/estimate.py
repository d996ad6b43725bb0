"""How long a caller will still wait, honestly: from his position and what the agents are doing.

Theory: every agent who could take the call, has not said "not ready" and has a phone that can ring
is free at some moment: now, or when what is left of his talk and wrap-up is over. From then on he
takes one call each mean handle time. The calls before this one take the earliest of all those
moments in their order; the first that is left is the estimate. A call for which a phone rings
already takes the agent who rings, and nobody else.

Nothing is known before the first talk of a queue has ended, nor when nobody is ready; then there is
no estimate rather than a wrong one. app_queue's "mean minus waited" is not used: it says the same
to the first and the twentieth caller, and rises for who waits long.
"""

from collections.abc import Sequence

from acd.core.agent import Agent
from acd.core.call import Call
from acd.core.events import DeviceState
from acd.core.floor import Floor
from acd.core.ids import CallId, QueueId
from acd.core.queue import Lane, Line
from acd.core.records import Activity, CallState, Presence

WEIGHT = 1 / 16
"""Of the newest value in a moving mean."""

Place = tuple[float, int]
"""Due time and sequence: where a call stands in the order over all queues."""

Ringing = dict[QueueId, list[Place]]
"""The calls for which phones ring, by queue."""


def moving_mean(mean: float, value: float) -> float:
    """Return the mean with one more value in it; the first value is the mean."""
    return value if mean == 0.0 else mean + (value - mean) * WEIGHT


def estimate_seconds(floor: Floor, call: Call, now: float) -> float | None:
    """Return how long the call will still wait from now, None when nobody can know."""
    if call.queue is None:
        return None
    if call.state is CallState.RINGING:
        return 0.0
    line = floor.lines[call.queue]
    seconds = _estimate(floor, (call.due_at, call.sequence), line, floor.lane_of(call), now)
    what = line.plan.preferred_agent
    if call.preferred is None or what is None:
        return seconds
    # Until patience ends only one agent counts, and he is not asked for by the calls before.
    own = _free_in_seconds(floor, floor.agents[call.preferred], line, set(), now)
    left = max(0.0, call.entered_at + what.patience_seconds - now)
    others = None if seconds is None else max(seconds, left)
    return min((each for each in (own, others) if each is not None), default=None)


def estimate_for_next_seconds(floor: Floor, line: Line, now: float) -> float | None:
    """Return how long somebody who joined the queue now would wait, None when nobody knows."""
    return _estimate(floor, None, line, floor.lane_for(line.plan, line.plan.requirement), now)


def turn_seconds(free_in: Sequence[float], handle_seconds: float, ahead: int) -> float:
    """Return when the turn comes of whoever has ``ahead`` calls before him.

    ``free_in``: when each agent can take his first call (seconds from now, not empty); he takes the
    next ``handle_seconds`` (above 0) later, and so on. The cost does not grow with ``ahead``.
    """
    if not ahead:
        return min(free_in)
    # In periods of one handle time each agent has one turn, from the period of his first one on.
    firsts = sorted(divmod(seconds, handle_seconds) for seconds in free_in)
    left, period = ahead, 0.0
    for at, (begins, _) in enumerate(firsts):
        turns = int(begins - period) * at
        if turns > left:
            firsts = firsts[:at]
            break
        left, period = left - turns, begins
    whole, left = divmod(left, len(firsts))
    return (period + whole) * handle_seconds + sorted(offset for _, offset in firsts)[left]


def _estimate(
    floor: Floor, place: Place | None, line: Line, lane: Lane, now: float
) -> float | None:
    handle_seconds = line.talk_mean_seconds + line.wrap_up_mean_seconds
    if handle_seconds == 0.0:
        return None
    seen: set[CallId] = set()
    free_in = []
    for agent_id in lane.agents:
        agent = floor.agents[agent_id]
        if agent.presence is Presence.READY:
            seconds = _free_in_seconds(floor, agent, line, seen, now)
            if seconds is not None:
                free_in.append(seconds)
    if not free_in:
        return None
    return turn_seconds(free_in, handle_seconds, round(_calls_ahead(floor, place, line, lane)))


def _free_in_seconds(
    floor: Floor, agent: Agent, line: Line, seen: set[CallId], now: float
) -> float | None:
    """Return in how long an agent who is ready will probably be free for the queue's calls.

    None when nobody can know: his phone is in use otherwise or not there, or he is free and kept
    for another queue. ``seen``: calls that agents are rung for; when several are, one will talk.
    """
    if agent.activity is Activity.IDLE or agent.queue is None:
        if agent.id in floor.free:
            held = floor.reserves and not floor.may_take(agent.id, line.id)
            return None if held else 0.0
        known = floor.device_of(agent) is DeviceState.FREE
        return max(0.0, agent.skipped_until - now) if known else None
    own = floor.lines[agent.queue]
    if agent.activity is Activity.RINGING:
        call = floor.calls.get(agent.call) if agent.call is not None else None
        if call is None or call.id in seen or agent.offer not in call.offers:
            return 0.0
        seen.add(call.id)
        return own.talk_mean_seconds + own.wrap_up_mean_seconds
    if agent.activity is Activity.WRAP_UP:
        # Most end it early; the deadline is the most it can be.
        left = max(1.0, own.wrap_up_mean_seconds - (now - agent.wrap_up_started_at))
        ends_at = agent.wrap_up_ends_at
        return left if ends_at is None else min(left, max(0.0, ends_at - now))
    offer = floor.offers.get(agent.offer) if agent.offer is not None else None
    since = offer.connected_at if offer is not None else None
    elapsed = now - (agent.since if since is None else since)
    # A talk that is longer than the mean will take some more: talk times have a long tail.
    left = max(own.talk_mean_seconds - elapsed, own.talk_mean_seconds / 4)
    return left + own.wrap_up_mean_seconds


def _calls_ahead(floor: Floor, place: Place | None, line: Line, lane: Lane) -> float:
    """Count the calls that wait before this place; of other queues as far as they share agents."""
    ringing = _ringing(floor)
    ahead = 0.0
    for other in floor.lines.values():
        if not other.entries:
            continue
        rung_for = ringing.get(other.id, ())
        if place is None:
            before = len(other) - len(rung_for)
        else:
            before = other.count_before(*place) - sum(one < place for one in rung_for)
        if before > 0:
            ahead += before * (1.0 if other is line else _share(floor, other, lane))
    return ahead


def _ringing(floor: Floor) -> Ringing:
    calls: dict[CallId, Call] = {}
    for offer in floor.offers.values():
        if offer.connected_at is None and offer.call in floor.calls:
            calls[offer.call] = floor.calls[offer.call]
    ringing: Ringing = {}
    for call in calls.values():
        if call.queue is not None and call.state is CallState.RINGING:
            ringing.setdefault(call.queue, []).append((call.due_at, call.sequence))
    return ringing


def _share(floor: Floor, other: Line, lane: Lane) -> float:
    """Return for which part of the other queue's calls these agents compete."""
    waiting = (call for _, _, call in other.entries if call.state is CallState.QUEUED)
    first = next(waiting, None)
    return floor.share_of(first, lane) if first is not None else 0.0
