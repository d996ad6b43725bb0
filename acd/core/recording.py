"""Recordings of talks: whose, by whose leave, and what was left out of them.

Nothing is recorded but a talk of a queue that records with a caller who has said yes when he was
asked, once, before the queue; no key, or any other, is no. Without his yes the PBX is not even told
the name of a file. While an agent has paused, the PBX writes silence; that it does is told to him
only when the PBX has said so.
"""

import re
from typing import Final

import msgspec

from acd.core.call import Call
from acd.core.commands import MuteRecording
from acd.core.events import (
    RecordingAction,
    RecordingExpired,
    RecordingMuted,
    RecordingRequested,
)
from acd.core.floor import Floor
from acd.core.ids import OfferId, PbxId, QueueId
from acd.core.memory import LegVisit, Pause
from acd.core.offer import Offer
from acd.core.plan import Enqueue
from acd.core.records import RecordingDeleted, Replied

CONSENT: Final = "recording_consent"
"""The caller's attribute: ``yes`` or ``no`` once he was asked."""

YES_KEY: Final = "1"

_GONE: Final = "the talk is over"
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_.-]")


def note_consent(call: Call, node: Enqueue) -> None:
    """Take down what the caller has answered on his way into a queue, where he was asked."""
    if node.asks_recording and call.dialogue is not None:
        typed = call.dialogue.attributes.get(CONSENT, "")
        said = "yes" if typed == YES_KEY else "no"
        # What a dialogue knows becomes the call's whenever it is heard of again.
        call.attributes[CONSENT] = call.dialogue.attributes[CONSENT] = said


def file_for(floor: Floor, call: Call, queue: QueueId) -> str:
    """Return below the folder of recordings the file for a talk in this queue; "" for none."""
    records = floor.lines[queue].plan.recording is not None
    if not records or call.attributes.get(CONSENT) != "yes":
        return ""
    if not floor.plan.recordings_path_on_pbx:
        return ""
    # A first dot would hide the file, and two are a way up.
    return f"{queue}/{_UNSAFE.sub('_', call.id).lstrip('.')}.wav"


def recorded(call: Call) -> str:
    """Return the file of the call's talk, "" when it has none."""
    talks = [leg for leg in call.legs.values() if leg.connected_at is not None]
    return next((leg.recording for leg in talks if leg.recording), "")


# -- pauses ------------------------------------------------------------------------------------


def happened(
    floor: Floor, event: RecordingRequested | RecordingMuted | RecordingExpired, now: float
) -> None:
    """Do what an event about recordings asks for."""
    match event:
        case RecordingRequested():
            _requested(floor, event, now)
        case RecordingMuted():
            _muted(floor, event, now)
        case RecordingExpired(call):
            floor.emit(RecordingDeleted(now, call))


def _requested(floor: Floor, event: RecordingRequested, now: float) -> None:
    """An agent wants his talk's recording paused, or resumed: answered when the PBX has done it."""
    agent = floor.agents.get(event.agent)
    offer = floor.offers.get(agent.offer) if agent is not None and agent.offer else None
    call = floor.calls.get(offer.call) if offer is not None else None
    leg = _leg(floor, offer) if offer is not None else None
    refusal = ""
    if agent is None:
        refusal = f"no agent {event.agent!r}"
    elif offer is None or call is None or offer.connected_at is None or offer.talk_over:
        refusal = "not in a talk"
    elif leg is None or not leg.recording:
        refusal = "this talk is not recorded"
    elif call.pbx not in floor.live:
        refusal = "the PBX is not connected; try again"
    if refusal or offer is None:
        floor.emit(Replied(now, event.request, refusal))
        return
    pause = event.action is RecordingAction.PAUSE
    offer.mutings.append((event.request, pause))
    floor.emit(MuteRecording(offer.id, offer.call, pause))


def _muted(floor: Floor, event: RecordingMuted, now: float) -> None:
    """The PBX has paused or resumed a recording, or could not: whoever asked is told."""
    offer = floor.offers.get(event.offer)
    if offer is None or not offer.mutings:
        return
    request, pause = offer.mutings.pop(0)
    if event.done:
        _note_pause(floor, offer, pause, now)
    word = "paused" if pause else "resumed"
    floor.emit(Replied(now, request, "" if event.done else f"the PBX has not {word} it"))


def talk_over(floor: Floor, offer: Offer, now: float) -> None:
    """The talk is over, and its recording with it."""
    _note_pause(floor, offer, False, now)
    _refuse(floor, offer, _GONE, now)


def link_lost(floor: Floor, pbx: PbxId, now: float) -> None:
    """What was asked of this PBX and not answered will not be."""
    for offer in floor.offers.values():
        call = floor.calls.get(offer.call)
        if offer.mutings and (call is None or call.pbx == pbx):
            _refuse(floor, offer, "the connection to the PBX was lost; try again", now)


def _refuse(floor: Floor, offer: Offer, why: str, now: float) -> None:
    for request, _ in offer.mutings:
        floor.emit(Replied(now, request, why))
    offer.mutings.clear()


def _leg(floor: Floor, offer: Offer) -> LegVisit | None:
    call = floor.calls.get(offer.call)
    return call.legs.get(offer.id) if call is not None else None


def _note_pause(floor: Floor, offer: Offer, begins: bool, now: float) -> None:
    call, leg = floor.calls.get(offer.call), _leg(floor, offer)
    if call is None or leg is None:
        return
    pauses = leg.pauses
    open_one = bool(pauses) and pauses[-1].ended_at is None
    if begins and not open_one:
        pauses = (*pauses, Pause(now))
    elif not begins and open_one:
        pauses = (*pauses[:-1], msgspec.structs.replace(pauses[-1], ended_at=now))
    if pauses != leg.pauses:
        call.leg_changes(OfferId(offer.id), pauses=pauses)
        floor.keep(call)
