"""Agents about themselves: by code and by request, and their phones as a veto."""

import pytest

from acd.core.commands import (
    HangUpCall,
    PlayPrompt,
)
from acd.core.events import (
    CallerHungUp,
    CodeDialled,
    Confirmed,
    DeviceChanged,
    DeviceState,
    DigitPressed,
    LegAnswered,
    LegConnected,
    PlanReplaced,
    PromptEnded,
    RingOutcome,
)
from acd.core.ids import CallId, DeviceId
from acd.core.plan import AgentAction, Plan, Shift
from acd.core.queueplan import Strategy
from acd.core.records import (
    Activity,
    AgentChanged,
    CallState,
    ConfirmationDue,
    Presence,
    RingEnded,
    ShiftEnding,
)
from tests.core.centre import PBX, Centre, cancelled, rung
from tests.plans import ALL, daily, plan, with_agent, with_hours, with_queue


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


@pytest.mark.parametrize(("durable", "told"), [(True, "done"), (False, "refused")])
def test_an_agent_hears_what_he_did_when_it_is_written_down_and_not_before(
    durable: bool, told: str
) -> None:
    centre = Centre(plan())
    centre.confirms = False
    code = CallId("main-9.1")
    centre.feed(CodeDialled(code, PBX, DeviceId("PJSIP/1001"), "*30"))
    assert centre.agent("1001").presence is Presence.READY
    said = centre.take()
    assert not any(isinstance(one, PlayPrompt) for one in said)
    assert [one.call for one in said if isinstance(one, ConfirmationDue)] == [code]
    centre.feed(Confirmed(CallId("main-9.2"), durable), Confirmed(code, durable))
    assert [play.path for play in centre.take(PlayPrompt)] == [f"/acd/de/agent/{told}"]


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


def test_who_logged_out_elsewhere_logs_in_again_at_his_own_phone_without_a_pin() -> None:
    centre = Centre(plan())
    elsewhere, home = CallId("main-9.1"), CallId("main-9.2")
    centre.feed(CodeDialled(elsewhere, PBX, DeviceId("PJSIP/2000"), "*35"))
    centre.feed(*(DigitPressed(elsewhere, key) for key in "1001#01001#"))
    centre.feed(CallerHungUp(elsewhere))
    assert centre.request("1001", AgentAction.LOG_OUT) == ""
    assert centre.agent("1001").phone == "PJSIP/1001"
    centre.feed(CodeDialled(home, PBX, DeviceId("PJSIP/1001"), "*30"))
    assert centre.agent("1001").presence is Presence.READY


def test_a_phone_lent_to_a_colleague_is_its_owners_again_when_he_has_logged_out() -> None:
    centre = Centre(plan({"1001": ALL, "1002": ALL}))
    code = CallId("main-9.1")
    centre.feed(CodeDialled(code, PBX, DeviceId("PJSIP/1001"), "*35"))
    centre.feed(*(DigitPressed(code, key) for key in "1002#01002#"), CallerHungUp(code))
    assert centre.agent("1002").phone == "PJSIP/1001"
    assert "in use by agent 1002" in centre.request("1001", AgentAction.LOG_IN)
    centre.request("1002", AgentAction.LOG_OUT)
    assert centre.request("1001", AgentAction.LOG_IN) == ""
    assert centre.agent("1001").phone == "PJSIP/1001"


# -- a change while his phone rings --------------------------------------------------------------

GOES = [(AgentAction.NOT_READY, "break"), (AgentAction.LOG_OUT, "")]


@pytest.mark.parametrize(("action", "reason"), GOES)
def test_who_goes_while_his_phone_rings_sends_the_call_to_the_next_at_once(
    action: AgentAction, reason: str
) -> None:
    centre = Centre(plan({"1001": ALL, "1002": ALL}), "1001", "1002")
    call = centre.call_in()
    due_at = centre.call(call).due_at
    assert centre.request("1001", action, reason) == ""
    assert cancelled(centre) == [("1001", True)]
    centre.lose("1001")
    assert centre.rings["1002"].call == call
    assert [one.outcome for one in centre.take(RingEnded)] == [RingOutcome.CANCELLED]
    assert centre.call(call).due_at == due_at
    view = centre.agent("1001")
    assert (view.activity, view.presence is Presence.READY) == (Activity.IDLE, False)


@pytest.mark.parametrize(("action", "reason"), GOES)
def test_with_nobody_else_there_the_caller_waits_on_and_no_phone_rings(
    action: AgentAction, reason: str
) -> None:
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    centre.request("1001", action, reason)
    centre.lose("1001")
    centre.take()
    centre.wait(600.0)
    assert rung(centre) == []
    assert centre.call(call).state is CallState.QUEUED
    centre.request("1001", AgentAction.LOG_IN)
    assert rung(centre) == [(call, "1001")]


def test_not_ready_and_ready_again_while_it_rings_is_one_more_ring_and_not_a_loop() -> None:
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    centre.request("1001", AgentAction.NOT_READY, "break")
    centre.request("1001", AgentAction.READY)
    centre.request("1001", AgentAction.NOT_READY, "break")
    centre.request("1001", AgentAction.READY)
    assert cancelled(centre) == [("1001", True)]
    assert rung(centre) == []
    centre.lose("1001")
    assert rung(centre) == [(call, "1001")]
    centre.lift("1001")
    assert centre.call(call).state is CallState.CONNECTED


def test_who_has_answered_has_the_call_whatever_he_says_before_they_are_joined() -> None:
    centre = Centre(plan(), "1001")
    call = centre.call_in()
    offer = centre.ring_of(call).offer
    centre.feed(LegAnswered(offer))
    centre.request("1001", AgentAction.NOT_READY, "break")
    assert cancelled(centre) == []
    centre.feed(LegConnected(offer))
    assert centre.call(call).state is CallState.CONNECTED


def test_one_who_goes_while_all_ring_stops_his_own_phone_only() -> None:
    base = with_queue(plan({"1001": ALL, "1002": ALL}), "fault", strategy=Strategy.RING_ALL)
    centre = Centre(base, "1001", "1002")
    call = centre.call_in()
    centre.request("1001", AgentAction.NOT_READY, "break")
    assert cancelled(centre) == [("1001", False)]
    centre.lose("1001")
    assert centre.call(call).agent == "1002"
    centre.lift("1002")
    assert centre.call(call).state is CallState.CONNECTED


def test_the_last_of_all_who_ring_to_go_makes_the_claim_void() -> None:
    base = with_queue(plan({"1001": ALL, "1002": ALL}), "fault", strategy=Strategy.RING_ALL)
    centre = Centre(base, "1001", "1002")
    centre.call_in()
    for agent in ("1001", "1002"):
        centre.request(agent, AgentAction.NOT_READY, "break")
    assert cancelled(centre) == [("1001", False), ("1002", True)]


def test_an_agent_cannot_log_in_elsewhere_while_his_phone_rings() -> None:
    centre = Centre(plan(), "1001")
    centre.call_in()
    code = CallId("main-9.1")
    centre.feed(CodeDialled(code, PBX, DeviceId("PJSIP/2000"), "*35"))
    centre.feed(*(DigitPressed(code, key) for key in "1001#01001#"))
    assert centre.agent("1001").phone == "PJSIP/1001"
    assert centre.agent("1001").activity is Activity.RINGING


def test_a_phone_that_drops_out_while_it_rings_is_left_alone_when_the_ring_is_over() -> None:
    centre = Centre(plan({"1001": ALL, "1002": ALL}), "1001", "1002")
    call = centre.call_in()
    centre.phone("1001", DeviceState.UNREACHABLE)
    assert centre.call(call).state is CallState.RINGING
    centre.take()
    centre.lose("1001", RingOutcome.UNREACHABLE)
    assert rung(centre) == [(call, "1002")]
    centre.lose("1002", RingOutcome.DECLINED)
    centre.wait(5.0)
    assert rung(centre) == []
    centre.phone("1001", DeviceState.FREE)
    assert rung(centre) == [(call, "1001")]


@pytest.mark.parametrize("state", [DeviceState.BUSY, DeviceState.UNREACHABLE])
def test_a_phone_in_use_or_gone_passes_the_call_on_to_the_next(state: DeviceState) -> None:
    centre = Centre(plan({"1001": ALL, "1002": ALL}), "1001", "1002")
    centre.phone("1001", state)
    call = centre.call_in()
    assert rung(centre) == [(call, "1002")]


# -- shifts --------------------------------------------------------------------------------------

STARTED = 13 * 3600 + 46 * 60 + 40.0
"""A ``Centre`` begins at 13:46:40 UTC."""

ENDS_IN = 15 * 3600 - STARTED
"""Seconds until 15:00."""


def shift(opens: str = "08:00", closes: str = "15:00", **changes: object) -> Plan:
    """Return a plan in which agent 1001 works between these times of every day."""
    base = with_hours(plan({"1001": ALL, "1002": ALL}), day=daily(opens, closes))
    return with_agent(base, "1001", shift=Shift(hours="day", **changes))  # type: ignore[arg-type]


def test_the_end_of_a_shift_is_announced_and_by_itself_changes_nothing() -> None:
    centre = Centre(shift(warn_seconds=600.0), "1001")
    centre.wait(ENDS_IN - 602.0)
    assert centre.take(ShiftEnding) == []
    centre.wait(1.0)
    warned = centre.take(ShiftEnding)
    assert [(one.agent, one.over) for one in warned] == [("1001", False)]
    assert warned[0].ends_at - centre.now == pytest.approx(600.0)
    centre.wait(600.0)
    assert [one.over for one in centre.take(ShiftEnding)] == [True]
    assert centre.agent("1001").presence is Presence.READY


def test_who_stays_logged_in_over_night_is_warned_the_next_day_as_well() -> None:
    centre = Centre(shift(), "1001")
    centre.wait(86_400.0)
    assert [one.over for one in centre.take(ShiftEnding)] == [False, True]
    centre.wait(86_400.0)
    assert [one.over for one in centre.take(ShiftEnding)] == [False, True]


def test_who_logs_in_before_his_shift_begins_is_warned_at_its_end_and_not_before() -> None:
    centre = Centre(shift("14:00", "20:00", log_out=True), "1001")
    centre.wait(5 * 3600.0)
    assert centre.take(ShiftEnding) == []
    centre.wait(2 * 3600.0)
    assert [one.over for one in centre.take(ShiftEnding)] == [False, True]
    assert centre.agent("1001").presence is Presence.LOGGED_OUT


def test_at_the_end_of_his_shift_an_idle_agent_is_logged_out() -> None:
    centre = Centre(shift(log_out=True), "1001")
    centre.wait(ENDS_IN)
    assert centre.agent("1001").presence is Presence.LOGGED_OUT
    centre.call_in()
    assert rung(centre) == []
    assert centre.request("1001", AgentAction.LOG_IN) == ""
    centre.wait(3600.0)
    assert centre.agent("1001").presence is Presence.READY


def test_a_call_begun_before_the_end_of_the_shift_is_finished_and_so_is_its_wrap_up() -> None:
    centre = Centre(shift(log_out=True), "1001")
    call, behind = centre.call_in(), centre.call_in()
    offer = centre.lift("1001")
    centre.wait(ENDS_IN + 60.0)
    view = centre.agent("1001")
    assert (view.presence, view.reason) == (Presence.NOT_READY, "shift_over")
    centre.end_talk(offer, call)
    assert centre.agent("1001").activity is Activity.WRAP_UP
    centre.take()
    centre.wait(299.0)
    assert centre.agent("1001").presence is Presence.NOT_READY
    centre.wait(1.1)
    changes = centre.take(AgentChanged)
    assert [(one.what, one.presence) for one in changes] == [("presence", Presence.LOGGED_OUT)]
    assert centre.call(behind).state is CallState.QUEUED


def test_without_wrap_up_he_is_logged_out_when_his_phone_has_hung_up() -> None:
    base = with_queue(shift(log_out=True), "fault", wrap_up_seconds=0.0)
    centre = Centre(base, "1001")
    call = centre.call_in()
    offer = centre.lift("1001")
    centre.wait(ENDS_IN)
    centre.end_talk(offer, call)
    assert centre.agent("1001").presence is Presence.LOGGED_OUT


@pytest.mark.parametrize("answers", [False, True])
def test_a_phone_that_rings_as_the_shift_ends_may_be_answered(answers: bool) -> None:
    centre = Centre(shift(log_out=True), "1001")
    centre.wait(ENDS_IN - 6.0)
    call = centre.call_in()
    centre.wait(10.0)
    assert cancelled(centre) == []
    if answers:
        centre.end_talk(centre.lift("1001"), call)
        centre.request("1001", AgentAction.END_WRAP_UP)
    else:
        centre.lose("1001", RingOutcome.NO_ANSWER)
    assert centre.agent("1001").presence is Presence.LOGGED_OUT
    assert centre.agent("1001").activity is Activity.IDLE


@pytest.mark.parametrize("most", [0, 1])
def test_neither_a_pause_nor_his_last_call_in_a_row_keeps_him_logged_in(most: int) -> None:
    centre = Centre(with_agent(shift(log_out=True), "1001", max_calls_in_row=most), "1001")
    centre.wait(ENDS_IN - 6.0)
    call = centre.call_in()
    centre.wait(10.0)
    offer = centre.lift("1001")
    centre.request("1001", AgentAction.NOT_READY, "break")
    centre.end_talk(offer, call)
    centre.request("1001", AgentAction.END_WRAP_UP)
    assert centre.agent("1001").presence is Presence.LOGGED_OUT


def test_who_says_ready_after_the_end_of_his_shift_works_on() -> None:
    centre = Centre(shift(log_out=True), "1001")
    call = centre.call_in()
    offer = centre.lift("1001")
    centre.wait(ENDS_IN)
    centre.request("1001", AgentAction.READY)
    centre.end_talk(offer, call)
    centre.request("1001", AgentAction.END_WRAP_UP)
    assert centre.agent("1001").presence is Presence.READY


def test_a_shift_made_longer_by_a_new_plan_ends_when_that_says() -> None:
    centre = Centre(shift(log_out=True), "1001")
    centre.wait(60.0)
    centre.feed(PlanReplaced(shift(closes="16:00", log_out=True)))
    centre.wait(ENDS_IN)
    assert centre.agent("1001").presence is Presence.READY
    centre.wait(3600.0)
    assert centre.agent("1001").presence is Presence.LOGGED_OUT
