"""What a restarted engine finds on a PBX and takes over: waits, rings and talks under way.

The PBX is the truth: its channels say who waits where, for whom a phone rings and who talks with
whom. What was kept of a call (acd.core.remembering) adds what no channel says. Each of these moves
is a repair, and is told as one.
"""

import msgspec

from acd.core import waiting
from acd.core.agent import ActivitySignal, Agent
from acd.core.attributes import possible
from acd.core.call import Call, CallSignal
from acd.core.clients import enter, first_menu
from acd.core.commands import CancelRing, ChangePlace, HangUpCall
from acd.core.events import CallFoundWaiting, RingFound, RingOutcome, TalkFound
from acd.core.floor import Floor
from acd.core.ids import OfferId, PbxId
from acd.core.matching import match_call, ring_the_others
from acd.core.memory import LegVisit, moved_place
from acd.core.offer import Offer
from acd.core.offers import CANCEL_SECONDS
from acd.core.place import Place
from acd.core.records import Activity, CallState, Noticed, Repaired, RingEnded
from acd.core.remembering import recall, ring_found, talk_ended_unseen


def found_waiting(floor: Floor, event: CallFoundWaiting, now: float) -> None:
    """A caller who waited while we were away: he keeps queue, place and wait clock."""
    if event.call in floor.calls:
        return
    remembered = floor.remembered.get(event.call)
    place = _place_now(floor, event.place, remembered.place if remembered else None, now)
    if place != event.place:
        floor.emit(ChangePlace(event.call, place))
    call = Call(event.call, event.pbx, event.ani, place.dnis, place.queued_at)
    floor.calls[call.id] = call
    kept = recall(floor, call, now)
    if kept is not None and kept.answered_at is not None:
        _talk_is_over(floor, call, place, now)
        return
    floor.emit(Repaired(now, "waiting_call_adopted", call.id))
    if place.queue not in floor.lines:
        text = f"call {call.id} waits in {place.queue!r}: he is asked again where he wants to go"
        floor.emit(Noticed(now, "unknown_queue", text))
        call.moves(CallSignal.MENU, now)
        call.dialogue = enter(floor.plan, call, first_menu(floor.plan, call), place.language)
        call.language = call.dialogue.language
        waiting.enter_menu(floor, call, now)
        return
    needs = possible(floor, place.needs)
    waiting.take_place(floor, call, msgspec.structs.replace(place, needs=needs), now)
    call.in_room = event.in_room
    match_call(floor, call, now)


def _place_now(floor: Floor, place: Place, kept: Place | None, now: float) -> Place:
    """Return the place on a caller's channel by the present clock, if that was set back since.

    What is remembered has been moved already; of an engine without a memory only the places tell.
    """
    floor.set_back_seconds = max(floor.set_back_seconds, place.queued_at - now)
    if floor.set_back_seconds <= 0:
        return place
    if kept is not None and kept.queued_at <= now:
        at = kept
    else:
        at = moved_place(place, floor.set_back_seconds)
    return msgspec.structs.replace(
        place, queued_at=at.queued_at, entered_at=at.entered_at, due_at=at.due_at
    )


def _waited(call: Call, place: Place) -> None:
    """Write down of a call that does not wait any more where it did."""
    call.queued_at, call.entered_at, call.due_at = place.queued_at, place.entered_at, place.due_at
    call.language, call.option = place.language, place.option


def _talk_is_over(floor: Floor, call: Call, place: Place, now: float) -> None:
    """He was answered, and stands where he waited before only because he is on his way out."""
    _waited(call, place)
    call.queue = place.queue if place.queue in floor.lines else None
    call.agent = next((leg.agent for leg in call.legs.values() if leg.connected_at), None)
    call.moves(CallSignal.CONNECT, now)
    floor.emit(Repaired(now, "talk_ended_unseen", call.id), HangUpCall(call.id))


def found_ringing(floor: Floor, event: RingFound, now: float) -> None:
    """A ring of an engine that is gone goes on as ours, if we would still make it."""
    call = floor.calls.get(event.call)
    leg = call.legs.get(event.offer) if call is not None else None
    agent = floor.agents.get(leg.agent) if leg is not None else floor.agent_at(event.phone)
    waits = call is not None and call.state in (CallState.QUEUED, CallState.RINGING)
    if call is None or agent is None or not waits or agent.activity is not Activity.IDLE:
        if not event.answered:
            ring_found(floor, event.call, event.offer, now)
        floor.emit(CancelRing(event.offer, event.call, False))
        return
    assert call.queue is not None
    queue = floor.lines[call.queue].plan
    offer = Offer(event.offer, call.id, agent.id, queue.id, event.phone, call.ani, now)
    offer.rung_at = leg.rung_at if leg is not None else now
    offer.claim, offer.ringing_seen, offer.answered = event.claim, event.ringing, event.answered
    floor.offers[offer.id] = offer
    if call.state is CallState.QUEUED:
        call.moves(CallSignal.OFFER, now)
    call.offers.append(offer.id)
    call.claim, call.agent = event.claim, agent.id
    call.legs.setdefault(
        offer.id, LegVisit(offer.id, agent.id, queue.id, event.phone, offer.rung_at)
    )
    agent.activity_moves(ActivitySignal.OFFER, now)
    agent.offer, agent.call, agent.queue = offer.id, call.id, queue.id
    floor.deadlines.set(("ring", offer.id), now + queue.ring_timeout_seconds + CANCEL_SECONDS)
    ring_the_others(floor, call, now)
    floor.emit(Repaired(now, "ring_adopted", call.id))
    floor.report_agent(agent, now)
    floor.review_agent(agent, now)


def close_lost_rings(floor: Floor, pbx: PbxId, now: float) -> None:
    """The PBX has been read: rings and talks of a former engine that it does not show are over."""
    for call in floor.calls.values():
        if call.pbx != pbx or not call.legs:
            continue
        for leg in tuple(call.legs.values()):
            if leg.ended_at is not None or leg.offer in floor.offers:
                continue
            floor.keep(call)
            if leg.connected_at is not None:
                talk_ended_unseen(floor, call, leg, now)
                continue
            call.leg_changes(leg.offer, ended_at=now, how=RingOutcome.CANCELLED.value)
            if leg.agent in floor.agents:
                seconds, cancelled = now - leg.rung_at, RingOutcome.CANCELLED
                floor.emit(
                    RingEnded(now, leg.offer, call.id, leg.queue, leg.agent, cancelled, seconds)
                )


def found_talking(floor: Floor, event: TalkFound, now: float) -> None:
    """A talk that goes on without us since we were away: agent and caller are what they were."""
    if event.call in floor.calls or event.offer in floor.offers:
        return
    place = event.place
    if place is not None:
        place = moved_place(place, floor.set_back_seconds)
    call = Call(event.call, event.pbx, event.ani, place.dnis if place is not None else "", now)
    if place is not None:
        call.arrived_at = place.queued_at
        _waited(call, place)
    kept = recall(floor, call, now)
    floor.calls[call.id] = call
    floor.emit(Repaired(now, "talk_adopted", call.id))
    leg = call.legs.get(event.offer)
    if kept is not None:
        call.language, call.queued_at = kept.language, kept.queued_at
    waited_in = [leg.queue] if leg is not None else []
    waited_in += [place.queue] if place is not None else []
    call.queue = next((queue for queue in waited_in if queue in floor.lines), None)
    call.moves(CallSignal.CONNECT, now)
    talk_from = leg.connected_at if leg is not None and leg.connected_at is not None else now
    call.answered_at = call.answered_at if call.answered_at is not None else talk_from
    agent = floor.agents.get(leg.agent) if leg is not None else floor.agent_at(event.phone)
    if agent is not None and agent.offer is None and call.queue is not None:
        _adopt_talk(floor, call, agent, event.offer, talk_from, now)


def _adopt_talk(
    floor: Floor, call: Call, agent: Agent, offer_id: OfferId, talk_from: float, now: float
) -> None:
    """The agent is found talking with this CONNECTED caller, since ``talk_from``."""
    assert call.queue is not None
    leg = call.legs.get(offer_id)
    phone = leg.phone if leg is not None else agent.phone
    if leg is None:
        leg = LegVisit(offer_id, agent.id, call.queue, phone, talk_from, talk_from)
    call.legs[offer_id] = msgspec.structs.replace(leg, connected_at=talk_from)
    floor.deadlines.clear(("wrap_up", agent.id))
    agent.wrap_up_ends_at = None
    agent.activity, agent.since = Activity.TALKING, talk_from
    agent.offer, agent.call, agent.queue = offer_id, call.id, call.queue
    agent.leg_open = True
    offer = Offer(offer_id, call.id, agent.id, call.queue, phone, call.ani, leg.rung_at)
    offer.claim, offer.answered, offer.connected_at = offer_id, True, talk_from
    floor.offers[offer_id] = offer
    call.offers, call.agent, call.claim = [offer_id], agent.id, offer_id
    floor.keep(call)
    floor.report_agent(agent, now)
    floor.review_agent(agent, now)
