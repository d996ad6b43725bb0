"""A centre whose engine is killed: what the next one finds on the PBX, and the next one itself."""

from acd.core.events import CallFoundWaiting, Event, RingFound, TalkFound
from acd.core.plan import Plan
from acd.core.records import CallState
from acd.core.waiting import place_of
from tests.core.centre import PBX, Centre


def found_on_the_pbx(centre: Centre) -> list[Event]:
    """Return what a new engine would read: who stands in which room, who talks with whom."""
    floor = centre.engine.floor
    found: list[Event] = []
    for call in floor.calls.values():
        talks = [floor.offers[one] for one in call.offers if floor.offers[one].connected_at]
        if call.state in (CallState.IN_MENU, CallState.ARRIVED):
            continue
        if talks and not talks[0].talk_over:
            phone = floor.agents[talks[0].agent].phone
            found.append(TalkFound(talks[0].id, call.id, PBX, call.ani, phone, place_of(call)))
        else:
            found.append(CallFoundWaiting(call.id, PBX, call.ani, place_of(call), call.in_room))
    for offer in floor.offers.values():
        if offer.connected_at is None and not offer.cancelled and offer.call in floor.calls:
            how_far = (offer.ringing_seen, offer.answered)
            found.append(RingFound(offer.id, offer.call, offer.claim, offer.phone, *how_far))
    return found


def killed(
    centre: Centre, house: Plan, *, away_seconds: float = 0.0, vanished: bool = False
) -> Centre:
    """Return the centre with a new engine, which finds on the PBX what there was."""
    found = [] if vanished else found_on_the_pbx(centre)
    again = Centre(house, now=centre.now + away_seconds, memory=centre.memory(), found=found)
    again.calls = centre.calls
    return again
