"""How long a caller will still wait, honestly: from his position and what the agents are doing.

Theory: every agent who could take the call, has not said "not ready" and has a phone that can ring
is free at some moment: now, or when what is left of his talk and wrap-up is over. From then on he
takes one call each mean handle time. The calls before this one take the earliest of all those
moments in their order; the first that is left is the estimate. A call for which a phone rings
already takes the agent who rings, and nobody else.

What a call takes is what talks and wrap-ups have taken (`acd.core.handling`); where few of a queue
have ended yet, those under way are looked at, too.

Nothing is known before the first talk of a queue has ended, nor when nobody is ready; then there is
no estimate rather than a wrong one. app_queue's "mean minus waited" is not used: it says the same
to the first and the twentieth caller, and rises for who waits long.
"""

from collections.abc import Collection, Sequence
from itertools import islice
from operator import mul
from typing import Final, NamedTuple

from acd.core.agent import Agent
from acd.core.call import Call
from acd.core.events import DeviceState
from acd.core.floor import Floor
from acd.core.handling import MovingMean
from acd.core.ids import AgentId, CallId, QueueId
from acd.core.queue import Lane, Line
from acd.core.records import Activity, CallState, Presence

_SURE: Final = 100
"""After so many talks it makes no difference which ones have not ended yet."""

Place = tuple[float, int]
"""Due time and sequence: where a call stands in the order over all queues."""


class Handling(NamedTuple):
    """What a call of a queue will probably take."""

    talk_seconds: float
    wrap_up_seconds: float

    @property
    def seconds(self) -> float:
        """Both together, 0 while nothing is known."""
        return self.talk_seconds + self.wrap_up_seconds


def estimate_seconds(floor: Floor, call: Call, now: float) -> float | None:
    """Return how long the call will still wait from now, None when nobody can know."""
    if call.queue is None:
        return None
    if call.state is CallState.RINGING:
        return 0.0
    line, outlook = floor.lines[call.queue], Outlook(floor, now)
    seconds = outlook.seconds((call.due_at, call.sequence), line, floor.lane_of(call))
    what = line.plan.preferred_agent
    if call.preferred is None or what is None:
        return seconds
    # Until patience ends only one agent counts, and he is not asked for by the calls before.
    own = outlook.free_in_seconds(call.preferred, line)
    left = max(0.0, call.entered_at + what.patience_seconds - now)
    others = None if seconds is None else max(seconds, left)
    return min((each for each in (own, others) if each is not None), default=None)


def estimate_for_next_seconds(floor: Floor, line: Line, now: float) -> float | None:
    """Return how long somebody who joined the queue now would wait, None when nobody knows.

    Who asks for several queues at one moment asks one `Outlook`.
    """
    return Outlook(floor, now).next_seconds(line)


def turn_seconds(free_in: Sequence[float], handle_seconds: float, ahead: int) -> float:
    """Return when the turn comes of whoever has ``ahead`` calls before him.

    ``free_in``: when each agent can take his first call (seconds from now, not empty); he takes the
    next ``handle_seconds`` (above 0) later, and so on. The cost does not grow with ``ahead``.
    """
    in_order = sorted(free_in)
    if ahead < len(in_order) and in_order[ahead] <= in_order[0] + handle_seconds:
        # Nobody has his second turn before that.
        return in_order[ahead]
    # In periods of one handle time each agent has one turn, from the period of his first one on.
    firsts = [divmod(seconds, handle_seconds) for seconds in in_order]
    left, period = ahead, 0.0
    for at, (begins, _) in enumerate(firsts):
        turns = int(begins - period) * at
        if turns > left:
            firsts = firsts[:at]
            break
        left, period = left - turns, begins
    whole, left = divmod(left, len(firsts))
    return (period + whole) * handle_seconds + sorted(offset for _, offset in firsts)[left]


class Outlook:
    """When agents will be free and who waits, at one moment: looked up once for all who ask then.

    It is of no use once anything has happened.
    """

    def __init__(self, floor: Floor, now: float) -> None:
        self._floor = floor
        self._handling = _Handling(floor, now)
        self._free = _Free(floor, now, self._handling)
        self._crowds: _Crowds | None = None

    def next_seconds(self, line: Line) -> float | None:
        """Return how long somebody who joined the queue now would wait, None when nobody knows."""
        return self.seconds(None, line, self._floor.lane_for(line.plan, line.plan.requirement))

    def seconds(self, place: Place | None, line: Line, lane: Lane) -> float | None:
        """Return how long who stands at this place of the order will wait; place None: at its end.

        ``lane`` is that of what he asks for. None when nobody can know.
        """
        handle_seconds = self._handling[line.id].seconds
        if handle_seconds == 0.0:
            return None
        ahead = round(self._calls_ahead(place, line, lane))
        if self._are_free(lane, ahead + 1):
            return 0.0
        free_in = self._free.of(lane.agents, line)
        return turn_seconds(free_in, handle_seconds, ahead) if free_in else None

    def free_in_seconds(self, agent: AgentId, line: Line) -> float | None:
        """Return in how long an agent will probably be free for the queue, None if nobody knows."""
        return min(self._free.of((agent,), line), default=None)

    def _are_free(self, lane: Lane, count: int) -> bool:
        """Tell whether so many can be rung at once; when some may be kept, it is not known here."""
        free = self._floor.free
        if self._floor.reserves or len(free) < count:
            return False
        found = (one for one in lane.agents if one in free)
        return next(islice(found, count - 1, None), None) is not None

    def _calls_ahead(self, place: Place | None, line: Line, lane: Lane) -> float:
        """Count the calls that wait before this place; of other queues by what they share."""
        crowds = self._crowds
        if crowds is None:
            crowds = self._crowds = _crowds(self._floor)
        if place is None:
            waiting = crowds.waiting
        else:
            waiting = [
                other.count_before(*place) - sum(one < place for one in rung_for)
                for other, rung_for in zip(crowds.lines, crowds.rung_for, strict=True)
            ]
        shares = [*map(self._floor.shares_of(lane).__getitem__, crowds.ask)]
        if line in crowds.lines:
            shares[crowds.lines.index(line)] = 1.0
        ahead: float = sum(map(mul, waiting, shares))
        return ahead


class _Handling(dict[QueueId, Handling]):
    """What calls will probably take, by queue, each worked out when first asked.

    What is under way is looked at for queues alone of which few talks or wrap-ups have ended.
    """

    def __init__(self, floor: Floor, now: float) -> None:
        self._floor = floor
        self._now = now
        self._under_way: dict[Activity, dict[QueueId, list[float]]] | None = None

    def __missing__(self, queue: QueueId) -> Handling:
        line = self._floor.lines[queue]
        talk_seconds = self._expected(Activity.TALKING, line.talks, queue)
        wrap_up_seconds = self._expected(Activity.WRAP_UP, line.wrap_ups, queue)
        found = self[queue] = Handling(talk_seconds, wrap_up_seconds)
        return found

    def _expected(self, what: Activity, mean: MovingMean, queue: QueueId) -> float:
        if not 0 < mean.count < _SURE:
            return mean.seconds
        if self._under_way is None:
            self._under_way = _under_way(self._floor, self._now)
        return mean.expected_seconds(self._under_way[what].get(queue, ()))


def _under_way(floor: Floor, now: float) -> dict[Activity, dict[QueueId, list[float]]]:
    """Return how long talks and wrap-ups have lasted that have not ended, by queue."""
    talks: dict[QueueId, list[float]] = {}
    wrap_ups: dict[QueueId, list[float]] = {}
    talking, wrap_up, offers = Activity.TALKING, Activity.WRAP_UP, floor.offers
    for agent in floor.agents.values():
        activity, queue = agent.activity, agent.queue
        if activity is talking and queue is not None and agent.offer in offers:
            began = offers[agent.offer].connected_at
            if began is not None:
                talks.setdefault(queue, []).append(now - began)
        elif activity is wrap_up and queue is not None:
            wrap_ups.setdefault(queue, []).append(now - agent.wrap_up_started_at)
    return {talking: talks, wrap_up: wrap_ups}


class _Free(dict[AgentId, float | None]):
    """In how long agents will be free for any queue's calls, each worked out when first asked.

    None: not ready, his phone is in use otherwise or not there, or it rings (see ``rung``).
    """

    def __init__(self, floor: Floor, now: float, handling: "_Handling") -> None:
        self._floor = floor
        self._now = now
        self._handling = handling
        self._rung: dict[AgentId, tuple[CallId, float]] = {}
        """Whose phones ring, for which call, and when they will be free if they get it."""

    def of(self, agents: Collection[AgentId], line: Line) -> list[float]:
        """Return in how long each of these is free for the queue's calls, who is known of."""
        floor = self._floor
        if not floor.reserves:
            found = [seconds for seconds in map(self.__getitem__, agents) if seconds is not None]
        else:
            # Who is free may be kept for another queue.
            found = [
                seconds
                for one in agents
                if (seconds := self[one]) is not None
                and (one not in floor.free or floor.may_take(one, line.id))
            ]
        if self._rung:
            # When several are rung for one call, one will talk, and the others are free.
            rung = [self._rung[one] for one in agents if one in self._rung]
            talks = dict(rung)
            found += [*talks.values(), *([0.0] * (len(rung) - len(talks)))]
        return found

    def __missing__(self, agent_id: AgentId) -> float | None:
        agent = self._floor.agents[agent_id]
        seconds = self._seconds(agent) if agent.presence is Presence.READY else None
        self[agent_id] = seconds
        return seconds

    def _seconds(self, agent: Agent) -> float | None:
        floor, now = self._floor, self._now
        if agent.activity is Activity.IDLE or agent.queue is None:
            if agent.id in floor.free:
                return 0.0
            known = floor.device_of(agent) is DeviceState.FREE
            return max(0.0, agent.skipped_until - now) if known else None
        own = self._handling[agent.queue]
        if agent.activity is Activity.RINGING:
            call = floor.calls.get(agent.call) if agent.call is not None else None
            if call is None or agent.offer not in call.offers:
                return 0.0
            self._rung[agent.id] = call.id, own.seconds
            return None
        if agent.activity is Activity.WRAP_UP:
            # Most end it early; the deadline is the most it can be.
            left = max(1.0, own.wrap_up_seconds - (now - agent.wrap_up_started_at))
            ends_at = agent.wrap_up_ends_at
            return left if ends_at is None else min(left, max(0.0, ends_at - now))
        offer = floor.offers.get(agent.offer) if agent.offer is not None else None
        since = offer.connected_at if offer is not None else None
        elapsed = now - (agent.since if since is None else since)
        # A talk that is longer than the mean will take some more: talk times have a long tail.
        left = max(own.talk_seconds - elapsed, own.talk_seconds / 4)
        return left + own.wrap_up_seconds


class _Crowds(NamedTuple):
    """The queues in which somebody waits, as those of others see them; all four go together."""

    lines: list[Line]
    ask: list[Lane | None]
    """What the first who waits there asks for, None when phones ring for them all."""
    rung_for: list[list[Place]]
    """Where the calls stand for which phones ring."""
    waiting: list[int]
    """How many calls there are, without these."""


def _crowds(floor: Floor) -> _Crowds:
    ringing: dict[QueueId, list[Place]] = {}
    calls: dict[CallId, Call] = {}
    for offer in floor.offers.values():
        if offer.connected_at is None and offer.call in floor.calls:
            calls[offer.call] = floor.calls[offer.call]
    for call in calls.values():
        if call.queue is not None and call.state is CallState.RINGING:
            ringing.setdefault(call.queue, []).append((call.due_at, call.sequence))
    lines = [line for line in floor.lines.values() if line.entries]
    firsts = [
        next((call for _, _, call in line.entries if call.state is CallState.QUEUED), None)
        for line in lines
    ]
    rung_for = [ringing.get(line.id, []) for line in lines]
    return _Crowds(
        lines,
        [None if first is None else floor.lane_of(first) for first in firsts],
        rung_for,
        [len(line) - len(rung) for line, rung in zip(lines, rung_for, strict=True)],
    )
