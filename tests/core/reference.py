"""A router in the plainest words: no heaps, no lanes, no deadlines, every answer looked up anew.

It knows nothing of the engine but the plan. It is told what happens and which phones the engine
then rang, one event at a time, and says for each ring which agents would have been right. Weighted
chance allows any; everything else allows one. What will happen by time alone (a relaxation, the
end of a wrap-up) it works out by looking at everything there is.

Two things at the same instant have no order here: it then says ``Simultaneous``.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from math import inf

from acd.core.events import DeviceState, RingOutcome
from acd.core.plan import AgentAction, Plan
from acd.core.queueplan import Need, QueuePlan, Strategy
from acd.core.records import Activity, CallState, Presence
from tests.core.reference_people import Caller, Leg, Person, Simultaneous

RETRY_SECONDS = 0.5
LEAST_DELAY_SECONDS = 1.0
NOT_TAKEN = (RingOutcome.DECLINED, RingOutcome.NO_ANSWER, RingOutcome.UNREACHABLE)

Ring = tuple[str, str, str]
"""What the engine did: (call, agent, offer)."""


class Reference:
    """The whole centre, one PBX. Feed it an event by its method, then ``follow`` the rings."""

    def __init__(self, plan: Plan, now: float) -> None:
        self.plan = plan
        self.now = now
        self.agents = {
            agent.id: Person(agent.id, agent.skills, now) for agent in plan.agents.values()
        }
        self.calls: dict[str, Caller] = {}
        self.legs: dict[str, Leg] = {}
        self.last_talks: dict[str, tuple[Person, float]] = {}
        self.live = True
        self.count = 0
        self.changed_call: Caller | None = None
        """What the last event was about: looked at first, the call before the agent."""
        self.changed_agent: Person | None = None
        self.all_changed = False
        """The link is back: all who wait are looked at, in their order."""
        self.released: list[Caller] = []
        """Calls that anybody may take from now on, because their preferred agent went away."""
        self.one_more: Caller | None = None
        """A call that rings progressively, and whose next agent is due."""

    # -- who gets whom --------------------------------------------------------------------------

    def follow(self, rings: Sequence[Ring]) -> None:
        """Check the rings that the engine ordered since the last event, and take part in them."""
        left = list(rings)
        for call, right in self._decisions():
            names = [agent.name for agent in right]
            assert left, f"nobody was rung for {call.name}; it should have been one of {names}"
            rung, agent, offer = left.pop(0)
            assert rung == call.name, f"{rung} was given an agent and not {call.name} ({names})"
            assert agent in names, f"{agent} was rung for {rung}, not one of {names}"
            self._ring(call, self.agents[agent], offer)
        assert not left, f"more was rung than should be: {left}"
        self.changed_call = self.changed_agent = self.one_more = None
        self.all_changed = False

    def _decisions(self) -> Iterator[tuple[Caller, list[Person]]]:
        """Yield each ring to be made, and who may be taken for it, until nothing is left to do."""
        if self.one_more is not None:
            right = self._who_may(self.one_more)
            if right:
                yield self.one_more, self.taken_first(self.one_more, right)
        if self.changed_call is not None:
            yield from self._serve(self.changed_call)
        if self.all_changed:
            for call in sorted(self.calls.values(), key=Caller.place):
                if self._waits(call):
                    yield from self._serve(call)
        yield from self._serve_the_free()
        for call in sorted(self.released, key=Caller.place):
            self._release(call)
            yield from self._serve(call)
        self.released.clear()
        yield from self._serve_the_free()

    def _serve_the_free(self) -> Iterator[tuple[Caller, list[Person]]]:
        while (found := self._next_match()) is not None:
            call, agent = found
            yield call, [agent]
            yield from self._ring_the_rest(call)

    def _serve(self, call: Caller) -> Iterator[tuple[Caller, list[Person]]]:
        if self._waits(call) and self._who_may(call):
            yield call, self.taken_first(call, self._who_may(call))
        yield from self._ring_the_rest(call)

    def _ring_the_rest(self, call: Caller) -> Iterator[tuple[Caller, list[Person]]]:
        while self._rings_at_all(call) and self._who_may(call):
            yield call, self.taken_first(call, self._who_may(call))

    def _next_match(self) -> tuple[Caller, Person] | None:
        free = sorted(self._free(), key=lambda agent: agent.idle_since)
        if self.changed_agent in free:
            free.remove(self.changed_agent)
            free.insert(0, self.changed_agent)
        waiting = sorted(filter(self._waits, self.calls.values()), key=Caller.place)
        for agent in free:
            for call in waiting:
                if agent in self._who_may(call):
                    return call, agent
            for call in sorted(self.calls.values(), key=Caller.place):
                if self._rings_at_all(call) and agent in self._who_may(call):
                    return call, agent
        return None

    def _waits(self, call: Caller) -> bool:
        return self.live and call.in_room and call.state is CallState.QUEUED

    def _rings_at_all(self, call: Caller) -> bool:
        several = call.queue.strategy is Strategy.RING_ALL and call.open_to_all
        return several and self._may_ring_more(call)

    def _may_ring_more(self, call: Caller) -> bool:
        """Not when somebody is being joined with him, nor when all rings were taken back."""
        rings = [leg for leg in self._legs_of(call) if leg.cancelled_at is None]
        answered = any(leg.answered for leg in rings)
        return self.live and call.state is CallState.RINGING and bool(rings) and not answered

    def _free(self) -> list[Person]:
        return [agent for agent in self.agents.values() if agent.is_free(self.now)]

    def _who_may(self, call: Caller) -> list[Person]:
        """Everybody who may be rung for the call now."""
        return [
            agent
            for agent in self._free()
            if call.asks().met_by(agent.skills)
            and call.preferred in (None, agent)
            and not self._kept_back(agent, call)
        ]

    def _kept_back(self, agent: Person, call: Caller) -> bool:
        """Tell whether the agent is one of the last few who are kept for other queues only."""
        keepers = []
        for queue in self.plan.queues.values():
            fit = [one for one in self._free() if queue.requirement.met_by(one.skills)]
            if queue.reserved_agents > 0 and agent in fit:
                if queue.id == call.queue.id:
                    return False
                if len(fit) <= queue.reserved_agents:
                    keepers.append(queue)
        return bool(keepers)

    def taken_first(self, call: Caller, agents: list[Person]) -> list[Person]:
        """Return who of these the call's queue may take; all but chance leave one."""
        queue = call.queue
        by_idle = sorted(agents, key=lambda agent: agent.idle_since)
        asked = {need.skill for need in (*call.asks().all_of, *call.asks().any_of)}
        order = list(queue.agent_order)
        match queue.strategy:
            case Strategy.WEIGHTED_RANDOM:
                weights = queue.agent_weights
                wanted = [one for one in agents if weights.get(one.name, 1.0) > 0]
                return wanted or by_idle[:1]
            case Strategy.MOST_SKILLED:
                return [max(by_idle, key=lambda one: sum(one.skills.get(s, 0) for s in asked))]
            case Strategy.LEAST_SKILLED:
                return [min(by_idle, key=lambda one: (len(one.skills), sum(one.skills.values())))]
            case Strategy.FEWEST_CALLS:
                return [min(by_idle, key=lambda one: one.calls_taken)]
            case Strategy.LEAST_TALK_TIME:
                return [min(by_idle, key=lambda one: one.talk_seconds)]
            case Strategy.ROUND_ROBIN:
                return [min(by_idle, key=lambda one: one.offered_in.get(queue.id, 0))]
            case Strategy.ORDERED:
                known = [one for one in by_idle if one.name in order]
                return [min(known, key=lambda one: order.index(one.name))] if known else by_idle[:1]
            case _:
                return by_idle[:1]

    def _ring(self, call: Caller, agent: Person, offer: str) -> None:
        if call.state is CallState.QUEUED:
            call.state = CallState.RINGING
            call.open_to_all = call.preferred is None
            if call.queue.strategy is Strategy.RING_PROGRESSIVELY and call.open_to_all:
                call.next_progress_at = self.now + call.queue.progress_seconds
        agent.activity = Activity.RINGING
        self.count += 1
        agent.offered_in[call.queue.id] = self.count
        self.legs[offer] = Leg(offer, call, agent, self.now)

    # -- what happens to callers ----------------------------------------------------------------

    def call_queued(self, name: str, ani: str, queue: QueuePlan, needs: tuple[Need, ...]) -> None:
        call = self.calls[name] = Caller(name, ani, queue, needs)
        self.count += 1
        call.number = self.count
        call.entered_at = self.now
        call.due_at = self.now + queue.target_seconds - queue.priority_seconds
        rule = queue.preferred_agent
        if rule is not None and ani in self.last_talks:
            agent, talked_at = self.last_talks[ani]
            here = agent.presence is Presence.READY and call.asks().met_by(agent.skills)
            if here and self.now - talked_at <= rule.within_seconds:
                call.preferred = agent
                call.patience_until = self.now + rule.patience_seconds

    def room_entered(self, name: str) -> None:
        call = self.changed_call = self.calls[name]
        call.in_room = True

    def room_left(self, name: str) -> None:
        self.calls[name].in_room = False

    def caller_hung_up(self, name: str) -> None:
        call = self.calls.pop(name)
        for leg in self._legs_of(call):
            self._cancel(leg)

    def _release(self, call: Caller) -> None:
        call.preferred, call.patience_until = None, inf

    def _release_unfit(self, call: Caller) -> None:
        if call.preferred is not None and not call.asks().met_by(call.preferred.skills):
            self._release(call)

    def _legs_of(self, call: Caller) -> list[Leg]:
        return [leg for leg in self.legs.values() if leg.call is call and not leg.talk_over]

    def _cancel(self, leg: Leg) -> None:
        if leg.cancelled_at is None and leg.connected_at is None:
            leg.cancelled_at = self.now

    # -- what happens to legs -------------------------------------------------------------------

    def leg_ringing(self, offer: str) -> None:
        self.legs[offer].ringing_seen = True

    def leg_answered(self, offer: str) -> None:
        self.legs[offer].answered = True

    def leg_connected(self, offer: str) -> None:
        leg = self.legs[offer]
        leg.connected_at = self.now
        agent, call = leg.agent, leg.call
        agent.activity, agent.leg_open, agent.misses = Activity.TALKING, True, 0
        agent.calls_taken += 1
        agent.calls_in_row += 1
        if 0 < self.plan.agents[agent.name].max_calls_in_row <= agent.calls_in_row:
            self._says(agent, Presence.NOT_READY)
        call.state, call.in_room = CallState.CONNECTED, False
        call.next_progress_at = call.patience_until = inf
        for other in self._legs_of(call):
            self._cancel(other)

    def leg_failed(self, offer: str, outcome: RingOutcome) -> None:
        leg = self.legs.pop(offer)
        agent, call, queue = leg.agent, leg.call, leg.call.queue
        if leg.overdue:
            outcome = RingOutcome.NO_ANSWER if leg.ringing_seen else RingOutcome.UNREACHABLE
        elif leg.cancelled_at is not None or call.name not in self.calls:
            outcome = RingOutcome.CALLER_LEFT if leg.answered else RingOutcome.CANCELLED
        agent.activity = Activity.IDLE
        match outcome:
            case RingOutcome.NO_ANSWER:
                agent.misses += 1
                if agent.misses < queue.rona_after:
                    agent.skipped_until = self.now + queue.no_answer_delay_seconds
                elif agent.presence is Presence.READY:
                    self._says(agent, Presence.NOT_READY)
            case RingOutcome.BUSY:
                agent.skipped_until = self.now + queue.busy_delay_seconds
            case RingOutcome.CALLER_LEFT:
                # He was there, and they were not joined: that may be chance, but only once.
                if call.name in self.calls and agent in call.missed_by:
                    agent.skipped_until = self.now + LEAST_DELAY_SECONDS
                call.missed_by.append(agent)
            case RingOutcome.DECLINED:
                agent.skipped_until = self.now + queue.declined_delay_seconds
            case RingOutcome.UNREACHABLE:
                agent.device = DeviceState.UNREACHABLE
                agent.device_until = self.now + queue.unreachable_delay_seconds
            case RingOutcome.CANCELLED:
                pass
        self.changed_agent = agent
        if call.preferred is agent and outcome in NOT_TAKEN:
            self._release(call)
        if call.name in self.calls and call.state is CallState.RINGING:
            self.changed_call = call
            if not self._legs_of(call):
                call.state, call.next_progress_at = CallState.QUEUED, inf
                self._release_unfit(call)

    def leg_left_talk(self, offer: str) -> None:
        leg = self.legs[offer]
        if leg.talk_over:
            return
        leg.talk_over = True
        agent, queue = leg.agent, leg.call.queue
        assert leg.connected_at is not None
        agent.talk_seconds += self.now - leg.connected_at
        if queue.preferred_agent is not None and leg.call.ani:
            self.last_talks[leg.call.ani] = (agent, self.now)
        if queue.wrap_up_seconds > 0:
            agent.activity = Activity.WRAP_UP
            agent.wrap_up_until = self.now + queue.wrap_up_seconds

    def leg_ended(self, offer: str) -> None:
        self.leg_left_talk(offer)
        agent = self.changed_agent = self.legs.pop(offer).agent
        agent.leg_open = False
        if agent.activity is Activity.TALKING:
            agent.activity, agent.idle_since = Activity.IDLE, self.now

    # -- what happens to agents and phones ------------------------------------------------------

    def agent_requested(self, name: str, action: AgentAction) -> None:
        agent = self.changed_agent = self.agents[name]
        here = agent.presence is not Presence.LOGGED_OUT
        match action:
            case AgentAction.LOG_IN:
                self._says(agent, Presence.READY)
            case AgentAction.LOG_OUT if here:
                self._says(agent, Presence.LOGGED_OUT)
                self._take_back(agent)
                self._end_wrap_up(agent)
            case AgentAction.READY if here:
                self._says(agent, Presence.READY)
            case AgentAction.NOT_READY if here:
                self._says(agent, Presence.NOT_READY)
                self._take_back(agent)
            case AgentAction.END_WRAP_UP:
                self._end_wrap_up(agent)

    def _says(self, agent: Person, presence: Presence) -> None:
        if presence is agent.presence:
            return
        if presence is Presence.READY:
            agent.idle_since = self.now
            agent.calls_in_row = agent.misses = 0
        else:
            self.released += [one for one in self.calls.values() if one.preferred is agent]
        if agent.presence is Presence.LOGGED_OUT:
            agent.calls_taken, agent.talk_seconds = 0, 0.0
        agent.presence = presence

    def _take_back(self, agent: Person) -> None:
        for leg in self.legs.values():
            if leg.agent is agent and not leg.answered:
                self._cancel(leg)

    def _end_wrap_up(self, agent: Person) -> None:
        if agent.activity is Activity.WRAP_UP:
            agent.activity, agent.idle_since = Activity.IDLE, self.now
            agent.wrap_up_until = inf
            self.changed_agent = agent

    def device_changed(self, name: str, state: DeviceState) -> None:
        agent = self.changed_agent = self.agents[name]
        agent.device, agent.device_until = state, inf

    # -- what time does -------------------------------------------------------------------------

    def time_passed(self, now: float) -> None:
        """Let happen what is due by ``now``; raise Simultaneous when that is several things."""
        happens = [what for at, what in self._to_come() if self.now < at <= now]
        self.now = now
        if len(happens) > 1:
            raise Simultaneous
        for what in happens:
            what()

    def _to_come(self) -> Iterator[tuple[float, Callable[[], None]]]:
        """Everything that time alone will bring, and when."""
        for agent in self.agents.values():
            yield agent.wrap_up_until, partial(self._end_wrap_up, agent)
            yield agent.device_until, partial(self.device_changed, agent.name, DeviceState.FREE)
            yield agent.skipped_until, partial(setattr, self, "changed_agent", agent)
        for call in self.calls.values():
            yield call.next_relaxation_at(), partial(self._relax, call)
            yield call.patience_until, partial(self._lose_patience, call)
            yield call.next_progress_at, partial(self._progress, call)
        for leg in self.legs.values():
            yield leg.gives_up_at(), partial(self._give_up, leg)

    def _relax(self, call: Caller) -> None:
        call.relaxed += 1
        self._release_unfit(call)
        self.changed_call = call

    def _lose_patience(self, call: Caller) -> None:
        self._release(call)
        self.changed_call = call

    def _progress(self, call: Caller) -> None:
        may = self._may_ring_more(call) and call.in_room
        self.one_more = call if may else None
        call.next_progress_at = self.now + (call.queue.progress_seconds if may else RETRY_SECONDS)

    def _give_up(self, leg: Leg) -> None:
        if leg.cancelled_at is None:
            leg.overdue = True
            self._cancel(leg)
        else:
            self.leg_failed(leg.offer, RingOutcome.CANCELLED)
