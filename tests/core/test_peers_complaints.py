"""What users of app_queue and mod_callcenter complain of, and what acd does there.

The number in a test's name is that of the complaint. DESIGN.md has the table.
"""

import pytest

from acd.core.events import (
    CallerHungUp,
    DeviceState,
    LegAnswered,
    LegConnected,
    LegEnded,
    LegLeftTalk,
    LegRinging,
    PlanReplaced,
    RingOutcome,
)
from acd.core.plan import AgentAction
from acd.core.queueplan import (
    Relaxation,
    Strategy,
)
from acd.core.records import (
    Activity,
    CallAnswered,
    CallState,
    Presence,
    RingEnded,
    TalkEnded,
    WrapUpEnded,
    WrapUpStarted,
)
from tests.core.centre import Centre, cancelled, rung
from tests.plans import (
    ALL,
    THREE,
    experts_first,
    needs,
    plan,
    with_queue,
)


def test_3_01_wrap_up_is_a_state_with_a_beginning_an_end_and_a_deadline() -> None:
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    centre.talk("1001")
    started = centre.take(WrapUpStarted)
    assert [(one.agent, one.call) for one in started] == [("1001", call)]
    assert centre.agent("1001").wrap_up_ends_at == started[0].ends_at == centre.now + 300.0
    centre.wait(300.0)
    assert [one.seconds for one in centre.take(WrapUpEnded)] == [300.0]


@pytest.mark.parametrize("reload", [False, True])
def test_3_02_wrap_up_neither_overlaps_nor_vanishes_across_queues(reload: bool) -> None:
    base = with_queue(plan({"1001": ALL}), "fault", wrap_up_seconds=30.0)
    centre = Centre(base, "1001")
    centre.call_in("1")
    centre.talk("1001", 20.0)
    waiting = [centre.call_in(str(key)) for key in range(1, 7)]
    centre.take()
    centre.wait(3.0)
    if reload:
        centre.feed(PlanReplaced(base))
    centre.wait(26.9)
    assert rung(centre) == []
    centre.wait(0.2)
    assert rung(centre) == [(waiting[0], "1001")]


def test_3_03_wrap_up_is_not_lost_when_the_agent_transfers_the_caller() -> None:
    """His own leg leaves, the caller talks on with somebody else."""
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    offer = centre.lift("1001")
    centre.wait(30.0)
    centre.feed(LegLeftTalk(offer), LegEnded(offer))
    assert centre.agent("1001").activity is Activity.WRAP_UP
    assert centre.call(call).state is CallState.CONNECTED


def test_3_04_an_agent_who_transferred_is_not_in_the_call_any_more() -> None:
    centre = Centre(plan(wrap_up_seconds=0), "1001")
    call = centre.call_in()
    offer = centre.lift("1001")
    centre.wait(30.0)
    centre.feed(LegLeftTalk(offer), LegEnded(offer))
    centre.wait(3600.0)
    centre.feed(CallerHungUp(call))
    assert [one.talk_seconds for one in centre.take(TalkEnded)] == [30.0]


def test_3_05_an_agent_gets_the_caller_who_is_due_first_of_all_his_queues() -> None:
    centre = Centre(plan({"1001": ALL}))
    waiting = []
    for key in "352146":
        waiting.append(centre.call_in(key))
        centre.wait(1.0)
    centre.request("1001", AgentAction.LOG_IN)
    assert rung(centre) == [(waiting[0], "1001")]


def test_3_05_the_first_caller_of_all_stalls_nobody_behind_him() -> None:
    """Nobody who could take him is there; those behind him ask for others."""
    centre = Centre(plan({"1001": {"billing": 1}}))
    first, billing = centre.call_in("1"), centre.call_in("2")
    centre.request("1001", AgentAction.LOG_IN)
    assert rung(centre) == [(billing, "1001")]
    assert centre.call(first).state is CallState.QUEUED


@pytest.mark.parametrize("outcome", [RingOutcome.DECLINED, RingOutcome.NO_ANSWER])
def test_3_06_a_call_escalates_though_the_better_agent_is_there_and_does_not_answer(
    outcome: RingOutcome,
) -> None:
    centre = Centre(with_queue(experts_first(), "fault", rona_after=9), "1001", "1002")
    call = centre.call_in()
    while centre.now < 1_000_022.0:
        centre.lose("1001", outcome)
        centre.wait(10.0)
    assert centre.rings["1002"].call == call


def test_3_07_an_urgent_queue_blocks_nobody_who_cannot_serve_it() -> None:
    agents = {"1001": {"fault": 1, "billing": 1}}
    base = with_queue(plan(agents), "fault", requirement=needs(fault=5), priority_seconds=3600.0)
    centre = Centre(base)
    urgent, billing = centre.call_in("1"), centre.call_in("2")
    centre.request("1001", AgentAction.LOG_IN)
    assert rung(centre) == [(billing, "1001")]
    assert centre.call(urgent).state is CallState.QUEUED


def test_3_07_nobody_starves_behind_callers_who_are_more_urgent() -> None:
    base = with_queue(plan({"1001": ALL}, wrap_up_seconds=0), "fault", priority_seconds=600.0)
    centre = Centre(base, "1001")
    centre.phone("1001", DeviceState.BUSY)
    billing = centre.call_in("2")
    centre.call_in("1")
    centre.phone("1001", DeviceState.FREE)
    urgent = 0
    while centre.rings["1001"].call != billing:
        centre.call_in("1")
        centre.talk("1001", 60.0)
        urgent += 1
    assert urgent == 11


def test_3_08_each_step_says_whom_it_asks_for_and_the_last_one_stays() -> None:
    agents = {"1001": {"fault": 9}, "1002": {"fault": 3}, "1003": {"billing": 3}}
    steps = (
        Relaxation(after_seconds=10.0, requirement=needs(fault=3)),
        Relaxation(after_seconds=20.0, requirement=needs(billing=1)),
    )
    base = with_queue(plan(agents), "fault", requirement=needs(fault=9), relaxations=steps)
    centre = Centre(base)
    call = centre.call_in()
    centre.wait(500.0)
    for agent in ("1001", "1002"):
        centre.request(agent, AgentAction.LOG_IN)
    assert rung(centre) == []
    centre.request("1003", AgentAction.LOG_IN)
    assert rung(centre) == [(call, "1003")]


@pytest.mark.parametrize("what", ["login", "ready", "wrap-up", "phone"])
def test_3_10_no_ring_waits_for_a_tick(what: str) -> None:
    """Whatever makes a match possible is answered with the ring, in the same step."""
    centre = Centre(plan(), *(() if what == "login" else ("1001",)))
    match what:
        case "ready":
            centre.request("1001", AgentAction.NOT_READY, "break")
        case "wrap-up":
            centre.call_in()
            centre.talk("1001")
        case "phone":
            centre.phone("1001", DeviceState.BUSY)
    centre.take()
    call, now = centre.call_in(), centre.now
    assert rung(centre) == []
    match what:
        case "login":
            centre.request("1001", AgentAction.LOG_IN)
        case "ready":
            centre.request("1001", AgentAction.READY)
        case "wrap-up":
            centre.request("1001", AgentAction.END_WRAP_UP)
        case "phone":
            centre.phone("1001", DeviceState.FREE)
    assert rung(centre) == [(call, "1001")]
    assert centre.now == now


def test_3_10_the_next_caller_rings_in_the_step_in_which_the_agent_hangs_up() -> None:
    centre = Centre(plan(wrap_up_seconds=0), "1001")
    centre.call_in()
    offer = centre.lift("1001")
    waiting = centre.call_in()
    centre.take()
    assert rung(centre) == []
    centre.feed(LegLeftTalk(offer), LegEnded(offer))
    assert rung(centre) == [(waiting, "1001")]


def test_3_11_of_two_who_answer_one_has_the_caller_and_the_other_is_free() -> None:
    centre = Centre(with_queue(plan(THREE), "fault", strategy=Strategy.RING_ALL), *THREE)
    call = centre.call_in()
    offers = {agent: centre.rings[agent].offer for agent in THREE}
    centre.feed(*(LegAnswered(offer) for offer in offers.values()))
    centre.feed(LegConnected(offers["1002"]))
    for agent in ("1001", "1003"):
        centre.lose(agent, RingOutcome.CALLER_LEFT)
        assert centre.agent(agent).activity is Activity.IDLE
    assert [one.agent for one in centre.take(CallAnswered)] == ["1002"]
    assert centre.call(call).agent == "1002"


def test_3_11_who_answers_and_hangs_up_before_the_join_drops_nobody_elses_ring() -> None:
    centre = Centre(with_queue(plan(THREE), "fault", strategy=Strategy.RING_ALL), *THREE)
    call = centre.call_in()
    centre.feed(LegAnswered(centre.rings["1001"].offer))
    centre.lose("1001", RingOutcome.CALLER_LEFT)
    assert cancelled(centre) == []
    assert centre.call(call).state is CallState.RINGING


@pytest.mark.parametrize("silent_after", ["ring", "ringing", "answered", "cancelled", "caller"])
def test_3_14_nobody_is_stuck_when_the_pbx_says_nothing_more(silent_after: str) -> None:
    centre = Centre(plan({"1001": ALL, "1002": ALL}), "1001")
    call = centre.call_in()
    ring = centre.rings["1001"].offer
    match silent_after:
        case "ringing":
            centre.feed(LegRinging(ring))
        case "answered":
            centre.feed(LegAnswered(ring))
        case "cancelled":
            centre.request("1001", AgentAction.NOT_READY, "break")
        case "caller":
            centre.feed(CallerHungUp(call))
    centre.wait(30.0)
    assert [one.offer for one in centre.take(RingEnded)] == [ring]
    assert centre.agent("1001").activity is Activity.IDLE
    centre.request("1002", AgentAction.LOG_IN)
    waiting = centre.call_in() if silent_after == "caller" else call
    assert rung(centre) == [(waiting, "1001" if silent_after == "caller" else "1002")]


def test_3_15_no_phone_rings_for_a_caller_whom_somebody_else_has() -> None:
    centre = Centre(with_queue(plan(THREE), "fault", strategy=Strategy.RING_ALL), "1001", "1002")
    centre.call_in()
    centre.feed(LegAnswered(centre.rings["1001"].offer))
    centre.take()
    centre.request("1003", AgentAction.LOG_IN)
    centre.lose("1002", RingOutcome.DECLINED)
    centre.wait(11.0)
    assert rung(centre) == []
    centre.feed(LegConnected(centre.rings["1001"].offer))
    centre.wait(60.0)
    assert rung(centre) == []


def test_3_16_an_agent_whose_phone_is_gone_is_seen_so_and_works_on_when_it_is_back() -> None:
    centre = Centre(plan({"1001": ALL, "1002": ALL}), "1001")
    centre.phone("1001", DeviceState.UNREACHABLE)
    call = centre.call_in()
    assert rung(centre) == []
    view = centre.agent("1001")
    assert (view.presence, view.device) == (Presence.READY, DeviceState.UNREACHABLE)
    assert centre.engine.snapshot(centre.now).queues[0].agents_free == 0
    centre.wait(3600.0)
    centre.phone("1001", DeviceState.FREE)
    assert rung(centre) == [(call, "1001")]


def test_3_16_three_missed_rings_do_not_log_him_out_and_he_can_read_why() -> None:
    centre = Centre(with_queue(plan(), "fault", rona_after=3), "1001")
    call = centre.call_in()
    for _ in range(3):
        centre.fail(call, RingOutcome.NO_ANSWER)
        centre.wait(10.0)
    view = centre.agent("1001")
    assert (view.presence, view.reason) == (Presence.NOT_READY, "rona")


def test_3_17_a_change_of_state_while_it_rings_does_not_loop() -> None:
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    for _ in range(5):
        centre.request("1001", AgentAction.NOT_READY, "break")
        centre.request("1001", AgentAction.READY)
    assert rung(centre) == [(call, "1001")]
    centre.lose("1001")
    assert rung(centre) == [(call, "1001")]


def test_3_17_who_declines_and_is_the_only_one_is_left_alone_for_a_while() -> None:
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    rings = 0
    for _ in range(60):
        rings += len(rung(centre))
        if centre.agent("1001").activity is Activity.RINGING:
            centre.lose("1001", RingOutcome.DECLINED)
        centre.wait(1.0)
    assert rings == 6
    assert centre.call(call).due_at == 1_000_021.0


def test_3_22_a_pause_right_after_the_login_takes_the_ring_back() -> None:
    centre = Centre(plan({"1001": ALL, "1002": ALL}))
    call = centre.call_in()
    centre.request("1001", AgentAction.LOG_IN)
    centre.request("1001", AgentAction.NOT_READY, "break")
    assert [agent for agent, _ in cancelled(centre)] == ["1001"]
    centre.lose("1001")
    assert [one.outcome for one in centre.said if isinstance(one, RingEnded)] == ["cancelled"]
    centre.request("1002", AgentAction.LOG_IN)
    assert centre.rings["1002"].call == call
    view = centre.agent("1001")
    assert (view.presence, view.reason) == (Presence.NOT_READY, "break")


def test_3_22_the_pause_begins_when_he_says_so_and_not_when_the_call_is_over() -> None:
    centre = Centre(plan(), "1001")
    centre.call_in()
    offer = centre.lift("1001")
    centre.wait(30.0)
    centre.request("1001", AgentAction.NOT_READY, "break")
    assert centre.agent("1001").presence is Presence.NOT_READY
    centre.end_talk(offer)
    centre.request("1001", AgentAction.END_WRAP_UP)
    assert centre.agent("1001").reason == "break"
