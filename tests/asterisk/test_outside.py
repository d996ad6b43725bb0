"""Callers who are sent to an outside number, on a real Asterisk."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from acd.core.commands import Announce, MoveToWaitingRoom, SendToNumber
from acd.core.events import (
    AnnouncementEnded,
    CallArrived,
    CallerHungUp,
    CallFoundWaiting,
    WaitingRoomEntered,
)
from acd.core.ids import CallId, Language, QueueId
from acd.core.place import Place
from tests.lab.ami import Observer
from tests.lab.asterisk import LabAsterisk
from tests.lab.hand import Hand
from tests.lab.script import Script
from tests.lab.sipp import Call, CallRow, Phone, SippAgents, SippCallers

NUMBER = "0301234567"
FAR = "+49305550123"
HOSTILE = "030-555&PJSIP/1002,30,G(acd-menu^s^1)"
DIGITS = "0305551002301"


@pytest.fixture
def hand(lab: LabAsterisk) -> Iterator[Hand]:
    """A session that is live on the shared lab."""
    with Hand(lab) as driven:
        yield driven


def waits(hand: Hand) -> CallId:
    """The caller, in the waiting room."""
    arrived = hand.event(CallArrived).event
    assert isinstance(arrived, CallArrived)
    place = Place(QueueId("fault"), 1.0, 1.0, 1.0, "1", Language("de"), "0800")
    hand.order(MoveToWaitingRoom(arrived.call, place))
    hand.event(WaitingRoomEntered)
    return arrived.call


def test_he_is_connected_with_the_number_and_hung_up_when_the_far_end_is_gone(
    lab: LabAsterisk, hand: Hand, tmp_path: Path
) -> None:
    far = Phone(ring_seconds=0.2, talk_seconds=1)
    with SippAgents(lab, {FAR: far}, tmp_path / "a") as outside:
        callers = SippCallers(lab, [Call(NUMBER)], tmp_path / "c")
        call = waits(hand)
        hand.order(Announce(call, 1, (lab.prompt("de/main/options"),)))
        hand.order(SendToNumber(call, FAR))
        invite = outside.wait_for_ring(FAR)
        hand.wait_for(lambda event: event == AnnouncementEnded(call, 1), timeout=1)
        with Hand(lab) as new:
            # An engine that has just begun leaves him alone.
            assert new.events(CallFoundWaiting) == new.events(CallArrived) == []
        (row,) = callers.wait()
        ended = [each for each in outside.rows() if each.kind == "BYE"]
    assert invite.from_number == NUMBER
    assert [each.sent for each in ended] == [True], "the far end was not hung up on"
    assert row.hung_up_by == "pbx"
    assert row.told_names == ()
    assert hand.events(CallerHungUp) == [CallerHungUp(call)]


def sent(
    lab: LabAsterisk, script: Script, phone: Phone, directory: Path, number: str = FAR
) -> tuple[CallRow, list[str]]:
    """Sends a waiting caller there by hand; what became of him, and the numbers that were rung."""
    far = {FAR: phone, "1002": Phone(talk_seconds=1), DIGITS: phone}
    with SippAgents(lab, far, directory / "a") as outside:
        callers = SippCallers(lab, [Call(NUMBER)], directory / "c")
        channel = script.caller()
        script.to_waiting_room(channel)
        script.to_outside(channel, number)
        (row,) = callers.wait()
        return row, [ring.agent for ring in outside.rings()]


@pytest.mark.parametrize("behaviour", ["busy", "declined", "unknown", "failing"])
def test_a_number_that_is_not_reached_ends_the_call(
    lab: LabAsterisk, observer: Observer, script: Script, tmp_path: Path, behaviour: str
) -> None:
    row, rung = sent(lab, script, Phone(behaviour), tmp_path)
    assert (row.hung_up_by, rung) == ("pbx", [FAR])


def test_the_far_end_cannot_forward_the_call_elsewhere(
    lab: LabAsterisk, observer: Observer, script: Script, tmp_path: Path
) -> None:
    row, rung = sent(lab, script, Phone("forwards"), tmp_path)
    assert (row.hung_up_by, rung) == ("pbx", [FAR])


def test_only_digits_are_dialled_whatever_stands_in_the_variable(
    lab: LabAsterisk, observer: Observer, script: Script, tmp_path: Path
) -> None:
    _, rung = sent(lab, script, Phone(talk_seconds=0.2), tmp_path, HOSTILE)
    dialled = [e["AppData"] for e in observer.named("Newexten") if e["Application"] == "Dial"]
    assert dialled == [f"PJSIP/{DIGITS}@outside,60,iI"]
    assert rung == [DIGITS]


def test_without_a_number_nobody_is_dialled(
    lab: LabAsterisk, observer: Observer, script: Script, tmp_path: Path
) -> None:
    row, rung = sent(lab, script, Phone(talk_seconds=0.2), tmp_path, "nobody")
    assert (row.hung_up_by, rung) == ("pbx", [])


def test_a_caller_who_hangs_up_while_it_rings_stops_the_ring(
    lab: LabAsterisk, observer: Observer, script: Script, tmp_path: Path
) -> None:
    with SippAgents(lab, {FAR: Phone("rings_on")}, tmp_path / "a") as outside:
        callers = SippCallers(lab, [Call(NUMBER, hang_up_after_seconds=1)], tmp_path / "c")
        channel = script.caller()
        script.to_waiting_room(channel)
        script.to_outside(channel, FAR)
        callers.wait()
        outside.wait_for(lambda message: message.kind == "CANCEL" and not message.sent)
