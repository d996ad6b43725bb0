"""The end of a call: its one final record, and everything that hung on it let go."""

from acd.core import voicemail
from acd.core.call import Call, CallSignal
from acd.core.events import RingOutcome
from acd.core.floor import Floor
from acd.core.memory import LegVisit
from acd.core.offers import left_talk, silence
from acd.core.queueplan import Requirement
from acd.core.recording import recorded
from acd.core.records import CallDeflected, CallEnded, Outcome, TrailStep


def end_call(floor: Floor, call: Call, outcome: Outcome | None, now: float) -> None:
    """End the call in the books; ``outcome`` is None when the caller himself hung up.

    UNSEEN when a phone rang for him and nobody saw how ring and call ended. If it was one phone,
    its agent has the wrap-up of the talk that there may have been: he can end a needless one.

    A talk ends with it, also where the agent's leg is told to be out of it only afterwards.
    """
    for offer_id in call.offers:
        left_talk(floor, offer_id, now, caller_left=outcome is None)
    for kind in ("dialogue", "keep", "unplayed", "unbeeped", "enter"):
        floor.deadlines.clear((kind, call.id))
    voicemail.call_ended(floor, call, now)
    del floor.calls[call.id]
    floor.settle(call)
    short_seconds = (
        floor.lines[call.queue].plan.short_abandon_seconds if call.queue is not None else 0.0
    )
    named = call.outcome(now, short_seconds, outcome)
    call.leaves(named.value, now)
    for leg in call.legs.values():
        if leg.ended_at is None:
            call.leg_changes(leg.offer, ended_at=now, how=_leg_ended(floor, leg, named))
    asked = floor.requirement_of(call) if call.queue is not None else Requirement()
    call.trail.append(TrailStep(now, "ended", named.value))
    if named is Outcome.DEFLECTED and call.informed is not None:
        floor.emit(CallDeflected(now, call.id, call.informed.queue))
    floor.emit(
        CallEnded(
            now,
            call.id,
            call.pbx,
            named,
            call.ani,
            call.dnis,
            call.language,
            call.option,
            call.queue,
            call.agent if call.answered_at is not None else None,
            call.arrived_at,
            call.queued_at,
            call.answered_at,
            call.talk_ended_at,
            asked.words(),
            tuple(call.attributes.items()),
            tuple(call.menu_path),
            tuple(call.queue_path),
            tuple(call.legs.values()),
            tuple(sorted(call.heard | call.hearing)),
            call.client,
            recording=recorded(call),
        )
    )
    call.moves(CallSignal.END, now)
    floor.history.note_ended(call.id, call.trail)
    rings = [floor.offers[one] for one in call.offers if not floor.offers[one].cancelled]
    if named is Outcome.UNSEEN and len(rings) == 1:
        rings[0].unseen = True
    silence(floor, call, now)


def _leg_ended(floor: Floor, leg: LegVisit, named: Outcome) -> str:
    """Return what the call's record says of a leg that is still there: this is its last word."""
    if leg.connected_at is not None:
        return "talked"
    if named is Outcome.UNSEEN:
        return named.value
    offer = floor.offers.get(leg.offer)
    answered = offer is not None and offer.answered
    return (RingOutcome.CALLER_LEFT if answered else RingOutcome.CANCELLED).value
