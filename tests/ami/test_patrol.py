"""What a living PBX is read for every ten seconds: only what no event told, and nothing else."""

import pytest

from acd.ami.actions import encode_place
from acd.ami.patrol import GRACE_SECONDS
from acd.ami.session import RECONCILE_SECONDS
from acd.core.commands import KeepInMenu
from acd.core.events import (
    CallerHungUp,
    CallFoundInMenu,
    CallFoundWaiting,
    DeviceChanged,
    DeviceState,
    DifferenceFound,
    Event,
    LegAnswered,
    LegConnected,
    LegEnded,
    LegFailed,
    LegLeftTalk,
    LegRinging,
    PbxDown,
    PbxLive,
    RingOutcome,
    WaitingRoomEntered,
)
from acd.core.ids import DeviceId
from tests.ami.answering import (
    CALL,
    CALLER,
    OFFER,
    PBX,
    PLACE,
    ROOM_ROW,
    Pbx,
    arrival,
    event,
    hearing,
    order,
    ring,
    waiting,
)

ROUND = RECONCILE_SECONDS + GRACE_SECONDS
LEG = "PJSIP/1001-1"


def as_listed(
    uniqueid: str, name: str, context: str, bridge: str = "", *, state: str = "Up", place: str = ""
) -> str:
    """A row of CoreShowChannels with the headers and the order of Asterisk 22."""
    return (
        f"Channel: {name}\r\nChannelState: 6\r\nChannelStateDesc: {state}\r\nCallerIDNum: 0301\r\n"
        f"CallerIDName: x\r\nContext: {context}\r\nExten: s\r\nPriority: 5\r\n"
        f"Uniqueid: {uniqueid}\r\nLinkedid: {uniqueid}\r\nChanVariable: ACD_CALL={place}\r\n"
        f"Application: BridgeWait\r\nApplicationData: \r\nDuration: 00:00:01\r\nBridgeId: {bridge}"
    )


def in_menu() -> Pbx:
    pbx = Pbx()
    pbx.connect()
    pbx.frame(arrival())
    pbx.rows = [as_listed("1.1", CALLER, "acd-menu")]
    return pbx


def ringing() -> Pbx:
    """A caller waits and a phone rings for him."""
    pbx = waiting()
    ring(pbx)
    pbx.frame(event("DialBegin", DestUniqueid=OFFER, DestChannel=LEG))
    pbx.frame(event("DialState", DestUniqueid=OFFER, DialStatus="RINGING"))
    return pbx


def talking() -> Pbx:
    """They are in a talk that everybody heard of."""
    pbx = ringing()
    for uniqueid in ("1.1", OFFER):
        pbx.frame(event("BridgeEnter", BridgeUniqueid="talk", Channel="x", Uniqueid=uniqueid))
    return pbx


def repairs(events: list[Event]) -> list[str]:
    return [each.kind for each in events if isinstance(each, DifferenceFound)]


@pytest.mark.parametrize("row", [ROOM_ROW, as_listed("1.1", CALLER, "acd-wait", "room")])
def test_what_is_as_believed_is_left_alone(row: str) -> None:
    pbx = waiting()
    pbx.rows = [row]
    pbx.devices = {"PJSIP/1001": "NOT_INUSE", "Queue:acd-emergency_avail": "INUSE"}
    assert repairs(pbx.wait(ROUND)) == ["device_corrected"] * 2
    before = len(pbx.sent)
    assert pbx.wait(6 * RECONCILE_SECONDS) == []
    kinds = {action["Action"] for action in pbx.sent[before:]}
    assert kinds == {"Ping", "Setvar", "CoreShowChannels", "DeviceStateList"}
    assert len(pbx.actions("CoreShowChannels")) == 1 + 7


def test_nobody_is_kept_from_being_rung_by_it() -> None:
    pbx = waiting()
    pbx.rows = [ROOM_ROW]
    events = pbx.wait(3 * RECONCILE_SECONDS)
    assert not [each for each in events if isinstance(each, PbxDown | PbxLive)]


def test_a_caller_whose_end_was_lost_is_gone() -> None:
    pbx = waiting()
    assert pbx.wait(ROUND) == [
        DifferenceFound("call_ended_unseen", CALL),
        CallerHungUp(CALL),
    ]
    assert pbx.wait(ROUND) == []


def test_who_came_after_the_question_is_not_missed_in_the_answer() -> None:
    pbx = Pbx()
    pbx.connect()
    pbx.wait(RECONCILE_SECONDS - 0.001)
    pbx.answering = False
    pbx.wait(0.002)
    pbx.frame(arrival())
    pbx.rows = []
    [asked] = pbx.actions("CoreShowChannels")[1:]
    pbx.answering = True
    for frame in pbx._answers(asked):
        pbx.frame(frame)
    pbx.rows = [as_listed("1.1", CALLER, "acd-menu")]
    order(pbx, KeepInMenu(CALL))
    assert pbx.wait(GRACE_SECONDS + 1) == []


def test_what_an_event_tells_meanwhile_wins_over_the_list() -> None:
    pbx = ringing()
    pbx.rows = [
        as_listed("1.1", CALLER, "acd-wait", "talk"),
        as_listed(OFFER, LEG, "acd-ring", "talk"),
    ]
    assert pbx.wait(RECONCILE_SECONDS + 0.01) == []
    for uniqueid in ("1.1", OFFER):
        pbx.frame(event("BridgeEnter", BridgeUniqueid="talk", Channel="x", Uniqueid=uniqueid))
    pbx.frame(event("Hangup", Uniqueid="1.1", Cause="16"))
    pbx.rows = []
    assert pbx.wait(GRACE_SECONDS) == []
    pbx.frame(event("Hangup", Uniqueid=OFFER, Cause="16"))


def test_a_talk_whose_beginning_was_lost_is_found() -> None:
    pbx = ringing()
    pbx.rows = [
        as_listed("1.1", CALLER, "acd-wait", "talk"),
        as_listed(OFFER, LEG, "acd-ring", "talk"),
    ]
    assert pbx.wait(ROUND) == [
        DifferenceFound("talk_began_unseen", CALL),
        LegAnswered(OFFER),
        LegConnected(OFFER),
    ]
    assert pbx.wait(ROUND) == []


def test_a_talk_whose_end_was_lost_is_over() -> None:
    pbx = talking()
    pbx.rows = [as_listed("1.1", CALLER, "acd-wait", "talk")]
    assert pbx.wait(ROUND) == [DifferenceFound("talk_ended_unseen", CALL), LegEnded(OFFER)]
    pbx = talking()
    pbx.rows = [as_listed(OFFER, LEG, "acd-ring")]
    assert pbx.wait(ROUND) == [
        DifferenceFound("call_ended_unseen", CALL),
        CallerHungUp(CALL),
        DifferenceFound("talk_ended_unseen", CALL),
        LegLeftTalk(OFFER),
    ]


def test_a_ring_whose_end_was_lost_blames_nobody() -> None:
    pbx = ringing()
    pbx.rows = [ROOM_ROW]
    assert pbx.wait(ROUND) == [
        DifferenceFound("ring_ended_unseen", CALL),
        LegFailed(OFFER, RingOutcome.CANCELLED),
    ]


def test_a_ring_that_was_only_just_ordered_has_until_the_next_round() -> None:
    pbx = waiting()
    ring(pbx)
    pbx.rows = [ROOM_ROW]
    assert pbx.wait(ROUND) == []
    assert repairs(pbx.wait(RECONCILE_SECONDS)) == ["ring_ended_unseen"]


def test_a_phone_that_rings_is_heard_to() -> None:
    pbx = waiting()
    ring(pbx)
    pbx.rows = [ROOM_ROW, as_listed(OFFER, LEG, "acd-agents", state="Ringing")]
    assert pbx.wait(ROUND) == [DifferenceFound("ring_unseen", CALL), LegRinging(OFFER)]


def test_a_wait_whose_beginning_was_lost_is_found() -> None:
    pbx = waiting()
    pbx.frame(event("BridgeLeave", BridgeUniqueid="room", Channel=CALLER, Uniqueid="1.1"))
    pbx.rows = [as_listed("1.1", CALLER, "acd-wait", "room 2")]
    assert pbx.wait(ROUND) == [
        DifferenceFound("wait_began_unseen", CALL),
        WaitingRoomEntered(CALL),
    ]


def test_a_caller_whose_coming_was_lost_is_asked() -> None:
    pbx = Pbx()
    pbx.connect()
    pbx.rows = [as_listed("1.1", CALLER, "acd-menu")]
    pbx.wait(RECONCILE_SECONDS + 0.1)
    # He presses keys, and nobody hears him.
    pbx.frame(event("DTMFEnd", Direction="Received", Digit="1", Uniqueid="1.1"))
    found = pbx.wait(GRACE_SECONDS)
    assert found == [CallFoundInMenu(CALL), DifferenceFound("menu_call_adopted", CALL)]
    assert [one["Channel"] for one in pbx.actions("Redirect")] == [CALLER]


def test_a_caller_who_waits_and_is_not_known_is_taken_over() -> None:
    pbx = Pbx()
    pbx.connect()
    pbx.rows = [as_listed("1.1", CALLER, "acd-wait", "room", place=encode_place(PLACE))]
    assert pbx.wait(ROUND) == [CallFoundWaiting(CALL, PBX, "0301", PLACE, True)]


def test_a_caller_in_a_menu_is_asked_again_only_when_nobody_asks_him() -> None:
    pbx = in_menu()
    for _ in range(4):
        pbx.wait(5.0)
        order(pbx, KeepInMenu(CALL))
    assert pbx.actions("Redirect") == []
    assert repairs(pbx.wait(2 * RECONCILE_SECONDS)) == ["menu_asked_again"]
    assert {one["Context"] for one in pbx.actions("Redirect")} == {"acd-menu"}


def test_a_leg_that_we_gave_up_is_hung_up() -> None:
    pbx = waiting()
    pbx.rows = [ROOM_ROW, as_listed("acd-old", LEG, "acd-agents", state="Ringing")]
    assert repairs(pbx.wait(ROUND)) == ["leg_not_ours_ended"]
    assert [one["Channel"] for one in pbx.actions("Hangup")] == [LEG]


def test_a_caller_who_hung_up_and_is_still_listed_is_seen_out() -> None:
    pbx = talking()
    pbx.rows = [
        as_listed("1.1", CALLER, "acd-wait", "talk"),
        as_listed(OFFER, LEG, "acd-ring", "talk"),
    ]
    pbx.frame(event("HangupRequest", Channel=CALLER, Uniqueid="1.1", Context="acd-wait"))
    assert repairs(pbx.wait(ROUND)) == ["channel_overstayed"]
    assert [one["Channel"] for one in pbx.actions("Hangup")] == [CALLER]


def test_what_is_not_ours_is_left_alone() -> None:
    pbx = waiting()
    pbx.rows = [
        ROOM_ROW,
        as_listed("7.7", "PJSIP/1009-1", "acd-agents", "their bridge"),
        as_listed("7.8", "PJSIP/trunk-8", "acd-emergency"),
        as_listed("7.9", "PJSIP/trunk-9", "acd-external", "their bridge"),
    ]
    before = len(pbx.actions("Hangup") + pbx.actions("Redirect"))
    assert pbx.wait(3 * RECONCILE_SECONDS) == []
    assert len(pbx.actions("Hangup") + pbx.actions("Redirect")) == before


def test_an_announcement_that_ended_unheard_of_is_over() -> None:
    pbx, _ = hearing()
    pbx.rows = [ROOM_ROW]
    assert pbx.wait(ROUND) == []
    assert repairs(pbx.wait(RECONCILE_SECONDS)) == ["announcement_ended_unseen"]


def test_a_phone_whose_change_was_lost_is_corrected() -> None:
    pbx = Pbx()
    pbx.devices = {"PJSIP/1001": "NOT_INUSE"}
    pbx.connect()
    pbx.frame(event("DeviceStateChange", Device="PJSIP/1001", State="BUSY"))
    phone = DeviceId("PJSIP/1001")
    assert pbx.wait(ROUND) == [
        DifferenceFound("device_corrected", phone),
        DeviceChanged(phone, DeviceState.FREE),
    ]
    assert pbx.wait(ROUND) == []
    pbx.devices["PJSIP/1001"] = "BUSY"
    pbx.wait(RECONCILE_SECONDS - GRACE_SECONDS + 0.1)
    pbx.frame(event("DeviceStateChange", Device="PJSIP/1001", State="INUSE"))
    assert pbx.wait(GRACE_SECONDS) == []


def test_a_link_that_breaks_meanwhile_leaves_nothing_of_it() -> None:
    pbx = waiting()
    pbx.rows = [ROOM_ROW]
    pbx.wait(RECONCILE_SECONDS + 0.1)
    pbx.session.link_down(pbx.epoch, pbx.now)
    assert pbx.connect() == [PbxLive(PBX)]
    assert pbx.wait(ROUND) == []


def test_a_row_that_cannot_be_believed_does_not_end_its_call() -> None:
    pbx = waiting()
    pbx.rows = [f"{as_listed('1.1', CALLER, 'acd-wait', 'room')}\r\nContext: forged"]
    assert pbx.wait(ROUND) == []
