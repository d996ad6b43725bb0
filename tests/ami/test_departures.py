"""An agent is free when he has hung up; what the PBX says of it later is not waited for."""

import pytest

from acd.ami.departures import CONFIRMED_SECONDS
from acd.ami.messages import (
    AgiStarted,
    BridgeEntered,
    BridgeExited,
    DeviceStated,
    HangupAsked,
    HoldChanged,
    HungUp,
    Message,
)
from acd.ami.tracker import Tracker
from acd.core.events import DeviceChanged, DeviceState, Event, LegEnded, LegLeftTalk
from acd.core.ids import CallId, DeviceId, OfferId, PbxId

LEG = "acd-x"
PHONE = "PJSIP/1001"
FREE = DeviceChanged(DeviceId(PHONE), DeviceState.FREE)
BUSY = DeviceChanged(DeviceId(PHONE), DeviceState.BUSY)
GONE = [LegLeftTalk(OfferId(LEG)), LegEnded(OfferId(LEG))]
TALKS: tuple[Message, ...] = (
    DeviceStated(PHONE, "INUSE", ""),
    BridgeEntered(LEG, "PJSIP/1001-1", "talk", holding=False),
    BridgeEntered("1.1", "PJSIP/trunk-1", "talk", holding=False),
)


def in_talk(*more: Message) -> Tracker:
    """Return a tracker whose agent talks, after whatever else was said."""
    tracker = Tracker(PbxId("main"))
    tracker.feed(AgiStarted("1.1", "PJSIP/trunk-1", "acd-menu", "", ""), 0.0)
    tracker.expect_leg(OfferId(LEG), CallId("main-1.1"), PHONE)
    for message in (*TALKS, *more):
        tracker.feed(message, 1.0)
    return tracker


def after(tracker: Tracker, *messages: Message, now: float = 9.0) -> list[Event]:
    """Return what these mean."""
    return [event for message in messages for event in tracker.feed(message, now)]


def test_who_hangs_up_is_free_before_his_channel_is_gone() -> None:
    tracker = in_talk()
    assert after(tracker, HangupAsked(LEG)) == [FREE, *GONE]
    later = (BridgeExited(LEG, "talk"), HungUp(LEG, 16), HangupAsked(LEG))
    assert after(tracker, *later) == []
    assert after(tracker, DeviceStated(PHONE, "NOT_INUSE", "")) == [FREE]
    assert tracker.due(9.0 + CONFIRMED_SECONDS) == []


def test_a_phone_that_is_not_told_to_be_free_is_taken_for_busy_again() -> None:
    tracker = in_talk()
    after(tracker, HangupAsked(LEG), HungUp(LEG, 16))
    assert tracker.due(9.0 + CONFIRMED_SECONDS) == [BUSY]
    assert tracker.due(99.0) == []


@pytest.mark.parametrize(
    "seen",
    [
        HoldChanged(LEG, held=True),
        DeviceStated(PHONE, "RINGINUSE", ""),
        DeviceStated(PHONE, "ONHOLD", ""),
    ],
)
def test_a_phone_with_a_second_call_says_itself_when_it_is_free(seen: Message) -> None:
    tracker = in_talk(seen, DeviceStated(PHONE, "INUSE", ""))
    assert after(tracker, HangupAsked(LEG)) == GONE
    assert tracker.due(99.0) == []


def test_a_phone_that_cannot_be_reached_is_not_taken_for_free() -> None:
    tracker = in_talk(DeviceStated(PHONE, "UNAVAILABLE", ""))
    assert after(tracker, HangupAsked(LEG)) == GONE


def test_another_ring_counts_and_not_what_was_assumed_before_it() -> None:
    tracker = in_talk()
    after(tracker, HangupAsked(LEG))
    tracker.expect_leg(OfferId("acd-y"), CallId("main-1.1"), PHONE)
    assert after(tracker, DeviceStated(PHONE, "RINGING", "")) == [BUSY]
    assert tracker.due(99.0) == []


def test_a_caller_who_hangs_up_does_not_free_the_agent_before_his_phone_is_told() -> None:
    tracker = in_talk()
    assert after(tracker, HangupAsked("1.1")) == []
    assert after(tracker, BridgeExited(LEG, "talk")) == [
        LegLeftTalk(OfferId(LEG), caller_left=True)
    ]
    assert after(tracker, HungUp(LEG, 16)) == GONE[1:]


def test_a_leg_that_had_left_the_talk_has_left_it_once() -> None:
    tracker = in_talk(BridgeExited(LEG, "talk"))
    assert after(tracker, HangupAsked(LEG)) == [FREE, GONE[1]]
