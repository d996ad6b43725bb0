"""What must be true between any two events, whatever came: checked in tests and simulations.

Each is an assertion with a sentence. A production engine does not pay for them on every event.
"""

from acd.core.call import Call
from acd.core.floor import Floor
from acd.core.ids import AgentId
from acd.core.records import Activity, CallState


def check(floor: Floor, now: float) -> None:
    """Raise AssertionError with a sentence when the floor contradicts itself."""
    _check_agents(floor, now)
    _check_calls(floor)
    _check_nobody_waits_in_vain(floor)


def _check_agents(floor: Floor, now: float) -> None:
    for agent in floor.agents.values():
        why_not, _ = agent.why_not(now, floor.device_of(agent))
        can = agent.id in floor.plan.agents and not why_not
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
            assert call.offers, f"call {call.id} rings for nobody"
        for offer_id in call.offers:
            assert offer_id in floor.offers, f"call {call.id} holds an offer that is over"
            assert floor.offers[offer_id].call == call.id, f"call {call.id} holds another's offer"
        waits = call.state in (CallState.QUEUED, CallState.RINGING)
        assert not waits or call.queued_at is not None, f"call {call.id}: half a place"
    for line in floor.lines.values():
        entries = [call for _, _, call in line.entries]
        assert line.entries == sorted(line.entries, key=lambda entry: entry[:2])
        for call in entries:
            assert call.state in (CallState.QUEUED, CallState.RINGING), f"{call.id} stands in line"
            assert call.queue == line.id, f"call {call.id} stands in another line"
            assert call.state is not CallState.QUEUED or call.heap is not None, (
                f"call {call.id} waits where nobody looks"
            )


def _check_nobody_waits_in_vain(floor: Floor) -> None:
    for line in floor.lines.values():
        for _, _, call in line.entries:
            if call.state is CallState.QUEUED and call.in_room and call.pbx in floor.live:
                agent = _who_could(floor, call)
                assert agent is None, f"call {call.id} waits while agent {agent} is free"


def _who_could(floor: Floor, call: Call) -> AgentId | None:
    """Look at every agent, one by one: slow, and without what the matcher keeps."""
    asked = floor.requirement_of(call)
    for agent_id in floor.free:
        wanted = call.preferred is None or call.preferred == agent_id
        fits = asked.met_by(floor.agents[agent_id].skills)
        if wanted and fits and floor.may_take(agent_id, call.queue):
            return agent_id
    return None
