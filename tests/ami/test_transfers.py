"""An agent passes his caller on: told once, with its word, in whatever order the PBX tells it."""

from collections.abc import Sequence
from itertools import permutations

import pytest

from acd.ami.messages import (
    AgiStarted,
    AttendedTransferred,
    BlindTransferred,
    BridgeEntered,
    BridgeExited,
    DialBegun,
    HangupAsked,
    HoldChanged,
    HungUp,
    Message,
)
from acd.ami.tracker import Tracker
from acd.ami.transfers import WORD_SECONDS
from acd.core.events import CallerHungUp, Event, LegEnded, LegLeftTalk, LegTransferred
from acd.core.ids import DeviceId, OfferId
from acd.core.transfer import TransferKind
from tests.ami.recorded import messages
from tests.ami.test_departures import LEG, in_talk

OFFER = OfferId(LEG)
BLIND = LegTransferred(OFFER, TransferKind.BLIND, "1002", None, ("1002", "acd-transfer"))
ATTENDED = LegTransferred(
    OFFER, TransferKind.ATTENDED, "1002", DeviceId("PJSIP/1002"), ("BRIDGE", "b-2")
)
LEFT, ENDED = LegLeftTalk(OFFER), LegEnded(OFFER)

UNHELD = HoldChanged(LEG, held=False)
SENT = BlindTransferred(LEG, "1002", "acd-transfer")
JOINED = AttendedTransferred(
    LEG, "1.7", "", "1002", "PJSIP/trunk-1", "PJSIP/1002-0000000f", ("BRIDGE", "b-2")
)
AGENT_LEAVES = BridgeExited(LEG, "talk", "acd-ring")
CALLER_LEAVES = BridgeExited("1.1", "talk", "acd-transfer")
CALLER_MOVES = (
    BridgeExited("1.1", "talk", "acd-wait"),
    BridgeEntered("1.1", "PJSIP/trunk-1", "b-2", holding=False),
)


def of_leg(tracker: Tracker, *said: Message, now: float = 9.0) -> list[Event]:
    """What these mean for the agent's leg."""
    events = [event for message in said for event in tracker.feed(message, now)]
    return [event for event in events if isinstance(event, LegTransferred | LegLeftTalk | LegEnded)]


@pytest.mark.parametrize("order", list(permutations((SENT, CALLER_LEAVES, AGENT_LEAVES))))
def test_a_blind_transfer_is_told_with_its_word_in_any_order(order: Sequence[Message]) -> None:
    tracker = in_talk()
    assert of_leg(tracker, UNHELD, *order, HungUp(LEG, 16))[1:] == [LEFT, ENDED]
    assert of_leg(in_talk(), UNHELD, *order)[0] == BLIND


@pytest.mark.parametrize(
    "order",
    [
        (*CALLER_MOVES, JOINED, AGENT_LEAVES),
        (*CALLER_MOVES, AGENT_LEAVES, JOINED),
        (AGENT_LEAVES, *CALLER_MOVES, JOINED),
        # In the consultation's own call: the colleague comes to the caller.
        (AGENT_LEAVES, BridgeEntered("1.8", "PJSIP/1002-0000000f", "talk", holding=False), JOINED),
    ],
)
def test_an_attended_transfer_likewise(order: Sequence[Message]) -> None:
    tracker = in_talk(HoldChanged(LEG, held=True))
    assert of_leg(tracker, UNHELD, *order, HungUp(LEG, 16)) == [ATTENDED, LEFT, ENDED]


def test_the_phone_may_send_it_in_its_second_call_and_before_the_colleague_answers() -> None:
    other = AttendedTransferred(
        "1.7", LEG, "1002", "", "PJSIP/1002-0000000f", "PJSIP/trunk-1", ("BRIDGE", "b-2")
    )
    assert of_leg(in_talk(), UNHELD, other, AGENT_LEAVES) == [ATTENDED, LEFT]
    ringing = AttendedTransferred(LEG, "1.7", "", "1002", "PJSIP/trunk-1", "", ("APP", "Dial"))
    (told, left) = of_leg(in_talk(), UNHELD, ringing, AGENT_LEAVES)
    assert told == LegTransferred(OFFER, TransferKind.ATTENDED, "1002", None, ("APP", "Dial"))
    assert left == LEFT


def test_who_was_called_by_the_colleague_dialled_no_number() -> None:
    called = AttendedTransferred(
        LEG, "1.7", "", "", "PJSIP/trunk-1", "PJSIP/1002-0000000f", ("BRIDGE", "b-2")
    )
    assert of_leg(in_talk(), UNHELD, called, AGENT_LEAVES) == [ATTENDED, LEFT]


@pytest.mark.parametrize("gone", [False, True])
def test_without_a_word_the_end_of_the_talk_is_told_a_moment_later(gone: bool) -> None:
    tracker = in_talk()
    end = [HungUp(LEG, 16)] if gone else []
    assert of_leg(tracker, CALLER_LEAVES, AGENT_LEAVES, *end) == []
    assert tracker.due(9.0 + WORD_SECONDS / 2) == []
    assert tracker.due(9.0 + WORD_SECONDS) == ([LEFT, ENDED] if gone else [LEFT])
    # What comes after it is too late to be an end of this talk.
    late = of_leg(tracker, SENT)
    assert late == ([] if gone else [BLIND])


def test_whoever_hangs_up_is_not_waited_for() -> None:
    assert of_leg(in_talk(), UNHELD, HangupAsked(LEG)) == [LEFT, ENDED]
    caller = BridgeExited("1.1", "talk", "acd-wait")
    assert of_leg(in_talk(), HangupAsked("1.1"), UNHELD, caller, AGENT_LEAVES) == [
        LegLeftTalk(OFFER, caller_left=True)
    ]
    assert of_leg(in_talk(), AGENT_LEAVES) == [LEFT]


def test_transfers_of_others_are_nobodys_business() -> None:
    tracker = in_talk()
    others = AttendedTransferred("1.6", "1.7", "", "1002", "PJSIP/1003-1", "", ("APP", "Dial"))
    assert of_leg(tracker, BlindTransferred("1.6", "1002", "acd-transfer"), others) == []
    assert of_leg(tracker, SENT, SENT) == [BLIND]


@pytest.mark.parametrize("story", ["blind_transfer", "attended_transfer"])
def test_a_recording_of_one(story: str) -> None:
    said, tracker = messages(story), Tracker(in_talk().pbx)
    leg = OfferId(next(one.uniqueid for one in said if isinstance(one, DialBegun)))
    events: list[Event] = []
    for message in said:
        events += tracker.feed(message, 0.0)
        if isinstance(message, AgiStarted):
            tracker.expect_leg(leg, next(iter(tracker.callers.values())).call, "PJSIP/1001")
    kinds = (LegTransferred, LegLeftTalk, LegEnded, CallerHungUp)
    told, *rest = [event for event in events if isinstance(event, kinds)]
    assert isinstance(told, LegTransferred)
    blind = story == "blind_transfer"
    assert (told.kind, told.number) == (
        TransferKind.BLIND if blind else TransferKind.ATTENDED,
        "1002",
    )
    assert told.phone == (None if blind else "PJSIP/1002")
    assert told.said[0] == ("1002" if blind else "BRIDGE")
    assert [type(one) for one in rest] == [LegLeftTalk, LegEnded, CallerHungUp]
    assert rest[0] == LegLeftTalk(leg)
