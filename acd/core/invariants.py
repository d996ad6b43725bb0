"""What must be true between any two events, whatever came: checked in tests and simulations.

Each is an assertion with a sentence. A production engine does not pay for them on every event.
"""

from acd.core.floor import Floor
from acd.core.records import Activity, CallState


def check(floor: Floor, now: float) -> None:
    """Raise AssertionError with a sentence when the floor contradicts itself."""
    _check_agents(floor, now)
    _check_calls(floor)
    _check_nobody_waits_in_vain(floor)


def _check_agents(floor: Floor, now: float) -> None:
    for agent in floor.agents.values():
        phone_free = floor.device_of(agent).value == "free"
        can = agent.id in floor.lanes_of and agent.can_be_rung(now, phone_free)
        assert (agent.id in floor.free) == can, f"agent {agent.id}: free is wrong"
        assert (agent.activity is Activity.WRAP_UP) == (agent.wrap_up_ends_at is not None), (
            f"agent {agent.id}: a wrap-up without a deadline, or the other way round"
        )
        if agent.activity in (Activity.RINGING, Activity.TALKING):
            assert agent.offer in floor.offers, f"agent {agent.id} is busy with no offer"
    rung = [offer.agent for offer in floor.offers.values() if not offer.talk_over]
    assert len(rung) == len(set(rung)), "an agent is rung for two calls"


def _check_calls(floor: Floor) -> None:
    for call in floor.calls.values():
        if call.state is CallState.RINGING:
            offer = floor.offers.get(call.offer) if call.offer is not None else None
            assert offer is not None, f"call {call.id} rings for nobody"
            assert offer.call == call.id, f"call {call.id} holds the offer of another"
        assert (call.queue is None) == (call.queued_at is None), f"call {call.id}: half a place"


def _check_nobody_waits_in_vain(floor: Floor) -> None:
    for lane in floor.lanes.values():
        call = lane.first_call(floor.live)
        agent = lane.longest_idle(floor.free)
        assert call is None or agent is None, (
            f"a call waits in {lane.id} while agent {agent} is free"
        )
