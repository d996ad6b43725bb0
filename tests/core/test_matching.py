"""Who gets whom: one order over all queues, and the agent idle longest."""

from acd.core.commands import (
    RingAgent,
)
from acd.core.events import (
    CallerHungUp,
    LegAnswered,
    LegConnected,
    LegEnded,
    LegFailed,
    LegLeftTalk,
    RingOutcome,
)
from acd.core.plan import AgentAction
from tests.core.centre import Centre, rung
from tests.plans import ALL, plan


def test_callers_of_one_queue_are_served_in_order_of_arrival() -> None:
    centre = Centre(plan(wrap_up_seconds=0))
    calls = [centre.call_in() for _ in range(4)]
    centre.request("1001", AgentAction.LOG_IN)
    served = []
    for call in calls:
        served.append(centre.ring_of(call).call)
        centre.end_talk(centre.answer(call), call)
    assert served == calls


def test_one_order_over_all_queues_by_due_time() -> None:
    """Billing is to be served in 60 s and fault in 10 s: a later fault may be due earlier."""
    centre = Centre(plan({"1001": ALL}, targets={"billing": 60.0, "fault": 10.0}))
    billing = centre.call_in("2")
    centre.wait(30.0)
    fault = centre.call_in("1")
    centre.wait(30.0)
    late_fault = centre.call_in("1")
    centre.request("1001", AgentAction.LOG_IN)
    order = []
    for _ in range(3):
        call = centre.take(RingAgent)[-1]
        order.append(call.call)
        offer = call.offer
        centre.feed(LegAnswered(offer), LegConnected(offer), LegLeftTalk(offer), LegEnded(offer))
        centre.feed(CallerHungUp(call.call))
        centre.request("1001", AgentAction.END_WRAP_UP)
    assert order == [fault, billing, late_fault]


def test_the_agent_idle_longest_among_those_with_the_skill_is_rung() -> None:
    agents = {"1001": {"fault": 1}, "1002": {"billing": 1}, "1003": {"fault": 1}}
    centre = Centre(plan(agents), "1003", "1002", "1001")
    first, second = centre.call_in("1"), centre.call_in("1")
    assert rung(centre) == [(first, "1003"), (second, "1001")]


def test_a_ring_the_agent_did_not_get_does_not_cost_him_his_place_in_line() -> None:
    centre = Centre(plan({"1001": ALL, "1002": ALL}), "1001", "1002")
    call = centre.call_in()
    offer = centre.ring_of(call).offer
    centre.feed(CallerHungUp(call), LegFailed(offer, RingOutcome.CANCELLED))
    centre.take()
    again = centre.call_in()
    assert rung(centre) == [(again, "1001")]
