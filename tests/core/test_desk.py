"""Agents about themselves: by code and by request, and their phones as a veto."""

import pytest

from acd.core.commands import (
    HangUpCall,
    PlayPrompt,
)
from acd.core.events import (
    CallerHungUp,
    CodeDialled,
    DeviceChanged,
    DeviceState,
    DigitPressed,
    PromptEnded,
)
from acd.core.ids import CallId, DeviceId
from acd.core.plan import AgentAction
from acd.core.records import (
    Presence,
)
from tests.core.centre import PBX, Centre, rung
from tests.plans import ALL, plan


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
