"""A caller who is passed on: who has him then, and that nothing else is different."""

import pytest

from acd.core.events import AgentRequested, CallerHungUp, LegEnded, LegLeftTalk, LegTransferred
from acd.core.ids import AgentId, CallId, DeviceId, OfferId, RequestId
from acd.core.plan import AgentAction
from acd.core.records import (
    Activity,
    CallEnded,
    CallState,
    CallTransferred,
    Outcome,
    TalkEnded,
    WrapUpStarted,
)
from acd.core.transfer import TransferKind, Transferred
from tests.core.centre import Centre
from tests.plans import ALL, plan

BLIND, ATTENDED = TransferKind.BLIND, TransferKind.ATTENDED


def in_talk() -> tuple[Centre, CallId, OfferId]:
    """1001 talks; 1002 is logged in at the phone of 1003, who is not there."""
    centre = Centre(plan({"1001": ALL, "1002": ALL, "1003": ALL}), "1001")
    call = centre.call_in()
    offer = centre.lift("1001")
    there = DeviceId("PJSIP/1003")
    centre.feed(AgentRequested(RequestId(1), AgentId("1002"), AgentAction.LOG_IN, phone=there))
    centre.wait(30.0)
    return centre, call, offer


def by(
    offer: OfferId, kind: TransferKind = BLIND, number: str = "1003", phone: str = ""
) -> LegTransferred:
    where = DeviceId(phone) if phone else None
    return LegTransferred(offer, kind, number, where, (number, "acd-transfer"))


def test_his_part_ends_with_his_own_leg_and_the_record_says_to_whom() -> None:
    centre, call, offer = in_talk()
    said = centre.feed(by(offer))
    assert [one for one in said if isinstance(one, TalkEnded)] == []
    said += centre.feed(LegLeftTalk(offer), LegEnded(offer))
    told = [one for one in said if isinstance(one, CallTransferred | TalkEnded | WrapUpStarted)]
    assert [type(one) for one in told] == [CallTransferred, TalkEnded, WrapUpStarted]
    assert told[0] == CallTransferred(
        centre.now, call, told[0].queue, AgentId("1001"), BLIND, "1003", AgentId("1002"),
        ("1003", "acd-transfer"),
    )  # fmt: skip
    assert centre.agent("1001").activity is Activity.WRAP_UP
    assert centre.call(call).state is CallState.CONNECTED
    centre.wait(60.0)
    centre.feed(CallerHungUp(call))
    (ended,) = centre.take(CallEnded)
    assert (ended.outcome, ended.agent) == (Outcome.ANSWERED, "1001")
    (leg,) = ended.legs
    assert leg.transferred == Transferred(BLIND, "1003", AgentId("1002"))
    assert leg.ended_at == ended.talk_ended_at == ended.at - 60.0


@pytest.mark.parametrize(
    ("event", "agent"),
    [
        (("1003", ""), "1002"),
        (("1002", ""), "1002"),
        (("77", "PJSIP/1003"), "1002"),
        (("1001", "PJSIP/door"), None),
        (("0301234567", ""), None),
    ],
)
def test_to_whom_is_said_where_it_is_known(event: tuple[str, str], agent: str | None) -> None:
    centre, _, offer = in_talk()
    number, phone = event
    said = centre.feed(by(offer, ATTENDED, number, phone))
    assert [one.to for one in said if isinstance(one, CallTransferred)] == [agent]


def test_what_is_told_of_no_talk_is_passed_over() -> None:
    centre, _, offer = in_talk()
    centre.feed(LegLeftTalk(offer), LegEnded(offer))
    assert centre.feed(by(offer), by(OfferId("acd-none"))) == []


def test_it_outlives_the_engine() -> None:
    centre, call, offer = in_talk()
    centre.feed(by(offer), LegLeftTalk(offer), LegEnded(offer))
    (kept,) = [one for one in centre.memory().calls if one.call == call]
    assert [leg.transferred for leg in kept.legs] == [Transferred(BLIND, "1003", AgentId("1002"))]
