"""The course of an offer: ring, talk, wrap-up, and every way a ring can fail.

An offer lives from the command that rings the phone until the agent's leg is gone; every event
about a leg names its offer, so what comes late about an old one finds nothing and changes nothing.
Wrap-up is a lock with a deadline: it begins when the agent's own leg leaves the conversation,
holds for all queues at once, and ends by him or by its cap.
"""

from acd.core import recording
from acd.core.agent import ActivitySignal, Agent, PresenceSignal
from acd.core.call import Call, CallSignal
from acd.core.commands import CancelRing, ReturnAfterTalk
from acd.core.events import DeviceState, RingOutcome
from acd.core.floor import Floor
from acd.core.ids import CallId, OfferId, QueueId
from acd.core.matching import match_call, match_freed, review_and_match
from acd.core.offer import Offer
from acd.core.records import (
    Activity,
    CallAnswered,
    CallState,
    Noticed,
    RingEnded,
    TalkEnded,
    TrailStep,
    WrapUpEnd,
    WrapUpEnded,
    WrapUpStarted,
)

RONA = "rona"
"""The not-ready reason of an agent who let his phone ring until the time ran out."""

ENOUGH = "calls_in_row"
"""The not-ready reason of an agent who has taken as many calls in a row as his plan allows."""

ON_DEMAND = "on_demand"
"""The not-ready reason of an agent who takes one call at a time."""

NOT_TAKEN = frozenset({RingOutcome.DECLINED, RingOutcome.NO_ANSWER, RingOutcome.UNREACHABLE})
"""A caller who is kept for an agent waits for one whose phone is busy, but not after these."""

LEAST_DELAY_SECONDS = 1.0
"""A phone that fails at once is not rung more often, whatever the queue's delays are."""

CANCEL_SECONDS = 5.0
"""How long a cancelled leg may take to go before we take it for gone."""


def ringing(floor: Floor, offer_id: OfferId) -> None:
    """The phone rings: from now on silence is "no answer" and no longer "unreachable"."""
    offer = floor.offers.get(offer_id)
    if offer is not None:
        offer.ringing_seen = True


def answered(floor: Floor, offer_id: OfferId) -> None:
    """The agent lifted; the PBX is joining the two."""
    offer = floor.offers.get(offer_id)
    if offer is not None:
        offer.answered = True


def cancel(floor: Floor, offer: Offer, now: float, *, void: bool = True) -> None:
    """Take the ring back; the agent is free again when his leg is gone.

    ``void``: nobody else may be joined with the caller by the same claim either.
    """
    if offer.cancelled or offer.connected_at is not None:
        return
    offer.cancelled = True
    floor.emit(CancelRing(offer.id, offer.call, void))
    floor.deadlines.set(("ring", offer.id), now + CANCEL_SECONDS)


def take_back(floor: Floor, agent: Agent, now: float) -> None:
    """The agent is gone while his phone rings: the call goes to the next, and he is not blamed.

    If he has answered, the PBX is joining the two, and he has the call.
    """
    offer = floor.offers.get(agent.offer) if agent.offer is not None else None
    if offer is None or offer.answered:
        return
    call = floor.calls.get(offer.call)
    rings = [floor.offers[one] for one in call.offers] if call is not None else []
    cancel(floor, offer, now, void=all(one is offer or one.cancelled for one in rings))


def overdue(floor: Floor, offer_id: OfferId, now: float) -> None:
    """The PBX never said how the ring ended: take it back, and if that is not answered, end it."""
    offer = floor.offers.get(offer_id)
    if offer is None or offer.connected_at is not None:
        return
    if offer.cancelled:
        failed(floor, offer_id, RingOutcome.CANCELLED, now)
    else:
        floor.emit(Noticed(now, "ring_overdue", f"no end of ring {offer.id} was reported"))
        offer.overdue = True
        call = floor.calls.get(offer.call)
        cancel(floor, offer, now, void=call is None or len(call.offers) == 1)


def failed(floor: Floor, offer_id: OfferId, outcome: RingOutcome, now: float) -> None:
    """A ring ended without a talk: the caller keeps his place, the agent bears what is his."""
    offer = floor.offers.get(offer_id)
    if offer is None:
        return
    if offer.connected_at is not None:
        leg_ended(floor, offer_id, now)
        return
    del floor.offers[offer_id]
    floor.deadlines.clear(("ring", offer.id))
    agent = floor.agents[offer.agent]
    call = floor.calls.get(offer.call)
    if offer.overdue:
        outcome = RingOutcome.NO_ANSWER if offer.ringing_seen else RingOutcome.UNREACHABLE
    elif call is None or offer.cancelled:
        outcome = RingOutcome.CALLER_LEFT if offer.answered else RingOutcome.CANCELLED
    floor.emit(
        RingEnded(now, offer.id, offer.call, offer.queue, agent.id, outcome, now - offer.rung_at)
    )
    agent.activity_moves(ActivitySignal.RING_FAILED, now)
    agent.offer = agent.call = agent.queue = None
    before = agent.presence
    _penalise(floor, agent, offer, outcome, now)
    if offer.unseen:
        work_unseen(floor, agent, offer.queue, offer.call, now)
    if call is not None and offer.id in call.offers and outcome is RingOutcome.CALLER_LEFT:
        _pace(floor, agent, call, now)
    _go_home(floor, agent, now)
    floor.report_agent(agent, now, "activity" if agent.presence is before else "presence")
    became_free = floor.review_agent(agent, now)
    if call is not None:
        call.leg_changes(offer.id, ended_at=now, how=outcome.value)
        floor.keep(call)
    if call is not None and offer.id in call.offers:
        call.trail.append(TrailStep(now, "ring_failed", outcome.value, agent.id))
        call.offers.remove(offer.id)
        if call.preferred == agent.id and outcome in NOT_TAKEN:
            floor.release(call, "he did not take it", now)
        if not call.offers:
            _wait_again(floor, call, now)
        elif call.state is CallState.RINGING:
            call.agent = floor.offers[call.offers[0]].agent
            match_call(floor, call, now)
    match_freed(floor, agent, became_free, now)


def _wait_again(floor: Floor, call: Call, now: float) -> None:
    """Nobody rings for the caller any more: he waits on, in the place he had."""
    call.moves(CallSignal.RING_FAILED, now)
    call.agent = None
    call.claim = ""
    floor.open_rings.pop(call.id, None)
    floor.deadlines.clear(("progress", call.id))
    floor.stand(call, now)
    match_call(floor, call, now)


def _penalise(floor: Floor, agent: Agent, offer: Offer, outcome: RingOutcome, now: float) -> None:
    queue = floor.lines[offer.queue].plan
    match outcome:
        case RingOutcome.NO_ANSWER:
            agent.misses += 1
            if agent.misses >= queue.rona_after:
                agent.presence_moves(PresenceSignal.RONA, RONA, now)
            else:
                _skip(floor, agent, now + queue.no_answer_delay_seconds)
        case RingOutcome.BUSY:
            _skip(floor, agent, now + max(queue.busy_delay_seconds, LEAST_DELAY_SECONDS))
        case RingOutcome.DECLINED:
            _skip(floor, agent, now + max(queue.declined_delay_seconds, LEAST_DELAY_SECONDS))
        case RingOutcome.UNREACHABLE:
            floor.devices[offer.phone] = DeviceState.UNREACHABLE
            seconds = max(queue.unreachable_delay_seconds, LEAST_DELAY_SECONDS)
            floor.deadlines.set(("unreachable", offer.phone), now + seconds)
        case RingOutcome.CANCELLED | RingOutcome.CALLER_LEFT:
            pass


def _pace(floor: Floor, agent: Agent, call: Call, now: float) -> None:
    """He answered, the caller is there, and they were not joined: not again and again at once.

    The first time may be chance: the end of the caller's channel is heard after that of his leg.
    """
    known = ("ring_failed", RingOutcome.CALLER_LEFT.value, agent.id)
    if any((step.what, step.text, step.agent) == known for step in call.trail):
        _skip(floor, agent, now + LEAST_DELAY_SECONDS)


def _skip(floor: Floor, agent: Agent, until: float) -> None:
    agent.skipped_until = until
    floor.deadlines.set(("skip", agent.id), until)


def connected(floor: Floor, offer_id: OfferId, now: float) -> None:
    """Agent and caller are joined: the wait is over, the talk begins."""
    offer = floor.offers.get(offer_id)
    if offer is None or offer.connected_at is not None:
        return
    offer.connected_at = now
    floor.deadlines.clear(("ring", offer.id))
    agent = floor.agents[offer.agent]
    agent.activity_moves(ActivitySignal.CONNECT, now)
    agent.leg_open = True
    before = agent.presence
    agent.misses = 0
    agent.calls_taken += 1
    agent.calls_in_row += 1
    most = agent.plan.max_calls_in_row
    if 0 < most <= agent.calls_in_row:
        agent.presence_moves(PresenceSignal.NOT_READY, ON_DEMAND if most == 1 else ENOUGH, now)
    call = floor.calls.get(offer.call)
    if call is not None and call.state in (CallState.QUEUED, CallState.RINGING):
        _answer(floor, call, offer, agent, now)
    floor.report_agent(agent, now, "activity" if agent.presence is before else "presence")


def _answer(floor: Floor, call: Call, offer: Offer, agent: Agent, now: float) -> None:
    """End the caller's wait. He may have been sent on meanwhile: he is answered where he waits."""
    assert call.queue is not None
    assert call.queued_at is not None
    if call.state is CallState.QUEUED:
        call.moves(CallSignal.OFFER, now)
    call.moves(CallSignal.CONNECT, now)
    floor.settle(call)
    call.trail.append(TrailStep(now, "connected", "", agent.id))
    others, call.offers = call.offers, [offer.id]
    for other in others:
        if other != offer.id:
            cancel(floor, floor.offers[other], now, void=False)
    call.agent, call.in_room, call.answered_at = agent.id, False, now
    call.leaves("answered", now)
    call.leg_changes(offer.id, connected_at=now)
    floor.keep(call)
    offer.queue = agent.queue = call.queue
    if floor.lines[call.queue].plan.survey is not None:
        floor.emit(ReturnAfterTalk(call.id))
    floor.emit(
        CallAnswered(now, call.id, call.queue, agent.id, now - call.queued_at, now - offer.rung_at)
    )


def held(floor: Floor, offer_id: OfferId, on_hold: bool, now: float) -> None:
    """The agent put the caller on hold or took him back; a second of the same is ignored."""
    offer = floor.offers.get(offer_id)
    if offer is None or offer.connected_at is None or offer.talk_over:
        return
    if on_hold and offer.held_since is None:
        offer.held_since = now
    elif not on_hold and offer.held_since is not None:
        offer.hold_seconds += now - offer.held_since
        offer.held_since = None


def left_talk(floor: Floor, offer_id: OfferId, now: float, *, caller_left: bool = False) -> None:
    """The agent's own leg left the conversation: his talk is over and wrap-up begins."""
    offer = floor.offers.get(offer_id)
    if offer is None or offer.connected_at is None or offer.talk_over:
        return
    held(floor, offer_id, False, now)
    offer.talk_over = True
    recording.talk_over(floor, offer, now)
    agent = floor.agents[offer.agent]
    talk_seconds = now - offer.connected_at
    agent.talk_seconds += talk_seconds
    floor.emit(
        TalkEnded(
            now,
            offer.call,
            offer.queue,
            agent.id,
            talk_seconds,
            offer.hold_seconds,
            caller_left,
        )
    )
    line = floor.lines[offer.queue]
    line.talks.take(talk_seconds)
    call = floor.calls.get(offer.call)
    if call is not None and offer.id in call.offers:
        call.talk_ended_at = now
        call.moves(CallSignal.TALK_ENDED, now)
        call.leg_changes(offer.id, ended_at=now, hold_seconds=offer.hold_seconds, how="talked")
        floor.keep(call)
    if line.plan.preferred_agent is not None:
        floor.remember_talk(offer.ani, agent.id, now)
    cap_seconds = line.plan.wrap_up_seconds
    if cap_seconds > 0:
        agent.activity_moves(ActivitySignal.TALK_ENDED, now)
        agent.wrap_up_started_at = now
        agent.wrap_up_ends_at = now + cap_seconds
        floor.deadlines.set(("wrap_up", agent.id), agent.wrap_up_ends_at)
        floor.emit(WrapUpStarted(now, agent.id, offer.queue, offer.call, agent.wrap_up_ends_at))
        floor.report_agent(agent, now)


def leg_ended(floor: Floor, offer_id: OfferId, now: float) -> None:
    """The agent's leg, which had talked, is gone: his phone has hung up."""
    offer = floor.offers.get(offer_id)
    if offer is None:
        return
    if offer.connected_at is None:
        failed(floor, offer_id, RingOutcome.CALLER_LEFT, now)
        return
    left_talk(floor, offer_id, now)
    del floor.offers[offer_id]
    call = floor.calls.get(offer.call)
    if call is not None and offer.id in call.offers:
        call.offers.remove(offer.id)
    agent = floor.agents[offer.agent]
    agent.leg_open = False
    agent.offer = None
    if agent.activity_moves(ActivitySignal.LEG_ENDED, now):
        agent.call = agent.queue = None
        left = _go_home(floor, agent, now)
        floor.report_agent(agent, now, "presence" if left else "activity")
    review_and_match(floor, agent, now)


def work_unseen(floor: Floor, agent: Agent, queue: QueueId, call: CallId, now: float) -> None:
    """An IDLE agent has talked, or may have, and nobody saw the end: his wrap-up begins now."""
    line = floor.lines.get(queue)
    if line is None or line.plan.wrap_up_seconds <= 0 or agent.activity is not Activity.IDLE:
        return
    agent.activity, agent.since = Activity.WRAP_UP, now
    agent.call, agent.queue = call, queue
    agent.wrap_up_started_at, agent.wrap_up_ends_at = now, now + line.plan.wrap_up_seconds
    floor.deadlines.set(("wrap_up", agent.id), agent.wrap_up_ends_at)
    floor.emit(WrapUpStarted(now, agent.id, queue, call, agent.wrap_up_ends_at))


def end_wrap_up(floor: Floor, agent: Agent, how: WrapUpEnd, now: float) -> bool:
    """End the agent's wrap-up and find him a call at once; False when he has none."""
    if agent.activity is not Activity.WRAP_UP:
        return False
    floor.deadlines.clear(("wrap_up", agent.id))
    assert agent.queue is not None
    seconds = now - agent.wrap_up_started_at
    line = floor.lines[agent.queue]
    line.wrap_ups.take(seconds)
    floor.emit(WrapUpEnded(now, agent.id, agent.queue, how, seconds, agent.call))
    agent.activity_moves(ActivitySignal.WRAP_UP_ENDED, now)
    agent.wrap_up_ends_at = None
    agent.call = agent.queue = None
    left = _go_home(floor, agent, now)
    floor.report_agent(agent, now, "presence" if left else "activity")
    review_and_match(floor, agent, now)
    return True


def _go_home(floor: Floor, agent: Agent, now: float) -> bool:
    """Log the agent out if his shift was over while he had a call; tell whether it was."""
    if not agent.leaves or agent.activity is not Activity.IDLE:
        return False
    floor.at_phone.pop(agent.phone, None)
    agent.phone = agent.plan.phone
    return agent.presence_moves(PresenceSignal.LOG_OUT, "", now)


def silence(floor: Floor, call: Call, now: float) -> None:
    """The caller hung up, or is not where he could be joined: no phone rings for him any more."""
    for offer_id in tuple(call.offers):
        offer = floor.offers.get(offer_id)
        if offer is not None:
            cancel(floor, offer, now)
