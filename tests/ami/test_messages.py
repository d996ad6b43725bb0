"""Messages: what is believed, what is refused and why."""

import re
from pathlib import Path

import pytest

from acd.ami.messages import (
    WANTED_EVENTS,
    AgiStarted,
    AttendedTransferred,
    BlindTransferred,
    BridgeEntered,
    DeviceStated,
    HungUp,
    KeyEnded,
    Rejected,
    Responded,
    clean_number,
    read,
)
from tests.ami.recorded import STORIES, messages

ROOT = Path(__file__).parent.parent.parent

NAME = "secret-system"


def event(name: str, *headers: str, privilege: bool = True, system: str = NAME) -> bytes:
    """Return one event as Asterisk sends it."""
    lines = [f"Event: {name}"]
    lines += ["Privilege: call,all"] if privilege else []
    lines += [f"SystemName: {system}"] if system else []
    return "\r\n".join([*lines, *headers]).encode()


@pytest.mark.parametrize("story", STORIES)
def test_no_message_of_a_real_asterisk_is_refused(story: str) -> None:
    assert messages(story)


def test_a_hangup_is_read() -> None:
    frame = event("Hangup", "Uniqueid: 1.1", "Cause: 17", "ChanVariable: ACD_CALL=x")
    assert read(frame, NAME, ()) == HungUp("1.1", 17)


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b"Privilege: call,all\r\nEvent: Hangup", "no_event_first"),
        (event("Hangup", "Uniqueid: 1.1", "Cause: 16", privilege=False), "no_privilege"),
        (event("Hangup", "Uniqueid: 1.1", "Cause: 16", system=""), "wrong_system_name"),
        (event("Hangup", "Uniqueid: 1.1", system="guessed"), "wrong_system_name"),
        (event("Hangup", "Uniqueid: 1.1", "Uniqueid: 2.2"), "duplicate_header"),
        (event("Hangup", "Uniqueid: 1.1", "uniqueid: 2.2"), "duplicate_header"),
        (event("Hangup", "Uniqueid: 1.1", "Cause: many"), "malformed_number"),
        (event("CoreShowChannel", "ActionID: guessed"), "unknown_action"),
        (b"Response: Success\r\nActionID: guessed", "unknown_action"),
        (event("AsyncAGIStart", "Uniqueid: 1.1", "Env: agi_dnid%3A%20100%0A"), "cut_environment"),
    ],
)
def test_what_is_not_to_be_believed_is_refused_with_its_reason(frame: bytes, reason: str) -> None:
    assert read(frame, NAME, ()) == Rejected(reason)


def test_a_channel_variable_may_repeat() -> None:
    frame = event("Hangup", "Uniqueid: 1.1", "ChanVariable: A=1", "ChanVariable: B=2")
    assert read(frame, NAME, ()) == HungUp("1.1", 0)


def test_a_header_that_a_caller_smuggled_into_his_name_stays_in_his_name() -> None:
    frame = event("DTMFEnd", "CallerIDName: x\nUniqueid: 9.9", "Uniqueid: 1.1", "Digit: 5")
    frame += b"\r\nDirection: Received"
    assert read(frame, NAME, ()) == KeyEnded("1.1", "5")


def test_keys_that_we_send_are_not_keys_that_are_pressed() -> None:
    assert read(event("DTMFEnd", "Uniqueid: 1.1", "Digit: 5", "Direction: Sent"), NAME, ()) is None


def test_a_row_of_a_list_is_believed_by_its_open_action() -> None:
    frame = b"Event: DeviceStateChange\r\nActionID: mine\r\nDevice: PJSIP/1\r\nState: INUSE"
    assert read(frame, NAME, {"mine"}) == DeviceStated("PJSIP/1", "INUSE", "mine")


def test_a_response_to_a_ping_carries_the_time_of_the_pbx() -> None:
    frame = b"Response: Success\r\nActionID: mine\r\nPing: Pong\r\nTimestamp: 17.25"
    assert read(frame, NAME, {"mine"}) == Responded("mine", True, "", 17.25, "")


def test_a_holding_bridge_is_told_from_a_talk() -> None:
    said = messages("answered")
    assert [one.holding for one in said if isinstance(one, BridgeEntered)] == [True, False, False]


def test_the_environment_tells_the_number_dialled() -> None:
    started = next(one for one in messages("answered") if isinstance(one, AgiStarted))
    assert (started.caller_number, started.dialled_number) == ("0301234567", "0800555100")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+49301234567", "+49301234567"),
        ("<unknown>", ""),
        ("anonymous", ""),
        ("1" * 100, "1" * 32),
        ("1\r\nEvent: Hangup", ""),
        ("", ""),
    ],
)
def test_only_a_number_is_a_number(text: str, number: str) -> None:
    assert clean_number(text) == number


@pytest.mark.parametrize(
    "frame",
    [
        b"Response: Success\r\nActionID: aa11\r\nMessage: Variable Set\r\nActionID: bb22",
        b"Response: Success\r\nActionID: bb22\r\nMessage: Variable Set",
        b"Response: Success\r\nActionID: bb22\r\nPing: Pong\r\nTimestamp: 1795311917.820000",
    ],
)
def test_a_short_answer_is_believed_no_sooner_than_a_long_one(frame: bytes) -> None:
    assert isinstance(read(frame, "", {"aa11"}), Rejected)


def test_short_answers_say_what_they_say() -> None:
    done = b"Response: Success\r\nActionID: aa11\r\nMessage: Variable Set"
    pong = b"Response: Success\r\nActionID: aa11\r\nPing: Pong\r\nTimestamp: 1795311917.820000"
    assert read(done, "", {"aa11"}) == Responded("aa11", True, "", 0.0, "")
    assert read(pong, "", {"aa11"}) == Responded("aa11", True, "", 1795311917.82, "")


LISTED = {"CoreShowChannel", "CoreShowChannelsComplete", "DeviceStateListComplete"}
"""Rows of lists are answers: no filter holds them back."""


def test_the_samples_filters_let_through_what_is_wanted_and_nothing_else() -> None:
    sample = (ROOT / "config" / "asterisk" / "acd-manager.conf").read_text()
    passed = set(re.findall(r"^eventfilter\(action\(include\),name\((\w+)\)", sample, re.MULTILINE))
    wanted = {name.decode() for name in WANTED_EVENTS}
    assert passed == wanted - LISTED | {"FullyBooted"}


BLIND = ("TransfererUniqueid: acd-x", "Extension: 1002", "Context: acd-transfer")


def test_a_blind_transfer_says_by_whom_and_where_to() -> None:
    read_one = read(event("BlindTransfer", "Result: Success", *BLIND), NAME, ())
    assert read_one == BlindTransferred("acd-x", "1002", "acd-transfer")
    assert read(event("BlindTransfer", "Result: Invalid", *BLIND), NAME, ()) is None
    twice = ("TransfererChanVariable: A=1", "TransfererChanVariable: B=2")
    assert read(event("BlindTransfer", "Result: Success", *BLIND, *twice), NAME, ()) == read_one
    forged = event("BlindTransfer", "Result: Success", *BLIND, "Extension: *31")
    assert read(forged, NAME, ()) == Rejected("duplicate_header")


@pytest.mark.parametrize(
    ("became", "said"),
    [
        (("DestType: Bridge", "DestBridgeUniqueid: b-2"), ("BRIDGE", "b-2")),
        (("DestType: App", "DestApp: Dial"), ("APP", "Dial")),
        (
            ("DestType: Link", "LocalOneChannel: Local/1;1", "LocalTwoChannel: Local/1;2"),
            ("LINK", "Local/1;1", "Local/1;2"),
        ),
        (("DestType: Threeway",), None),
        (("DestType: Fail",), None),
    ],
)
def test_an_attended_transfer_says_what_became_of_two_calls(
    became: tuple[str, ...], said: tuple[str, ...] | None
) -> None:
    calls = (
        *("OrigTransfererUniqueid: acd-x", "OrigTransfererExten: s"),
        *("SecondTransfererUniqueid: 1.7", "SecondTransfererExten: 1002"),
        *("TransfereeChannel: PJSIP/trunk-1", "TransferTargetChannel: PJSIP/1002-1"),
    )
    found = read(event("AttendedTransfer", "Result: Success", *calls, *became), NAME, ())
    if said is None:
        assert found is None
    else:
        channels = ("PJSIP/trunk-1", "PJSIP/1002-1")
        assert found == AttendedTransferred("acd-x", "1.7", "", "1002", *channels, said)
    assert read(event("AttendedTransfer", "Result: Fail", *calls, *became), NAME, ()) is None
