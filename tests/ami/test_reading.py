"""What is read after a login: who stayed, who left, and whom nobody knows yet."""

import pytest

from acd.ami.actions import encode_place
from acd.core.events import (
    AnnouncementEnded,
    CallerHungUp,
    CallerRescued,
    CallFoundWaiting,
    DifferenceFound,
    LegAnswered,
    LegConnected,
    LegEnded,
    LegFailed,
    LegLeftTalk,
    PbxDown,
    PbxLive,
    RingFound,
    RingOutcome,
    TalkFound,
    WaitingRoomEntered,
)
from acd.core.ids import CallId, DeviceId, OfferId
from tests.ami.answering import (
    CALL,
    CALLER,
    OFFER,
    PBX,
    PLACE,
    ROOM_ROW,
    Pbx,
    arrival,
    channel,
    event,
    hearing,
    ring,
    waiting,
)


def test_a_caller_who_still_waits_after_a_reconnect_keeps_his_place_unmentioned() -> None:
    pbx = waiting()
    pbx.rows = [ROOM_ROW]
    assert pbx.connect() == [PbxDown(PBX), PbxLive(PBX)]


def test_a_caller_who_left_meanwhile_is_gone() -> None:
    pbx = waiting()
    assert pbx.connect() == [
        PbxDown(PBX),
        DifferenceFound("call_ended_unseen", CALL),
        CallerHungUp(CALL),
        PbxLive(PBX),
    ]


def test_callers_of_an_asterisk_that_was_restarted_are_lost_with_it() -> None:
    pbx = waiting()
    pbx.started = "2026-11-23"
    assert pbx.connect() == [
        PbxDown(PBX),
        DifferenceFound("call_ended_unseen", CALL),
        CallerHungUp(CALL, lost=True),
        PbxLive(PBX),
    ]


def test_a_caller_whom_the_dialplan_rescued_is_told_so() -> None:
    pbx = waiting()
    pbx.rows = [channel("1.1", CALLER, "acd-emergency", "Queue")]
    assert pbx.connect() == [PbxDown(PBX), CallerRescued(CALL), PbxLive(PBX)]


def test_a_caller_in_the_menu_is_asked_again_after_a_reconnect() -> None:
    pbx = Pbx()
    pbx.connect()
    pbx.frame(arrival())
    pbx.rows = [channel("1.1", CALLER, "acd-menu", "AGI")]
    pbx.connect()
    assert [one["Context"] for one in pbx.actions("Redirect")] == ["acd-menu"]


def test_a_caller_of_a_pbx_named_like_our_offers_is_not_taken_for_a_ring() -> None:
    pbx = Pbx()
    pbx.rows = [channel("acd-sim-1700000000.7", CALLER, "acd-menu", "AGI")]
    pbx.connect()
    assert pbx.actions("Hangup") == []
    assert [one["Context"] for one in pbx.actions("Redirect")] == ["acd-menu"]


def ring_row(state: str, call: str = "main-1.1") -> str:
    """An agent's leg that nobody has answered, or only just."""
    row = channel("acd-x", "PJSIP/1001-1", "acd-agents", "AppDial2")
    return f"{row}\r\nChannelStateDesc: {state}\r\nChanVariable: ACD_CALL=ring|{call}|acd-claim"


@pytest.mark.parametrize(
    ("state", "rings", "answered"),
    [("Down", False, False), ("Ringing", True, False), ("Up", True, True)],
)
def test_a_ring_of_an_engine_that_is_gone_goes_on_as_ours(
    state: str, rings: bool, answered: bool
) -> None:
    pbx = Pbx()
    pbx.rows = [ring_row(state), f"{ROOM_ROW}\r\nChanVariable: ACD_CALL={encode_place(PLACE)}"]
    offer, phone = OfferId("acd-x"), DeviceId("PJSIP/1001")
    assert pbx.connect() == [
        CallFoundWaiting(CALL, PBX, "0301", PLACE),
        RingFound(offer, CALL, "acd-claim", phone, rings, answered),
        PbxLive(PBX),
    ]
    assert pbx.actions("Hangup") == []
    gone = pbx.frame(event("Hangup", Uniqueid="acd-x", Cause="21"))
    outcome = RingOutcome.CALLER_LEFT if answered else RingOutcome.DECLINED
    assert gone == [LegFailed(offer, outcome)]


@pytest.mark.parametrize(
    ("state", "rings", "answered"), [("Ringing", True, False), ("Up", False, True)]
)
def test_a_ring_for_nobody_who_is_there_is_told_to_be_taken_back(
    state: str, rings: bool, answered: bool
) -> None:
    pbx = Pbx()
    pbx.rows = [ring_row(state, call="main-7.7")]
    phone = DeviceId("PJSIP/1001")
    found = RingFound(OfferId("acd-x"), CallId("main-7.7"), "acd-claim", phone, rings, answered)
    assert pbx.connect() == [found, PbxLive(PBX)]


def test_a_ring_for_nobody_that_does_not_say_for_whom_is_hung_up() -> None:
    pbx = Pbx()
    pbx.rows = [channel("acd-x", "PJSIP/1001-1", "acd-agents", "AppDial2")]
    assert pbx.connect() == [PbxLive(PBX)]
    assert [one["Channel"] for one in pbx.actions("Hangup")] == ["PJSIP/1001-1"]


def test_two_callers_nobody_knows_are_both_taken_from_the_menu() -> None:
    pbx = Pbx()
    pbx.rows = [
        channel("1.1", CALLER, "acd-menu", "AGI"),
        channel("1.2", "PJSIP/trunk-2", "acd-menu", "AGI"),
    ]
    pbx.connect()
    assert [one["Channel"] for one in pbx.actions("Redirect")] == [CALLER, "PJSIP/trunk-2"]


def test_a_waiting_caller_nobody_knows_is_taken_over_with_his_place() -> None:
    pbx = Pbx()
    place = encode_place(PLACE)
    pbx.rows = [f"{ROOM_ROW}\r\nChanVariable: ACD_CALL={place}"]
    assert pbx.connect() == [
        CallFoundWaiting(CALL, PBX, "0301", PLACE),
        PbxLive(PBX),
    ]


def test_a_caller_who_talks_is_not_taken_for_one_who_waits() -> None:
    """The real PBX shows him in BridgeWait all through the talk; another ring would steal him."""
    pbx = Pbx()
    place = encode_place(PLACE)
    caller = channel("1.1", CALLER, "acd-wait", "BridgeWait", "talk")
    pbx.rows = [
        f"{caller}\r\nChanVariable: ACD_CALL={place}",
        channel("acd-x", "PJSIP/1001-1", "acd-ring", "Bridge", "talk"),
    ]
    phone = DeviceId("PJSIP/1001")
    found = TalkFound(OfferId("acd-x"), CALL, PBX, "0301", phone, PLACE)
    assert pbx.connect() == [found, PbxLive(PBX)]
    assert pbx.actions("Redirect") == pbx.actions("Hangup") == []
    left = event("BridgeLeave", Uniqueid="acd-x", BridgeUniqueid="talk")
    assert pbx.frame(left) == [LegLeftTalk(OfferId("acd-x"))]
    assert pbx.frame(event("Hangup", Uniqueid="acd-x", Cause="16")) == [LegEnded(OfferId("acd-x"))]
    assert pbx.frame(event("Hangup", Uniqueid="1.1", Cause="16")) == [CallerHungUp(CALL)]


def test_a_caller_between_two_rounds_keeps_his_place_and_is_not_rung_for_yet() -> None:
    pbx = Pbx()
    pbx.rows = [
        f"{channel('1.1', CALLER, 'acd-wait', '')}\r\nChanVariable: ACD_CALL={encode_place(PLACE)}"
    ]
    assert pbx.connect() == [CallFoundWaiting(CALL, PBX, "0301", PLACE, False), PbxLive(PBX)]
    assert pbx.actions("Redirect") == []


def test_a_caller_who_hears_an_announcement_still_waits() -> None:
    pbx = Pbx()
    place = encode_place(PLACE)
    pbx.rows = [
        f"{ROOM_ROW}\r\nChanVariable: ACD_CALL={place}",
        channel("7.7", "Local/s@acd-announce-1;1", "acd-announce", "BridgeWait", "room"),
    ]
    assert isinstance(pbx.connect()[0], CallFoundWaiting)


@pytest.mark.parametrize(
    ("row", "action", "value"),
    [
        (channel("1.1", CALLER, "acd-menu", "AGI"), "Redirect", "acd-menu"),
        (channel("1.1", "PJSIP/1001-1", "acd-code", "AGI"), "Redirect", "acd-code"),
        (ROOM_ROW.replace("BridgeId: room", "BridgeId: "), "Redirect", "acd-menu"),
        (channel("acd-x", "PJSIP/1001-1", "acd-agents", "AppDial2"), "Hangup", "PJSIP/1001-1"),
    ],
)
def test_what_an_engine_that_is_gone_left_behind_is_taken_up_or_put_away(
    row: str, action: str, value: str
) -> None:
    pbx = Pbx()
    pbx.rows = [row]
    assert pbx.connect()[-1] == PbxLive(PBX)
    [sent] = pbx.actions(action)
    assert value in (sent.get("Context"), sent.get("Channel"))


@pytest.mark.parametrize(
    "row",
    [
        channel("acd-x", "PJSIP/1001-1", "acd-ring", "Bridge", "talk"),
        channel("9.9", "PJSIP/trunk-9", "somebody-elses", "Dial"),
        channel("1.1", CALLER, "acd-emergency", "Queue"),
    ],
)
def test_talks_and_what_is_not_ours_are_left_alone(row: str) -> None:
    pbx = Pbx()
    pbx.rows = [row]
    pbx.connect()
    assert pbx.actions("Redirect") == pbx.actions("Hangup") == []


def test_a_ring_whose_end_was_missed_blames_nobody() -> None:
    pbx = waiting()
    ring(pbx)
    pbx.rows = [ROOM_ROW]
    assert pbx.connect() == [
        PbxDown(PBX),
        DifferenceFound("ring_ended_unseen", CALL),
        LegFailed(OFFER, RingOutcome.CANCELLED),
        PbxLive(PBX),
    ]


@pytest.mark.parametrize(
    ("phone", "unseen"), [("silent", True), ("answered", True), ("ringing", False)]
)
def test_a_caller_who_is_gone_with_the_ring_for_him_may_have_talked(
    phone: str, unseen: bool
) -> None:
    pbx = waiting()
    ring(pbx)
    leg = channel(OFFER, "PJSIP/1001-1", "acd-ring", "AppDial2")
    states = {"answered": "Up", "ringing": "Ringing"}
    pbx.rows = [] if phone == "silent" else [f"{leg}\r\nChannelStateDesc: {states[phone]}"]
    assert CallerHungUp(CALL, unseen=unseen) in pbx.connect()


def test_a_talk_that_began_meanwhile_is_found() -> None:
    pbx = waiting()
    ring(pbx)
    pbx.rows = [
        channel("1.1", CALLER, "acd-wait", "BridgeWait", "talk"),
        channel(OFFER, "PJSIP/1001-1", "acd-ring", "Bridge", "talk"),
    ]
    events = pbx.connect()
    assert LegAnswered(OFFER) in events
    assert LegConnected(OFFER) in events
    assert WaitingRoomEntered(CALL) not in events


def test_a_talk_that_ended_meanwhile_is_found() -> None:
    pbx = waiting()
    ring(pbx)
    for uniqueid in ("1.1", OFFER):
        pbx.frame(event("BridgeEnter", BridgeUniqueid="talk", Channel="x", Uniqueid=uniqueid))
    pbx.rows = [channel(OFFER, "PJSIP/1001-1", "acd-ring", "Bridge")]
    events = pbx.connect()
    assert LegLeftTalk(OFFER) in events
    assert CallerHungUp(CALL) in events


def announcer_rows(announcer: str) -> list[str]:
    """Return the rows of both halves of an announcer, as the real PBX lists them."""
    name = "Local/s@acd-announce-00000000"
    return [
        channel(f"{announcer};2", f"{name};2", "acd-announce", "BridgeWait", "room"),
        channel(announcer, f"{name};1", "acd-speak", "Playback"),
    ]


def test_an_announcement_that_ended_unseen_is_over_and_one_that_goes_on_is_not() -> None:
    pbx, announcer = hearing()
    pbx.rows = [ROOM_ROW, *announcer_rows(announcer)]
    assert pbx.connect() == [PbxDown(PBX), PbxLive(PBX)]
    assert pbx.actions("Hangup") == []
    pbx.rows = [ROOM_ROW]
    assert pbx.connect() == [PbxDown(PBX), AnnouncementEnded(CALL, 7), PbxLive(PBX)]


def test_a_stray_announcer_of_an_engine_that_is_gone_is_hung_up_and_its_caller_waits_on() -> None:
    pbx = Pbx()
    place = encode_place(PLACE)
    pbx.rows = [f"{ROOM_ROW}\r\nChanVariable: ACD_CALL={place}", *announcer_rows("say-1a2b")]
    assert pbx.connect() == [CallFoundWaiting(CALL, PBX, "0301", PLACE), PbxLive(PBX)]
    hung_up = [one["Channel"] for one in pbx.actions("Hangup")]
    assert hung_up == ["Local/s@acd-announce-00000000;1"]


def outside(bridge: str = "outside") -> list[str]:
    """Return the rows of a caller who was sent to an outside number, and of the far end."""
    caller = channel("1.1", CALLER, "acd-external", "Dial", bridge)
    place = f"ChanVariable: ACD_CALL={encode_place(PLACE)}"
    far_end = channel("1.2", "PJSIP/trunk-2", "acd-inbound", "AppDial", bridge)
    return [f"{caller}\r\n{place}", far_end]


def test_a_caller_who_went_outside_is_not_pulled_back_by_a_new_engine() -> None:
    pbx = Pbx()
    pbx.rows = outside()
    assert pbx.connect() == [PbxLive(PBX)]
    assert pbx.actions("Redirect") == pbx.actions("Hangup") == []


@pytest.mark.parametrize("bridge", ["", "outside"], ids=["it rings", "he talks"])
def test_a_caller_who_went_outside_ends_with_his_hangup_also_after_a_reconnect(
    bridge: str,
) -> None:
    pbx = waiting()
    pbx.sent.clear()
    pbx.rows = outside(bridge)
    assert pbx.connect() == [PbxDown(PBX), PbxLive(PBX)]
    assert pbx.actions("Redirect") == []
    gone = pbx.frame(event("Hangup", Uniqueid="1.1", Cause="16"))
    assert gone == [CallerHungUp(CALL)]


def test_a_leg_that_has_hung_up_and_is_still_listed_is_nobodys_ring() -> None:
    """The list may be made while its channel is on its way out."""
    pbx = Pbx()
    place = encode_place(PLACE)
    caller = channel("1.1", CALLER, "acd-wait", "BridgeWait", "talk")
    leg = channel("acd-x", "PJSIP/1001-1", "acd-ring", "Bridge", "talk")
    pbx.rows = [f"{caller}\r\nChanVariable: ACD_CALL={place}", leg]
    pbx.connect()
    gone = pbx.frame(event("HangupRequest", Uniqueid="acd-x", Cause="16"))
    assert LegEnded(OfferId("acd-x")) in gone
    pbx.rows = [leg.replace("talk", "")]
    found = pbx.connect()
    assert [kind for one in found if isinstance(one, DifferenceFound) for kind in [one.kind]] == [
        "call_ended_unseen"
    ]
    assert pbx.actions("Hangup") == []
