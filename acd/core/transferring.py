"""Taking down that an agent has passed his caller on.

His talk and his part end with his own leg, as always; the call goes on without him, and without us:
who has it now is busy because his phone is.
"""

from acd.core.floor import Floor
from acd.core.ids import AgentId, DeviceId
from acd.core.offer import Offer
from acd.core.records import CallTransferred, TrailStep
from acd.core.transfer import LegTransferred, Transferred


def happened(floor: Floor, event: LegTransferred, now: float) -> None:
    """Write it into the call's record, and tell it before the talk's end is told."""
    offer = floor.offers.get(event.offer)
    if offer is None or offer.connected_at is None:
        return
    to = _agent_of(floor, offer, event)
    call = floor.calls.get(offer.call)
    if call is not None:
        made = Transferred(event.kind, event.number, to)
        call.leg_changes(offer.id, transferred=made)
        call.trail.append(TrailStep(now, "transferred", f"{made.kind} to {made.number}", to))
        floor.keep(call)
    floor.emit(
        CallTransferred(
            now, offer.call, offer.queue, offer.agent, event.kind, event.number, to, event.said
        )
    )


def _agent_of(floor: Floor, offer: Offer, event: LegTransferred) -> AgentId | None:
    """Return whose phone he went to; a number is the name of a phone like the agent's own."""
    technology = offer.phone.partition("/")[0]
    phone = event.phone or DeviceId(f"{technology}/{event.number}")
    agent = floor.agent_at(phone)
    return agent.id if agent is not None else None
