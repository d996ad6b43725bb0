"""What a PBX is told of agents on duty: the truth, on every change, and all of it when it comes."""

from acd.core.commands import Duty, ShowDuty
from acd.core.events import AgentRequested, PbxDown, PbxLive, PlanReplaced, RingOutcome
from acd.core.ids import AgentId, DeviceId, PbxId, RequestId
from acd.core.plan import AgentAction
from tests import plans
from tests.core.centre import PBX, Centre

FAULT = {"fault": 1}


def shown(centre: Centre, pbx: str = PBX) -> list[tuple[str, Duty]]:
    """Return what this PBX was told since last asked."""
    return [(one.agent, one.duty) for one in centre.take(ShowDuty) if one.pbx == pbx]


def test_who_logs_in_is_on_duty_and_who_goes_is_not() -> None:
    centre = Centre(plans.plan({"1001": FAULT}))
    for action, reason, duty in (
        (AgentAction.LOG_IN, "", Duty.READY),
        (AgentAction.NOT_READY, "break", Duty.OFF),
        (AgentAction.READY, "", Duty.READY),
        (AgentAction.LOG_OUT, "", Duty.OFF),
    ):
        assert centre.request("1001", action, reason) == ""
        assert shown(centre) == [("1001", duty)]


def test_nothing_is_said_twice() -> None:
    centre = Centre(plans.plan({"1001": FAULT}), "1001")
    centre.request("1001", AgentAction.NOT_READY, "break")
    shown(centre)
    centre.request("1001", AgentAction.NOT_READY, "meeting")
    assert shown(centre) == []


def test_rings_and_talks_change_nothing_and_wrap_up_does() -> None:
    centre = Centre(plans.plan({"1001": FAULT}), "1001")
    call = centre.call_in()
    offer = centre.answer(call)
    assert shown(centre) == []
    centre.end_talk(offer, call)
    assert shown(centre) == [("1001", Duty.WRAP_UP)]
    centre.wait(300)
    assert shown(centre) == [("1001", Duty.READY)]


def test_who_does_not_answer_is_off_duty() -> None:
    centre = Centre(plans.plan({"1001": FAULT}), "1001")
    call = centre.call_in()
    centre.fail(call, RingOutcome.NO_ANSWER)
    assert shown(centre) == [("1001", Duty.OFF)]


def test_at_another_phone_than_his_own_he_cannot_be_rung_without_us() -> None:
    centre = Centre(plans.plan({"1001": FAULT}), "1001")
    elsewhere = DeviceId("PJSIP/2001")
    request = AgentRequested(RequestId(1), AgentId("1001"), AgentAction.LOG_IN, "", phone=elsewhere)
    centre.feed(request)
    assert shown(centre) == [("1001", Duty.OFF)]


def test_a_pbx_that_comes_is_told_of_everybody() -> None:
    centre = Centre(plans.plan({"1001": FAULT, "1002": FAULT}), "1002")
    south = PbxId("south")
    centre.feed(PbxLive(south))
    assert shown(centre, south) == [("1001", Duty.OFF), ("1002", Duty.READY)]
    centre.request("1001", AgentAction.LOG_IN)
    assert centre.take(ShowDuty) == [
        ShowDuty(pbx, AgentId("1001"), Duty.READY) for pbx in (PBX, south)
    ]


def test_a_pbx_that_is_away_is_told_nothing_until_it_is_back() -> None:
    centre = Centre(plans.plan({"1001": FAULT}))
    centre.feed(PbxDown(PBX))
    centre.request("1001", AgentAction.LOG_IN)
    assert shown(centre) == []
    centre.feed(PbxLive(PBX))
    assert shown(centre) == [("1001", Duty.READY)]


def test_who_is_new_in_the_plan_is_shown_and_who_is_gone_is_not_rung() -> None:
    centre = Centre(plans.plan({"1001": FAULT}), "1001")
    centre.feed(PlanReplaced(plans.plan({"1002": FAULT})))
    assert shown(centre) == [("1001", Duty.OFF), ("1002", Duty.OFF)]
