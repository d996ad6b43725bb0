"""Who gets whom: one order over all queues, preferred agents, reserves, needs that are relaxed."""

import pytest

from acd.core.commands import (
    RingAgent,
)
from acd.core.events import (
    CallerHungUp,
    DeviceState,
    LegAnswered,
    LegConnected,
    LegEnded,
    LegFailed,
    LegLeftTalk,
    MenuReached,
    PbxDown,
    PbxLive,
    PlanReplaced,
    RingOutcome,
    WaitingRoomEntered,
    WaitingRoomLeft,
)
from acd.core.ids import AgentId, CallId, SkillId
from acd.core.plan import AgentAction, Grant, Plan
from acd.core.queueplan import PreferredAgent, Relaxation, Requirement, Strategy
from acd.core.records import CallState
from tests.core.centre import PBX, Centre, rung
from tests.plans import ALL, needs, plan, with_agent, with_queue, with_queues


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


def test_callers_between_two_rounds_of_music_are_passed_over_and_keep_their_place() -> None:
    centre = Centre(plan({"1001": ALL, "1002": ALL}))
    first, second = centre.call_in(), centre.call_in()
    centre.feed(WaitingRoomLeft(first))
    centre.request("1001", AgentAction.LOG_IN)
    assert rung(centre) == [(second, "1001")]
    third = centre.call_in()
    centre.feed(WaitingRoomEntered(first))
    centre.request("1002", AgentAction.LOG_IN)
    assert rung(centre) == [(first, "1002")]
    assert centre.call(third).state is CallState.QUEUED


def test_when_a_pbx_comes_back_each_queue_takes_its_agents_by_its_own_strategy() -> None:
    base = plan({"1001": ALL, "1002": ALL, "1003": ALL})
    order = (AgentId("1003"), AgentId("1001"))
    base = with_queue(base, "fault", strategy=Strategy.ORDERED, agent_order=order)
    centre = Centre(base, "1001", "1002", "1003")
    centre.feed(PbxDown(PBX))
    fault, billing, last = centre.call_in("1"), centre.call_in("2"), centre.call_in("2")
    assert rung(centre) == []
    centre.feed(PbxLive(PBX))
    assert rung(centre) == [(fault, "1003"), (billing, "1001"), (last, "1002")]


def test_calls_of_a_pbx_that_is_away_wait_and_those_of_others_are_served() -> None:
    centre = Centre(plan({"1001": ALL}))
    centre.call_in()
    centre.feed(PbxDown(PBX))
    centre.request("1001", AgentAction.LOG_IN)
    assert rung(centre) == []
    centre.feed(PbxLive(PBX))
    assert len(rung(centre)) == 1


# -- needs that are relaxed ----------------------------------------------------------------------


def test_a_relaxed_call_reaches_who_did_not_fit_and_keeps_its_place() -> None:
    agents = {"1001": {"fault": 2}}
    steps = (
        Relaxation(after_seconds=30.0, requirement=needs(fault=4)),
        Relaxation(after_seconds=60.0, requirement=needs(fault=2)),
    )
    base = with_queue(plan(agents), "fault", requirement=needs(fault=8), relaxations=steps)
    centre = Centre(base, "1001")
    call = centre.call_in()
    due_at = centre.call(call).due_at
    centre.wait(59.9)
    assert rung(centre) == []
    centre.wait(0.1)
    assert rung(centre) == [(call, "1001")]
    assert centre.call(call).due_at == due_at


def test_who_fits_only_after_a_relaxation_serves_the_first_of_those_who_have_relaxed() -> None:
    agents = {"1001": {"fault": 1}}
    step = Relaxation(after_seconds=30.0, requirement=needs(fault=1))
    base = with_queue(plan(agents), "fault", requirement=needs(fault=5), relaxations=(step,))
    centre = Centre(base)
    first = centre.call_in()
    centre.wait(20.0)
    centre.call_in()
    centre.wait(15.0)
    centre.request("1001", AgentAction.LOG_IN)
    assert rung(centre) == [(first, "1001")]


def test_a_relaxation_may_ask_for_somebody_else_altogether() -> None:
    agents = {"1001": {"fault": 9}, "1002": {"billing": 1}}
    step = Relaxation(after_seconds=30.0, requirement=needs(billing=1))
    centre = Centre(with_queue(plan(agents), "fault", relaxations=(step,)), "1002")
    call = centre.call_in()
    centre.wait(30.0)
    assert rung(centre) == [(call, "1002")]
    centre.lose("1002", RingOutcome.DECLINED)
    centre.request("1001", AgentAction.LOG_IN)
    assert rung(centre) == []


def test_a_call_is_relaxed_while_it_rings_and_is_offered_by_it_once_the_ring_has_failed() -> None:
    agents = {"1001": {"fault": 9}, "1002": {"fault": 1}}
    step = Relaxation(after_seconds=10.0, requirement=needs(fault=1))
    base = with_queue(plan(agents), "fault", requirement=needs(fault=9), relaxations=(step,))
    centre = Centre(base, "1001", "1002")
    call = centre.call_in()
    centre.wait(12.0)
    assert rung(centre) == [(call, "1001")]
    centre.lose("1001", RingOutcome.DECLINED)
    assert rung(centre) == [(call, "1002")]


def test_one_of_several_alternatives_is_enough() -> None:
    agents = {"1001": {"fault": 3}, "1002": {"fault": 3, "meter": 2}, "1003": {"water": 1}}
    asked = Requirement(needs(fault=3).all_of, needs(meter=2, water=1).all_of)
    centre = Centre(with_queue(plan(agents), "fault", requirement=asked), *agents)
    call, behind = centre.call_in(), centre.call_in()
    assert rung(centre) == [(call, "1002")]
    assert centre.call(behind).state is CallState.QUEUED


# -- skills with dates ---------------------------------------------------------------------------


def trainee(centre_now: float, valid_from: float | None, valid_until: float | None) -> Plan:
    """Return a plan in which 1001 has fault at grade 3 from and until so many seconds from now."""
    grant = Grant(
        skill=SkillId("fault"),
        grade=3,
        valid_from=None if valid_from is None else centre_now + valid_from,
        valid_until=None if valid_until is None else centre_now + valid_until,
    )
    return with_agent(plan({"1001": {"billing": 1}, "1002": {"fault": 1}}), "1001", grants=(grant,))


NOW = 1_000_000.0
"""When a ``Centre`` begins."""


def test_a_skill_that_begins_rings_the_caller_who_waits_for_it_at_that_moment() -> None:
    centre = Centre(trainee(NOW, 600.0, None), "1001")
    call = centre.call_in()
    centre.wait(598.9)
    assert rung(centre) == []
    centre.wait(0.1)
    assert rung(centre) == [(call, "1001")]


def test_a_skill_that_has_ended_is_not_asked_for_any_more() -> None:
    centre = Centre(trainee(NOW, None, 600.0), "1001")
    call = centre.call_in()
    assert rung(centre) == [(call, "1001")]
    offer = centre.lift("1001")
    centre.wait(700.0)
    centre.end_talk(offer, call)
    centre.request("1001", AgentAction.END_WRAP_UP)
    centre.call_in()
    assert rung(centre) == []
    billing = centre.call_in("2")
    assert rung(centre) == [(billing, "1001")]


def test_a_grade_that_rises_for_a_while_counts_while_it_lasts() -> None:
    base = with_queue(trainee(NOW, 100.0, 200.0), "fault", requirement=needs(fault=3))
    base = with_agent(base, "1001", skills={SkillId("fault"): 1})
    centre = Centre(base, "1001")
    call = centre.call_in()
    centre.wait(120.0)
    assert rung(centre) == [(call, "1001")]
    centre.lose("1001", RingOutcome.DECLINED)
    centre.wait(100.0)
    again = rung(centre)
    assert again == [(call, "1001")]
    centre.lose("1001", RingOutcome.DECLINED)
    centre.wait(100.0)
    assert rung(centre) == []


# -- preferred agent -----------------------------------------------------------------------------

REGULAR = "0401234567"
"""A caller who has talked with agent 1002 before."""


def regulars(agents: dict[str, dict[str, int]] | None = None, **more: object) -> Centre:
    """Return a centre in which REGULAR has just talked with 1002; all agents are free again."""
    preferred = PreferredAgent(patience_seconds=60.0, within_seconds=86_400.0)
    base = plan(agents or {"1001": ALL, "1002": ALL}, wrap_up_seconds=0)
    centre = Centre(with_queue(base, "fault", preferred_agent=preferred, **more), "1002")
    centre.call_in(ani=REGULAR)
    centre.talk("1002", 30.0)
    for agent in agents or ("1001",):
        centre.request(agent, AgentAction.LOG_IN)
    centre.wait(1.0)
    centre.take()
    return centre


def test_a_caller_who_was_here_before_gets_the_agent_he_talked_to() -> None:
    centre = regulars()
    centre.request("1002", AgentAction.NOT_READY, "break")
    centre.request("1002", AgentAction.READY)
    regular, stranger = centre.call_in(ani=REGULAR), centre.call_in(ani="0309999999")
    assert rung(centre) == [(regular, "1002"), (stranger, "1001")]


def busy_with_a_stranger(centre: Centre) -> CallId:
    """1002 talks with somebody else; return that call."""
    centre.request("1001", AgentAction.NOT_READY, "break")
    stranger = centre.call_in(ani="0309999999")
    centre.lift("1002")
    centre.request("1001", AgentAction.READY)
    centre.take()
    return stranger


def test_he_waits_for_a_busy_agent_only_as_long_as_patience_lasts() -> None:
    centre = regulars()
    busy_with_a_stranger(centre)
    regular = centre.call_in(ani=REGULAR)
    centre.wait(59.9)
    assert rung(centre) == []
    centre.wait(0.1)
    assert rung(centre) == [(regular, "1001")]


def test_he_gets_the_agent_who_becomes_free_within_his_patience() -> None:
    centre = regulars()
    stranger = busy_with_a_stranger(centre)
    regular = centre.call_in(ani=REGULAR)
    centre.wait(30.0)
    centre.end_talk(centre.rings["1002"].offer, stranger)
    assert rung(centre) == [(regular, "1002")]


def test_a_caller_who_is_due_before_him_goes_first_to_the_agent_he_waits_for() -> None:
    centre = regulars()
    stranger = busy_with_a_stranger(centre)
    centre.request("1001", AgentAction.LOG_OUT)
    before = centre.call_in(ani="0301111111")
    regular = centre.call_in(ani=REGULAR)
    centre.end_talk(centre.rings["1002"].offer, stranger)
    assert rung(centre) == [(before, "1002")]
    centre.talk("1002")
    assert rung(centre) == [(regular, "1002")]


@pytest.mark.parametrize(
    ("action", "reason"), [(AgentAction.LOG_OUT, ""), (AgentAction.NOT_READY, "break")]
)
def test_when_the_agent_goes_anybody_may_take_his_callers_at_once(
    action: AgentAction, reason: str
) -> None:
    centre = regulars()
    busy_with_a_stranger(centre)
    first, second = centre.call_in(ani=REGULAR), centre.call_in(ani=REGULAR)
    centre.request("1002", action, reason)
    centre.wait(0.0)
    assert rung(centre) == [(first, "1001")]
    centre.talk("1001")
    assert rung(centre) == [(second, "1001")]


@pytest.mark.parametrize(
    "outcome", [RingOutcome.DECLINED, RingOutcome.NO_ANSWER, RingOutcome.UNREACHABLE]
)
def test_a_ring_that_the_preferred_agent_does_not_take_ends_his_callers_patience(
    outcome: RingOutcome,
) -> None:
    centre = regulars(rona_after=3)
    regular = centre.call_in(ani=REGULAR)
    assert rung(centre) == [(regular, "1002")]
    centre.lose("1002", outcome)
    assert rung(centre) == [(regular, "1001")]


def test_nobody_is_kept_for_an_agent_who_is_not_there_or_cannot_serve_him() -> None:
    agents = {"1001": {"fault": 1, "billing": 1}, "1002": {"fault": 1}}
    centre = regulars(agents)
    preferred = PreferredAgent(patience_seconds=60.0, within_seconds=86_400.0)
    base = plan(agents, wrap_up_seconds=0)
    centre.feed(PlanReplaced(with_queue(base, "billing", preferred_agent=preferred)))
    billing = centre.call_in("2", ani=REGULAR)
    assert rung(centre) == [(billing, "1001")]
    centre.talk("1001")


def test_a_talk_too_long_ago_binds_nobody() -> None:
    centre = regulars()
    centre.wait(90_000.0)
    centre.request("1002", AgentAction.NOT_READY, "break")
    centre.request("1002", AgentAction.READY)
    regular = centre.call_in(ani=REGULAR)
    assert rung(centre) == [(regular, "1001")]


def test_who_withholds_his_number_is_kept_for_nobody() -> None:
    centre = regulars()
    centre.request("1001", AgentAction.NOT_READY, "break")
    centre.call_in(ani="")
    centre.talk("1002")
    centre.request("1001", AgentAction.READY)
    busy_with_a_stranger(centre)
    again = centre.call_in(ani="")
    assert rung(centre) == [(again, "1001")]


def test_a_caller_kept_for_an_agent_who_loses_the_skill_is_anybodys_from_then_on() -> None:
    centre = regulars()
    stranger = busy_with_a_stranger(centre)
    regular = centre.call_in(ani=REGULAR)
    preferred = PreferredAgent(patience_seconds=60.0, within_seconds=86_400.0)
    unskilled = plan({"1001": ALL, "1002": {"billing": 1}}, wrap_up_seconds=0)
    centre.feed(PlanReplaced(with_queue(unskilled, "fault", preferred_agent=preferred)))
    assert rung(centre) == [(regular, "1001")]
    centre.end_talk(centre.rings["1002"].offer, stranger)
    assert rung(centre) == []


def test_a_talk_binds_also_when_the_caller_hung_up_before_its_end_was_told() -> None:
    centre = regulars()
    busy_with_a_stranger(centre)
    new = centre.call_in(ani="0302222222")
    offer = centre.lift("1001")
    centre.feed(CallerHungUp(new), LegLeftTalk(offer), LegEnded(offer))
    centre.end_talk(centre.rings["1002"].offer)
    centre.request("1001", AgentAction.NOT_READY, "break")
    centre.wait(1.0)
    centre.request("1001", AgentAction.READY)
    centre.take()
    again = centre.call_in(ani="0302222222")
    assert rung(centre) == [(again, "1001")]


def test_a_caller_whose_relaxed_need_his_agent_does_not_meet_is_anybodys() -> None:
    step = Relaxation(after_seconds=20.0, requirement=needs(billing=1))
    centre = regulars({"1001": {"billing": 1}, "1002": {"fault": 1}}, relaxations=(step,))
    busy_with_a_stranger(centre)
    regular = centre.call_in(ani=REGULAR)
    centre.wait(19.9)
    assert rung(centre) == []
    centre.wait(0.1)
    assert rung(centre) == [(regular, "1001")]


def test_callers_whom_an_agent_leaves_behind_are_served_in_their_order_over_all_queues() -> None:
    preferred = PreferredAgent(patience_seconds=600.0, within_seconds=86_400.0)
    agents = {"1001": ALL, "1002": ALL, "1003": ALL}
    base = plan(agents, wrap_up_seconds=0)
    base = with_queue(base, "fault", preferred_agent=preferred, target_seconds=10.0)
    base = with_queue(base, "billing", preferred_agent=preferred, reserved_agents=1)
    centre = Centre(base, "1002", "1001", "1003")
    centre.call_in("2", ani=REGULAR)
    centre.talk("1002", 30.0)
    centre.call_in("2", ani=REGULAR)
    centre.lift("1002")
    centre.take()
    later, sooner = centre.call_in("2", ani=REGULAR), centre.call_in("1", ani=REGULAR)
    assert rung(centre) == []
    centre.request("1002", AgentAction.NOT_READY, "break")
    centre.wait(0.0)
    assert rung(centre) == [(sooner, "1001"), (later, "1003")]


def test_nor_is_he_rung_by_a_skill_that_has_run_out_meanwhile() -> None:
    preferred = PreferredAgent(patience_seconds=60.0, within_seconds=86_400.0)
    base = with_queue(plan({"1001": ALL, "1002": {}}, wrap_up_seconds=0), "fault")
    grant = Grant(skill=SkillId("fault"), grade=1, valid_until=NOW + 200.0)
    base = with_agent(base, "1002", grants=(grant,))
    centre = Centre(with_queue(base, "fault", preferred_agent=preferred), "1002")
    centre.call_in(ani=REGULAR)
    centre.talk("1002", 100.0)
    centre.wait(60.0)
    stranger = busy_with_a_stranger(centre)
    regular = centre.call_in(ani=REGULAR)
    centre.wait(50.0)
    centre.end_talk(centre.rings["1002"].offer, stranger)
    assert rung(centre) == []
    centre.request("1001", AgentAction.LOG_IN)
    assert rung(centre) == [(regular, "1001")]


def test_a_reserve_that_holds_the_agent_back_from_one_of_his_callers_leaves_him_the_others() -> (
    None
):
    preferred = PreferredAgent(patience_seconds=600.0, within_seconds=86_400.0)
    base = with_queues(plan({"1002": ALL}, wrap_up_seconds=0), preferred_agent=preferred)
    centre = Centre(base, "1002")
    centre.call_in(ani=REGULAR)
    centre.talk("1002")
    centre.feed(PlanReplaced(with_queue(base, "water", reserved_agents=1)))
    centre.phone("1002", DeviceState.BUSY)
    centre.call_in("1", ani=REGULAR)
    hazard = centre.call_in("5", ani=REGULAR)
    centre.take()
    centre.phone("1002", DeviceState.FREE)
    assert rung(centre) == [(hazard, "1002")]


def test_in_a_queue_that_rings_all_he_rings_the_preferred_agent_alone() -> None:
    """Whether the agent was free when he came, or became free while he waited."""
    centre = regulars(strategy=Strategy.RING_ALL)
    regular = centre.call_in(ani=REGULAR)
    assert rung(centre) == [(regular, "1002")]
    centre.talk("1002")
    stranger = busy_with_a_stranger(centre)
    regular = centre.call_in(ani=REGULAR)
    centre.end_talk(centre.rings["1002"].offer, stranger)
    assert rung(centre) == [(regular, "1002")]


# -- reserve -------------------------------------------------------------------------------------

HAZARD = {"fault": 1, "billing": 1, "water": 1}
"""The skills of who serves the hazard queue (water) and others."""


def reserve(count: int, agents: dict[str, dict[str, int]], **more: int) -> Plan:
    """Return a plan in which so many of the water queue's agents are kept for it."""
    base = with_queue(plan(agents, wrap_up_seconds=0), "water", reserved_agents=count)
    for queue, others in more.items():
        base = with_queue(base, queue, reserved_agents=others)
    return base


def test_so_many_agents_are_kept_for_the_hazard_queue_and_the_others_work() -> None:
    agents = dict.fromkeys(("1001", "1002", "1003"), HAZARD)
    centre = Centre(reserve(2, agents), *agents)
    first, second = centre.call_in("1"), centre.call_in("2")
    assert rung(centre) == [(first, "1001")]
    hazard, more = centre.call_in("5"), centre.call_in("5")
    assert rung(centre) == [(hazard, "1002"), (more, "1003")]
    assert centre.call(second).state is CallState.QUEUED


def test_whoever_completes_the_reserve_frees_those_it_kept_back_at_once() -> None:
    """The new one may not even serve the caller who waits."""
    agents = {"1001": HAZARD, "1002": {"water": 1}}
    centre = Centre(reserve(1, agents), "1001")
    billing = centre.call_in("2")
    assert rung(centre) == []
    centre.request("1002", AgentAction.LOG_IN)
    assert rung(centre) == [(billing, "1001")]


def test_a_talk_that_ends_completes_it_as_well() -> None:
    agents = {"1001": HAZARD, "1002": {"water": 1}}
    centre = Centre(reserve(1, agents), "1002", "1001")
    centre.call_in("5")
    offer = centre.lift("1002")
    billing = centre.call_in("2")
    centre.take()
    centre.end_talk(offer, centre.rings["1002"].call)
    assert rung(centre) == [(billing, "1001")]


def test_a_ring_taken_back_while_its_caller_lives_completes_it_as_well() -> None:
    """He is on his way back to the waiting room, so nobody is rung for him meanwhile."""
    agents = {"1001": HAZARD, "1002": {"water": 1}}
    centre = Centre(reserve(1, agents), "1002", "1001")
    hazard = centre.call_in("5")
    billing = centre.call_in("2")
    centre.feed(MenuReached(hazard))
    assert rung(centre) == [(hazard, "1002")]
    centre.lose("1002")
    assert rung(centre) == [(billing, "1001")]


def test_an_agent_who_goes_leaves_the_reserve_short_and_calls_under_way_stay() -> None:
    agents = dict.fromkeys(("1001", "1002"), HAZARD)
    centre = Centre(reserve(1, agents), *agents)
    first = centre.call_in("2")
    assert rung(centre) == [(first, "1001")]
    centre.request("1002", AgentAction.LOG_OUT)
    assert centre.call(first).state is CallState.RINGING
    centre.lose("1001", RingOutcome.DECLINED)
    centre.wait(20.0)
    assert rung(centre) == []
    assert centre.call(first).state is CallState.QUEUED


def test_two_reserves_keep_each_their_own() -> None:
    agents = {
        "1001": {"water": 1, "billing": 1},
        "1002": {"meter": 1, "billing": 1},
        "1003": {"billing": 1},
    }
    centre = Centre(reserve(1, agents, meter=1), "1001", "1002", "1003")
    billing, second = centre.call_in("2"), centre.call_in("2")
    assert rung(centre) == [(billing, "1003")]
    water, meter = centre.call_in("5"), centre.call_in("3")
    assert rung(centre) == [(water, "1001"), (meter, "1002")]
    assert centre.call(second).state is CallState.QUEUED


def test_an_agent_whom_two_queues_reserve_is_kept_from_neither_of_them() -> None:
    """Else both their callers would wait beside a free agent who is kept for both."""
    agents = {"1001": {"water": 1, "meter": 1, "billing": 1}}
    centre = Centre(reserve(1, agents, meter=1), "1001")
    centre.call_in("2")
    assert rung(centre) == []
    water = centre.call_in("5")
    assert rung(centre) == [(water, "1001")]


def test_whoever_completes_two_reserves_frees_those_of_both() -> None:
    agents = {
        "1001": {"water": 1, "billing": 1},
        "1002": {"meter": 1, "fault": 1},
        "1003": {"water": 1, "meter": 1},
    }
    centre = Centre(reserve(1, agents, meter=1), "1001", "1002")
    billing, fault = centre.call_in("2"), centre.call_in("1")
    assert rung(centre) == []
    centre.request("1003", AgentAction.LOG_IN)
    assert sorted(rung(centre)) == [(billing, "1001"), (fault, "1002")]


def test_ring_all_leaves_the_reserve_of_another_queue_alone() -> None:
    agents = dict.fromkeys(("1001", "1002", "1003"), HAZARD)
    base = with_queue(reserve(1, agents), "fault", strategy=Strategy.RING_ALL)
    centre = Centre(base, *agents)
    centre.call_in("1")
    assert [agent for _, agent in rung(centre)] == ["1001", "1002"]


def test_a_reserve_that_a_new_plan_gives_up_frees_who_was_kept() -> None:
    agents = {"1001": HAZARD}
    centre = Centre(reserve(1, agents), "1001")
    billing = centre.call_in("2")
    centre.feed(PlanReplaced(reserve(0, agents)))
    assert rung(centre) == [(billing, "1001")]


def test_a_phone_in_use_does_not_count_for_the_reserve() -> None:
    agents = dict.fromkeys(("1001", "1002"), HAZARD)
    centre = Centre(reserve(1, agents), *agents)
    centre.phone("1002", DeviceState.BUSY)
    billing = centre.call_in("2")
    assert rung(centre) == []
    centre.phone("1002", DeviceState.FREE)
    assert len(rung(centre)) == 1
    assert centre.call(billing).state is CallState.RINGING
