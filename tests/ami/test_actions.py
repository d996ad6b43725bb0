"""Actions: what is sent for a command, and that no text of a person can become another header."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from acd.ami.actions import (
    FILES_BYTES,
    Actions,
    Pending,
    decode_place,
    decode_ring,
    encode_place,
    pack_files,
    plain,
)
from acd.ami.messages import AgiStarted
from acd.ami.tracker import Tracker
from acd.ami.wire import Headers, WireError, parse
from acd.core.commands import (
    Announce,
    CancelRing,
    ChangePlace,
    EnterMenu,
    HangUpCall,
    KeepInMenu,
    MoveToWaitingRoom,
    MuteRecording,
    PlayPrompt,
    ReturnAfterTalk,
    RingAgent,
    SendToNumber,
    StopPrompt,
)
from acd.core.ids import (
    AgentId,
    CallId,
    DeviceId,
    Language,
    OfferId,
    PbxId,
    QueueId,
    SkillId,
)
from acd.core.place import Place
from acd.core.plan import Need
from acd.core.tokens import Tokens

CALL = CallId("main-1.1")
SERVICE = ("Stadtwerke", "0800123")
RING = RingAgent(
    OfferId("acd-offer"),
    CALL,
    "acd-claim",
    True,
    PbxId("main"),
    AgentId("1001"),
    DeviceId("PJSIP/1001"),
    "1 Entstörung 0:42",
    "0301234567",
    15.0,
)
SAY = Announce(CALL, 1, ("/acd/de/wait/thanks",))


def actions() -> Actions:
    """Return the actions of a PBX on which one caller stands in the menu."""
    tracker = Tracker(PbxId("main"))
    tracker.feed(AgiStarted("x-1.1", "PJSIP/trunk-1", "acd-menu", "", ""), 0.0)
    return Actions(tracker, Tokens(b"0123456789abcdef").next)


def sent(some: Actions, *commands: object) -> list[Headers]:
    """Return the actions that the commands become."""
    frames = [frame for command in commands for frame in some.for_command(command, SERVICE, 0.0)]  # type: ignore[arg-type]
    return [parse(frame.removesuffix(b"\r\n\r\n")) for frame in frames]


def test_a_ring_sets_the_fence_first_and_then_originates() -> None:
    fence, originate = sent(actions(), RING)
    assert (fence["Action"], fence["Variable"], fence["Value"]) == (
        "Setvar",
        "ACD_OFFER",
        "acd-claim",
    )
    assert originate["Action"] == "Originate"
    assert originate["ChannelId"] == "acd-offer"
    assert originate["Async"] == "true"
    assert originate["Timeout"] == "15000"
    assert originate["CallerID"] == '"1 Entstörung 0:42" <0301234567>'
    assert "ACD_CALLER=PJSIP/trunk-1" in originate.all("Variable")
    assert "Application" not in originate


def test_a_withheld_number_shows_as_anonym() -> None:
    hidden = replace(RING, caller_number="")
    assert sent(actions(), hidden)[1]["CallerID"].endswith("<anonym>")


@pytest.mark.slow
@given(st.text(), st.text(), st.text())
def test_no_label_number_or_service_can_break_out_of_its_header(
    label: str, number: str, service: str
) -> None:
    ring = replace(RING, label=label, caller_number=number)
    some = actions()
    frames = some.for_command(ring, (service, number), 0.0)
    originate = parse(frames[1].removesuffix(b"\r\n\r\n"))
    assert len(originate) == 16
    assert originate["CallerID"].count('"') == 2
    assert all(value.count(",") == 0 for value in originate.all("Variable"))


def test_a_prompt_is_a_fixed_verb_with_a_quoted_path_and_every_stop_key() -> None:
    [agi] = sent(actions(), PlayPrompt(CALL, 1, "/acd/de/main/welcome", "0123456789*#"))
    assert agi["Command"] == 'GET OPTION "/acd/de/main/welcome" "0123456789*#" 1'
    assert agi["CommandID"] != agi["ActionID"]


def test_a_caller_who_is_sent_to_wait_carries_his_place_with_him() -> None:
    waiting = Place(QueueId("fault"), 100.25, 110.5, 120.25, "1", Language("de"), "0800123")
    place, redirect = sent(actions(), MoveToWaitingRoom(CALL, waiting))
    assert (place["Variable"], redirect["Context"]) == ("ACD_CALL", "acd-wait")
    assert decode_place(place["Value"]) == waiting


def test_a_ring_carries_with_it_for_whom_it_rings() -> None:
    _, originate = sent(actions(), RING)
    [text] = [one for one in originate.all("Variable") if one.startswith("ACD_CALL=")]
    assert decode_ring(text.removeprefix("ACD_CALL=")) == (CALL, RING.claim)
    assert decode_ring(encode_place(Place(QueueId("ring"), 1.0, 1.0, 1.0))) is None
    assert decode_ring("") is None


def test_a_dead_man_timer_is_put_off_on_his_channel() -> None:
    [keep] = sent(actions(), KeepInMenu(CALL))
    assert (keep["Variable"], keep["Value"]) == ("TIMEOUT(absolute)", "14")


def test_a_cancelled_ring_clears_the_fence_and_shows_as_completed_elsewhere() -> None:
    some = actions()
    _, _, clear, hangup = sent(some, RING, CancelRing(RING.offer, CALL))
    assert (clear["Variable"], clear["Value"]) == ("ACD_OFFER", "")
    assert (hangup["Channel"], hangup["Cause"]) == ("acd-offer", "26")


def test_a_losers_ring_is_taken_back_without_touching_the_callers_claim() -> None:
    *_, hangup = sent(actions(), RING, CancelRing(RING.offer, CALL, void=False))
    assert [hangup["Action"], hangup["Channel"], hangup["Cause"]] == ["Hangup", "acd-offer", "26"]
    [alone] = sent(actions(), CancelRing(RING.offer, CALL, void=False))
    assert alone["Action"] == "Hangup"


def test_an_announcement_is_a_channel_into_the_callers_own_room() -> None:
    [say] = sent(actions(), Announce(CALL, 7, ("/acd/de/wait/position-2", "/acd/de/wait/band-5")))
    assert (say["Action"], say["Channel"]) == ("Originate", "Local/s@acd-announce/n")
    assert (say["Context"], say["Exten"], say["Async"]) == ("acd-speak", "s", "true")
    assert say["ChannelId"].startswith("say-")
    assert say["ChannelId"] != f"say-{say['ActionID']}"
    assert say.all("Variable") == (
        "_ACD_ROOM=x-1.1",
        "ACD_FILES=/acd/de/wait/position-2&/acd/de/wait/band-5",
    )
    assert "Application" not in say


def test_many_long_files_are_spread_over_lines_that_ami_can_hold() -> None:
    paths = tuple(f"/{'p' * 180}/de/wait/position-{number}" for number in range(12))
    [say] = sent(actions(), Announce(CALL, 7, paths))
    texts = [one.partition("=")[2] for one in say.all("Variable")[1:]]
    assert len(texts) == 3
    assert all(len(text) <= FILES_BYTES for text in texts)
    assert tuple("&".join(texts).split("&")) == paths


@pytest.mark.slow
@given(st.lists(st.text()))
def test_no_path_can_be_more_than_one_file(paths: list[str]) -> None:
    packed = pack_files(paths)
    assert 1 <= len(packed) <= 3
    assert all(len(text) <= FILES_BYTES for text in packed)
    for one in "&".join(packed).split("&"):
        assert one in [*paths, ""]
        assert not set(one) & set(",;${}|\r\n ")


def test_a_place_is_changed_on_the_channel_and_nowhere_else() -> None:
    place = Place(QueueId("fault"), 100.25, 110.5, 120.25, "1", Language("de"), "0800123")
    [change] = sent(actions(), ChangePlace(CALL, place))
    assert (change["Action"], change["Variable"]) == ("Setvar", "ACD_CALL")


def test_who_is_to_be_asked_after_his_talk_has_it_on_his_channel() -> None:
    [after] = sent(actions(), ReturnAfterTalk(CALL))
    assert (after["Action"], after["Variable"], after["Value"]) == ("Setvar", "ACD_AFTER", "1")


def test_a_recording_is_muted_on_the_agents_leg_in_both_directions() -> None:
    some = actions()
    mute, unmute = sent(
        some,
        MuteRecording(OfferId("acd-1"), CALL, True),
        MuteRecording(OfferId("acd-1"), CALL, False),
    )
    for action, state in ((mute, "1"), (unmute, "0")):
        assert (action["Action"], action["Channel"]) == ("MixMonitorMute", "acd-1")
        assert (action["Direction"], action["State"]) == ("both", state)


def test_a_ring_names_a_file_only_where_its_talk_is_recorded() -> None:
    *_, plain = sent(actions(), RING)
    assert not [one for one in plain.all("Variable") if one.startswith("ACD_RECORD")]
    *_, recorded = sent(
        actions(), msgspec.structs.replace(RING, recording="/rec/fault/main-1.1.wav")
    )
    assert "ACD_RECORD=/rec/fault/main-1.1.wav" in recorded.all("Variable")
    *_, hostile = sent(actions(), msgspec.structs.replace(RING, recording="/rec/a,b,rm -rf"))
    assert not [one for one in hostile.all("Variable") if one.startswith("ACD_RECORD")]


def test_an_outside_number_is_digits_and_the_dialplan_does_the_rest() -> None:
    number, redirect = sent(actions(), SendToNumber(CALL, "+49 (30) 12,34&PJSIP/1001"))
    assert (number["Variable"], number["Value"]) == ("ACD_EXTERNAL", "+493012341001")
    assert (redirect["Action"], redirect["Context"]) == ("Redirect", "acd-external")


@pytest.mark.parametrize("leave", [EnterMenu(CALL), SendToNumber(CALL, "030")])
def test_who_leaves_the_room_is_not_spoken_to_any_more(leave: object) -> None:
    some = actions()
    say, hush, *_ = sent(some, Announce(CALL, 7, ("/acd/de/wait/thanks",)), leave)
    assert (hush["Action"], hush["Channel"]) == ("Hangup", say["ChannelId"])


@pytest.mark.parametrize(
    "command", [StopPrompt(CALL), HangUpCall(CALL), KeepInMenu(CALL), RING, SAY]
)
def test_nothing_is_sent_about_a_caller_who_is_gone(command: object) -> None:
    tracker = Tracker(PbxId("main"))
    assert sent(Actions(tracker, Tokens(b"0123456789abcdef").next), command) == []


def test_an_action_is_open_until_answered_or_overdue() -> None:
    some = actions()
    first = parse(some.encode(Pending("ping"), 0.0, "Ping"))
    some.encode(Pending("hangup"), 1.0, "Hangup")
    closed = some.close(first["ActionID"])
    assert closed is not None
    assert closed.kind == "ping"
    assert [pending.kind for pending in some.overdue(100.0)] == ["hangup"]
    assert some.open == {}


def test_no_two_actions_share_an_id_and_a_replay_makes_the_same_ones() -> None:
    ids = [parse(actions().encode(Pending("ping"), 0.0, "Ping"))["ActionID"] for _ in range(2)]
    assert ids[0] == ids[1]
    some = actions()
    many = {parse(some.encode(Pending("ping"), 0.0, "Ping"))["ActionID"] for _ in range(100)}
    assert len(many) == 100
    assert {len(one) for one in many} == {20}


def test_a_line_break_in_a_header_is_refused_by_the_wire() -> None:
    with pytest.raises(WireError):
        actions().encode(Pending("x"), 0.0, "Hangup", ("Channel", "a\r\nAction: Logoff"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1 Entstörung 0:42", "1 Entstörung 0:42"),
        ('a"b<c>d\\e', "a b c d e"),
        ("x\r\ny\x00z", "x  y z"),
        ("a,b;c", "a b c"),
    ],
)
def test_a_label_keeps_letters_and_loses_what_sip_or_ami_could_misread(
    text: str, shown: str
) -> None:
    assert plain(text, 60) == shown


@pytest.mark.parametrize(
    "text", ["", "fault", "a|b|c|d|e|f|g|h", "fault|1|2|3|4", "fault|1|2|3|4|de|5|x:y"]
)
def test_what_is_no_place_is_not_taken_for_one(text: str) -> None:
    assert decode_place(text) is None


@given(st.floats(1e9, 4e9), st.floats(0, 5e4), st.floats(-5e4, 5e4))
def test_a_place_survives_its_way_over_the_channel(at: float, on: float, target: float) -> None:
    place = Place(
        QueueId("house_connection"),
        at,
        at + on,
        at + target,
        "4",
        Language("en"),
        "0800555100",
        (Need(SkillId("language.en"), 1), Need(SkillId("billing"), 3)),
    )
    assert decode_place(encode_place(place)) == place
