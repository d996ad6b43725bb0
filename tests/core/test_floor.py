"""A new plan: people keep their state, calls their places."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from acd.core.events import (
    DeviceState,
    PlanReplaced,
)
from acd.core.floor import TALKS_KEPT, Floor
from acd.core.ids import AgentId, DeviceId
from acd.core.plan import AgentAction
from acd.core.queueplan import PreferredAgent, Relaxation, Strategy
from acd.core.records import (
    CallEnded,
    CallState,
    Outcome,
)
from acd.core.tokens import Tokens
from tests.core.centre import Centre, cancelled, rung
from tests.plans import ALL, needs, plan, with_agent, with_queue, with_queues


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


def test_a_call_relaxed_further_than_a_new_plan_goes_asks_for_what_that_asks_last() -> None:
    steps = tuple(
        Relaxation(after_seconds=10.0 * number, requirement=needs(fault=5 - number))
        for number in (1, 2, 3)
    )
    base = plan({"1001": {"fault": 4}})
    old = with_queue(base, "fault", requirement=needs(fault=9), relaxations=steps)
    centre = Centre(old)
    call = centre.call_in()
    centre.wait(31.0)
    shorter = with_queue(base, "fault", requirement=needs(fault=9), relaxations=steps[:1])
    centre.feed(PlanReplaced(shorter))
    centre.request("1001", AgentAction.LOG_IN)
    assert rung(centre) == [(call, "1001")]


def test_callers_of_a_queue_that_is_gone_from_the_plan_are_still_served() -> None:
    both = plan({"1001": ALL})
    centre = Centre(both)
    call = centre.call_in("2")
    fewer = {name: queue for name, queue in both.queues.items() if name != "billing"}
    centre.feed(PlanReplaced(msgspec.structs.replace(both, queues=fewer)))
    centre.request("1001", AgentAction.LOG_IN)
    assert rung(centre) == [(call, "1001")]
    centre.end_talk(centre.lift("1001"), call)
    assert [one.outcome for one in centre.take(CallEnded)] == [Outcome.ANSWERED]


def test_a_new_strategy_holds_for_those_who_are_free_already() -> None:
    base = plan({"1001": ALL, "1002": ALL})
    centre = Centre(base, "1001", "1002")
    order = (AgentId("1002"),)
    centre.feed(
        PlanReplaced(with_queue(base, "fault", strategy=Strategy.ORDERED, agent_order=order))
    )
    call = centre.call_in()
    assert rung(centre) == [(call, "1002")]


def test_the_idle_order_the_turn_and_the_counts_survive_a_new_plan() -> None:
    base = with_queues(
        plan({"1001": ALL, "1002": ALL}, wrap_up_seconds=0), strategy=Strategy.ROUND_ROBIN
    )
    centre = Centre(base, "1001", "1002")
    centre.call_in()
    centre.talk("1001")
    centre.take()
    centre.feed(PlanReplaced(base))
    second = centre.call_in()
    assert rung(centre) == [(second, "1002")]


def test_a_phone_rings_on_when_its_agent_is_taken_out_of_the_plan() -> None:
    centre = Centre(plan({"1001": ALL, "1002": ALL}), "1001")
    call = centre.call_in()
    centre.feed(PlanReplaced(plan({"1002": ALL})))
    assert cancelled(centre) == []
    offer = centre.lift("1001")
    assert centre.call(call).agent == "1001"
    centre.end_talk(offer, call)
    assert "no longer in agents.yaml" in centre.request("1001", AgentAction.READY)


def test_a_caller_kept_for_an_agent_who_is_taken_out_of_the_plan_is_anybodys() -> None:
    preferred = PreferredAgent(patience_seconds=600.0, within_seconds=3600.0)
    base = with_queue(
        plan({"1001": ALL, "1002": ALL}, wrap_up_seconds=0), "fault", preferred_agent=preferred
    )
    centre = Centre(base, "1001")
    centre.call_in()
    centre.talk("1001")
    centre.phone("1001", DeviceState.BUSY)
    centre.request("1002", AgentAction.LOG_IN)
    call = centre.call_in()
    centre.take()
    fewer = {name: agent for name, agent in base.agents.items() if name != "1001"}
    centre.feed(PlanReplaced(msgspec.structs.replace(base, agents=fewer)))
    assert rung(centre) == [(call, "1002")]


def test_an_agent_whose_phone_changes_in_the_plan_moves_when_he_has_logged_out() -> None:
    centre = Centre(plan(), "1001")
    moved = with_agent(plan(), "1001", phone=DeviceId("PJSIP/2001"))
    centre.feed(PlanReplaced(moved))
    assert centre.agent("1001").phone == "PJSIP/1001"
    centre.request("1001", AgentAction.LOG_OUT)
    centre.request("1001", AgentAction.LOG_IN)
    assert centre.agent("1001").phone == "PJSIP/2001"


def test_callers_remembered_are_only_so_many_and_the_oldest_goes_first() -> None:
    floor = Floor(plan(), Tokens(b"0123456789abcdef").next)
    for number in range(TALKS_KEPT + 1):
        floor.remember_talk(f"{number}", AgentId("1001"), float(number))
    assert len(floor.last_talks) == TALKS_KEPT
    assert "0" not in floor.last_talks
    floor.remember_talk("", AgentId("1001"), 1.0)
    assert "" not in floor.last_talks


@given(st.integers(0, 16**20 - 1))
def test_chance_is_above_zero_and_at_most_one(drawn: int) -> None:
    floor = Floor(plan(), lambda: f"{drawn:020x}")
    assert 0.0 < floor.chance() <= 1.0
