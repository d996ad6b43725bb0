"""The engine as its users see it: who rings for whom, in which order, and what comes after."""

import itertools

import pytest

from acd.core.commands import (
    CancelRing,
    HangUpCall,
    KeepInMenu,
    MoveToWaitingRoom,
    PlayPrompt,
    RingAgent,
)
from acd.core.events import (
    CallArrived,
    CallerHungUp,
    CallerRescued,
    CallFoundWaiting,
    CodeDialled,
    DeviceChanged,
    DeviceState,
    DigitPressed,
    Event,
    LegAnswered,
    LegConnected,
    LegEnded,
    LegFailed,
    LegHeld,
    LegLeftTalk,
    LegRinging,
    PbxDown,
    PbxLive,
    PlanReplaced,
    PromptEnded,
    RingOutcome,
    WaitingRoomEntered,
    WaitingRoomLeft,
)
from acd.core.ids import CallId, DeviceId, QueueId
from acd.core.plan import AgentAction
from acd.core.records import (
    Activity,
    CallAnswered,
    CallEnded,
    CallState,
    Outcome,
    Presence,
    RingEnded,
    TalkEnded,
    WrapUpEnd,
    WrapUpEnded,
    WrapUpStarted,
)
from tests.core.centre import PBX, Centre
from tests.plans import plan

ALL = {"fault": 1, "billing": 1, "meter": 1, "house": 1, "water": 1, "switchboard": 1}


def rung(centre: Centre) -> list[tuple[str, str]]:
    """Return (call, agent) of each ring since the last ``take``."""
    return [(ring.call, ring.agent) for ring in centre.take(RingAgent)]


# -- the caller's way ----------------------------------------


def test_a_caller_is_asked_then_waits_then_talks() -> None:
    centre = Centre(plan(), "1001")
    call = CallId("main-1.1")
    assert any(isinstance(said, PlayPrompt) for said in centre.feed(CallArrived(call, PBX, "", "")))
    moved = centre.feed(DigitPressed(call, "1"))
    assert any(isinstance(said, MoveToWaitingRoom) and said.queue == "fault" for said in moved)
    assert centre.call(call).state is CallState.QUEUED
    centre.take()
    centre.feed(WaitingRoomEntered(call))
    assert rung(centre) == [(call, "1001")]


def test_nobody_is_rung_before_the_caller_is_in_the_waiting_room() -> None:
    centre = Centre(plan(), "1001")
    call = CallId("main-1.1")
    centre.feed(CallArrived(call, PBX, "", ""), DigitPressed(call, "1"))
    assert rung(centre) == []


def test_between_two_rounds_of_the_waiting_room_the_next_caller_is_served() -> None:
    centre = Centre(plan())
    first, second = centre.call_in(), centre.call_in()
    centre.feed(WaitingRoomLeft(first))
    centre.request("1001", AgentAction.LOG_IN)
    assert rung(centre) == [(second, "1001")]


def test_a_round_of_the_waiting_room_costs_no_place() -> None:
    centre = Centre(plan())
    first, _ = centre.call_in(), centre.call_in()
    for _ in range(20):
        centre.feed(WaitingRoomLeft(first))
        centre.wait(0.01)
        centre.feed(WaitingRoomEntered(first))
        centre.wait(10.0)
    centre.request("1001", AgentAction.LOG_IN)
    assert rung(centre) == [(first, "1001")]


def test_the_phone_shows_option_label_wait_and_number() -> None:
    centre = Centre(plan())
    call = centre.call_in("1", ani="0301234567")
    centre.wait(102.0)
    centre.request("1001", AgentAction.LOG_IN)
    ring = centre.ring_of(call)
    assert (ring.label, ring.caller_number) == ("1 Fault 1:42", "0301234567")


def test_the_dead_man_timer_is_put_off_in_the_menu_and_never_after_it() -> None:
    centre = Centre(plan(), "1001")
    call = CallId("main-1.1")
    centre.feed(CallArrived(call, PBX, "", ""))
    centre.wait(14.0)
    assert len(centre.take(KeepInMenu)) == 2
    centre.feed(DigitPressed(call, "2"))
    centre.wait(60.0)
    assert centre.take(KeepInMenu) == []


def test_a_prompt_that_could_not_be_played_does_not_stop_the_menu() -> None:
    centre = Centre(plan())
    call = CallId("main-1.1")
    centre.feed(CallArrived(call, PBX, "", ""))
    centre.take()
    centre.feed(PromptEnded(call, 1, False))
    assert [play.path for play in centre.take(PlayPrompt)] == ["/acd/de/main/options"]


# -- order ----------------------------------------


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


# -- rings that fail ----------------------------------------


@pytest.mark.parametrize(
    "outcome",
    [
        RingOutcome.BUSY,
        RingOutcome.DECLINED,
        RingOutcome.NO_ANSWER,
        RingOutcome.UNREACHABLE,
    ],
)
def test_after_a_failed_ring_the_next_agent_rings_at_once_and_the_place_is_kept(
    outcome: RingOutcome,
) -> None:
    centre = Centre(plan({"1001": ALL, "1002": ALL}), "1001", "1002")
    call = centre.call_in()
    queued_at = centre.call(call).queued_at
    centre.wait(3.0)
    said = centre.fail(call, outcome)
    assert [one.agent for one in said if isinstance(one, RingAgent)] == ["1002"]
    assert [one.outcome for one in said if isinstance(one, RingEnded)] == [outcome]
    assert centre.call(call).queued_at == queued_at
    assert centre.agent("1001").activity is Activity.IDLE


def test_no_answer_sets_the_agent_not_ready_with_that_reason() -> None:
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    centre.fail(call, RingOutcome.NO_ANSWER)
    agent = centre.agent("1001")
    assert (agent.presence, agent.reason) == (Presence.NOT_READY, "rona")
    centre.take()
    centre.request("1001", AgentAction.READY)
    assert rung(centre) == [(call, "1001")]


@pytest.mark.parametrize("outcome", [RingOutcome.BUSY, RingOutcome.DECLINED])
def test_an_agent_who_declines_stays_ready_but_is_not_rung_again_at_once(
    outcome: RingOutcome,
) -> None:
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    centre.fail(call, outcome)
    assert centre.agent("1001").presence is Presence.READY
    centre.take()
    centre.wait(9.9)
    assert rung(centre) == []
    centre.wait(0.2)
    assert rung(centre) == [(call, "1001")]


def test_an_unreachable_phone_is_left_alone_until_it_reports_or_its_time_is_over() -> None:
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    centre.fail(call, RingOutcome.UNREACHABLE)
    assert centre.agent("1001").device is DeviceState.UNREACHABLE
    centre.take()
    centre.wait(29.0)
    assert rung(centre) == []
    centre.feed(DeviceChanged(DeviceId("PJSIP/1001"), DeviceState.FREE))
    assert rung(centre) == [(call, "1001")]


def test_a_caller_who_leaves_while_it_rings_silences_the_phone_and_costs_no_wrap_up() -> None:
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    offer = centre.ring_of(call).offer
    centre.wait(6.0)
    said = centre.feed(CallerHungUp(call))
    assert [one for one in said if isinstance(one, CancelRing)] == [CancelRing(offer, call)]
    assert [one.outcome for one in said if isinstance(one, CallEnded)] == [Outcome.ABANDONED]
    centre.feed(LegFailed(offer, RingOutcome.CANCELLED))
    assert centre.take(WrapUpStarted) == []
    assert centre.agent("1001").activity is Activity.IDLE


def test_an_agent_who_answers_as_the_caller_leaves_is_free_without_wrap_up() -> None:
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    offer = centre.ring_of(call).offer
    centre.feed(LegRinging(offer), LegAnswered(offer), CallerHungUp(call))
    said = centre.feed(LegFailed(offer, RingOutcome.CALLER_LEFT))
    assert [one.outcome for one in said if isinstance(one, RingEnded)] == [RingOutcome.CALLER_LEFT]
    agent = centre.agent("1001")
    assert (agent.activity, agent.presence) == (Activity.IDLE, Presence.READY)
    assert centre.take(WrapUpStarted) == []


def test_a_ring_whose_end_is_never_reported_does_not_hold_agent_and_caller_for_ever() -> None:
    centre = Centre(plan({"1001": ALL, "1002": ALL}), "1001", "1002")
    call = centre.call_in()
    centre.feed(LegRinging(centre.ring_of(call).offer))
    centre.take()
    centre.wait(30.0)
    assert [agent for _, agent in rung(centre)] == ["1002"]
    assert centre.agent("1001").reason == "rona"


# -- wrap-up -------------------------------------------------------------------------------------


def test_wrap_up_is_a_lock_over_all_queues_until_its_cap() -> None:
    centre = Centre(plan({"1001": ALL}), "1001")
    call = centre.call_in("1")
    centre.end_talk(centre.answer(call), call)
    waiting = [centre.call_in(str(key)) for key in range(1, 7)]
    centre.take()
    centre.wait(299.9)
    assert rung(centre) == []
    ended = [one for one in centre.wait(0.2) if isinstance(one, WrapUpEnded)]
    assert [(one.how, one.seconds) for one in ended] == [(WrapUpEnd.CAP, 300.0)]
    assert rung(centre) == [(waiting[0], "1001")]


def test_ending_wrap_up_early_rings_in_the_same_step() -> None:
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    centre.end_talk(centre.answer(call), call)
    waiting = centre.call_in()
    centre.wait(20.0)
    centre.take()
    assert centre.request("1001", AgentAction.END_WRAP_UP) == ""
    assert rung(centre) == [(waiting, "1001")]
    assert centre.request("1001", AgentAction.END_WRAP_UP) == "not in wrap-up"


def test_wrap_up_begins_when_the_agents_own_leg_leaves_not_the_callers() -> None:
    """After a transfer the caller talks on; the agent's work has begun."""
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    offer = centre.answer(call)
    centre.wait(60.0)
    centre.feed(LegLeftTalk(offer), LegEnded(offer))
    assert centre.agent("1001").activity is Activity.WRAP_UP
    centre.wait(3600.0)
    centre.feed(CallerHungUp(call))
    ended = centre.take(CallEnded)[0]
    assert ended.outcome is Outcome.ANSWERED
    assert ended.answered_at is not None
    assert ended.talk_ended_at == ended.answered_at + 60.0


@pytest.mark.parametrize("state", [DeviceState.BUSY, DeviceState.UNREACHABLE])
def test_neither_a_call_of_his_own_nor_a_dropped_phone_ends_or_hides_a_wrap_up(
    state: DeviceState,
) -> None:
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    centre.end_talk(centre.answer(call), call)
    ends_at = centre.agent("1001").wrap_up_ends_at
    phone = DeviceId("PJSIP/1001")
    centre.feed(DeviceChanged(phone, state))
    centre.wait(100.0)
    centre.feed(DeviceChanged(phone, DeviceState.FREE))
    agent = centre.agent("1001")
    assert (agent.activity, agent.wrap_up_ends_at) == (Activity.WRAP_UP, ends_at)


def test_going_not_ready_in_a_talk_takes_effect_after_wrap_up() -> None:
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    offer = centre.answer(call)
    assert centre.request("1001", AgentAction.NOT_READY, "break") == ""
    assert centre.agent("1001").activity is Activity.TALKING
    centre.end_talk(offer, call)
    waiting = centre.call_in()
    centre.take()
    centre.wait(400.0)
    assert rung(centre) == []
    centre.request("1001", AgentAction.READY)
    assert rung(centre) == [(waiting, "1001")]


def test_a_queue_without_wrap_up_frees_the_agent_when_his_phone_has_hung_up() -> None:
    centre = Centre(plan(wrap_up_seconds=0), "1001")
    call, waiting = centre.call_in(), centre.call_in()
    offer = centre.answer(call)
    centre.take()
    centre.feed(LegLeftTalk(offer))
    assert rung(centre) == []
    centre.feed(LegEnded(offer))
    assert rung(centre) == [(waiting, "1001")]


def test_hold_time_is_counted_within_the_talk() -> None:
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    offer = centre.answer(call)
    centre.wait(10.0)
    centre.feed(LegHeld(offer, True), LegHeld(offer, True))
    centre.wait(5.0)
    centre.feed(LegHeld(offer, False))
    centre.wait(5.0)
    centre.end_talk(offer, call)
    talk = centre.take(TalkEnded)[0]
    assert (talk.talk_seconds, talk.hold_seconds) == (20.0, 5.0)


# -- agents and their phones ----------------------------------------


def test_a_busy_phone_is_a_veto_and_its_end_rings_at_once() -> None:
    centre = Centre(plan(), "1001")
    phone = DeviceId("PJSIP/1001")
    centre.feed(DeviceChanged(phone, DeviceState.BUSY))
    call = centre.call_in()
    assert rung(centre) == []
    centre.feed(DeviceChanged(phone, DeviceState.FREE))
    assert rung(centre) == [(call, "1001")]


def test_while_his_code_call_lasts_an_agent_is_offered_nothing() -> None:
    centre = Centre(plan(), "1001")
    code = CallId("main-9.1")
    centre.feed(CodeDialled(code, PBX, DeviceId("PJSIP/1001"), "*32"))
    call = centre.call_in()
    assert rung(centre) == []
    centre.feed(CallerHungUp(code))
    assert rung(centre) == [(call, "1001")]


def test_an_agent_logs_in_by_code_hears_it_and_is_hung_up() -> None:
    centre = Centre(plan())
    code = CallId("main-9.1")
    centre.feed(CodeDialled(code, PBX, DeviceId("PJSIP/1001"), "*30"))
    assert centre.agent("1001").presence is Presence.READY
    assert [play.path for play in centre.take(PlayPrompt)] == ["/acd/de/agent/done"]
    said = centre.feed(PromptEnded(code, 1, True))
    assert HangUpCall(code) in said


def test_a_code_from_a_phone_of_nobody_is_refused_in_words() -> None:
    centre = Centre(plan())
    code = CallId("main-9.1")
    centre.feed(CodeDialled(code, PBX, DeviceId("PJSIP/4711"), "*30"))
    assert [play.path for play in centre.take(PlayPrompt)] == ["/acd/de/agent/refused"]


def test_number_and_pin_log_an_agent_in_at_any_phone_and_bind_it() -> None:
    centre = Centre(plan())
    code = CallId("main-9.1")
    centre.feed(CodeDialled(code, PBX, DeviceId("PJSIP/2000"), "*35"))
    centre.feed(*(DigitPressed(code, key) for key in "1001#01001#"))
    agent = centre.agent("1001")
    assert (agent.presence, agent.phone) == (Presence.READY, "PJSIP/2000")
    centre.feed(CallerHungUp(code))
    call = centre.call_in()
    assert centre.ring_of(call).phone == "PJSIP/2000"


def test_a_wrong_pin_binds_nothing() -> None:
    centre = Centre(plan())
    code = CallId("main-9.1")
    centre.feed(CodeDialled(code, PBX, DeviceId("PJSIP/2000"), "*35"))
    centre.feed(*(DigitPressed(code, key) for key in "1001#1234#"))
    agent = centre.agent("1001")
    assert (agent.presence, agent.phone) == (Presence.LOGGED_OUT, "PJSIP/1001")


def test_a_phone_in_use_by_a_colleague_cannot_be_taken() -> None:
    centre = Centre(plan({"1001": ALL, "1002": ALL}), "1002")
    code = CallId("main-9.1")
    centre.feed(CodeDialled(code, PBX, DeviceId("PJSIP/1002"), "*35"))
    centre.feed(*(DigitPressed(code, key) for key in "1001#01001#"))
    assert centre.agent("1001").presence is Presence.LOGGED_OUT


@pytest.mark.parametrize(
    ("action", "reason", "refusal"),
    [
        (AgentAction.READY, "", "not logged in"),
        (AgentAction.LOG_OUT, "", "not logged in"),
        (AgentAction.NOT_READY, "break", "not logged in"),
        (AgentAction.END_WRAP_UP, "", "not in wrap-up"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(
    action: AgentAction, reason: str, refusal: str
) -> None:
    assert Centre(plan()).request("1001", action, reason) == refusal


def test_an_unknown_reason_is_refused_with_the_known_ones() -> None:
    centre = Centre(plan(), "1001")
    refusal = centre.request("1001", AgentAction.NOT_READY, "holiday")
    assert "holiday" in refusal
    assert "break, meeting, rona" in refusal


# -- outcomes ----------------------------------------


@pytest.mark.parametrize(
    ("steps", "outcome"),
    [
        ([], Outcome.LEFT_IN_MENU),
        (["1"], Outcome.SHORT_ABANDONED),
        (["1", "wait"], Outcome.ABANDONED),
        (["1", "wait", "rescued"], Outcome.EMERGENCY),
        (["1", "wait", "lost"], Outcome.SWITCH_LOST),
    ],
)
def test_each_way_of_leaving_has_its_own_outcome(steps: list[str], outcome: Outcome) -> None:
    centre = Centre(plan())
    call = CallId("main-1.1")
    centre.feed(CallArrived(call, PBX, "", ""))
    if "1" in steps:
        centre.feed(DigitPressed(call, "1"), WaitingRoomEntered(call))
    if "wait" in steps:
        centre.wait(6.0)
    if "rescued" in steps:
        centre.feed(CallerRescued(call))
    centre.feed(CallerHungUp(call, lost="lost" in steps))
    assert [ended.outcome for ended in centre.take(CallEnded)] == [outcome]


# -- PBXs that go and come ----------------------------------------


def test_nobody_is_rung_for_a_caller_whose_pbx_is_away() -> None:
    centre = Centre(plan(), "1001")
    centre.feed(PbxDown(PBX))
    call = centre.call_in()
    assert rung(centre) == []
    centre.feed(PbxLive(PBX))
    assert rung(centre) == [(call, "1001")]


def test_a_caller_found_waiting_after_a_restart_keeps_place_and_wait_clock() -> None:
    centre = Centre(plan())
    young = centre.call_in()
    old = CallId("main-0.7")
    at = centre.now - 500.0
    found = CallFoundWaiting(old, PBX, "", "", QueueId("fault"), at, at + 20.0, "1", "en")
    centre.feed(found, found)
    centre.request("1001", AgentAction.LOG_IN)
    assert centre.ring_of(old).label == "1 Fault 8:20"
    offer = centre.answer(old)
    assert centre.take(CallAnswered)[0].wait_seconds == 500.0
    centre.end_talk(offer, old)
    centre.request("1001", AgentAction.END_WRAP_UP)
    assert centre.ring_of(young).agent == "1001"


# -- new plans ----------------------------------------


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


# -- late and doubled events ----------------------------------------


def test_everything_about_an_offer_that_is_over_is_ignored() -> None:
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    offer = centre.answer(call)
    centre.end_talk(offer, call)
    before = centre.engine.snapshot(centre.now)
    said = centre.feed(
        LegRinging(offer),
        LegAnswered(offer),
        LegConnected(offer),
        LegLeftTalk(offer),
        LegFailed(offer, RingOutcome.NO_ANSWER),
        LegEnded(offer),
        CallerHungUp(call),
        WaitingRoomEntered(call),
    )
    assert said == []
    assert centre.engine.snapshot(centre.now) == before


def test_any_order_of_a_calls_last_events_ends_in_the_same_state() -> None:
    """Order between topics is not causal: all orders of the end of a talk agree."""
    ends = []
    for order in itertools.permutations(range(3)):
        centre = Centre(plan(), "1001")
        call = centre.call_in()
        offer = centre.answer(call)
        events: list[Event] = [LegLeftTalk(offer), LegEnded(offer), CallerHungUp(call)]
        for position in order:
            centre.feed(events[position])
        assert [ended.outcome for ended in centre.take(CallEnded)] == [Outcome.ANSWERED]
        ends.append((centre.agent("1001"), centre.engine.floor.calls))
    assert all(end == ends[0] for end in ends)
