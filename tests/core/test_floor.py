"""A new plan: people keep their state, calls their places."""

from acd.core.events import (
    PlanReplaced,
)
from acd.core.plan import AgentAction
from acd.core.records import (
    CallState,
)
from tests.core.centre import Centre, rung
from tests.plans import ALL, plan


def test_a_new_plan_gives_a_trainee_his_skill_without_touching_places() -> None:
    centre = Centre(plan({"1001": {"fault": 1}}), "1001")
    first, second = centre.call_in("2"), centre.call_in("2")
    assert rung(centre) == []
    centre.feed(PlanReplaced(plan({"1001": {"fault": 1, "billing": 1}})))
    assert rung(centre) == [(first, "1001")]
    assert centre.call(second).state is CallState.QUEUED


def test_an_agent_removed_from_the_plan_finishes_his_talk_and_gets_no_other() -> None:
    centre = Centre(plan({"1001": ALL, "1002": ALL}), "1001")
    call = centre.call_in()
    offer = centre.answer(call)
    centre.feed(PlanReplaced(plan({"1002": ALL})))
    waiting = centre.call_in()
    centre.take()
    centre.end_talk(offer, call)
    centre.wait(400.0)
    assert rung(centre) == []
    centre.request("1002", AgentAction.LOG_IN)
    assert rung(centre) == [(waiting, "1002")]
