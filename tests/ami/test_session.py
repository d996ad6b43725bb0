"""Sessions: what is read after a login, the heartbeat, and a connection that only seems alive."""

from acd.ami.messages import Rejected
from acd.ami.session import (
    BEAT_ANSWER_SECONDS,
    BEAT_SECONDS,
    GOING_SECONDS,
    RECONCILE_SECONDS,
    RESYNC_SECONDS,
    LinkState,
)
from acd.ami.tracker import VERDICT_SECONDS
from acd.ami.wire import Headers
from acd.core.commands import (
    Announce,
    CancelRing,
    PlayPrompt,
)
from acd.core.events import (
    AnnouncementEnded,
    CallArrived,
    CallerHungUp,
    CommandFailed,
    DeviceChanged,
    DeviceState,
    DifferenceFound,
    Event,
    LegAnswered,
    LegFailed,
    LegRinging,
    PbxDown,
    PbxLive,
    RingOutcome,
)
from acd.core.ids import CallId, DeviceId
from tests.ami.answering import (
    CALL,
    CALLER,
    OFFER,
    PBX,
    ROOM_ROW,
    Pbx,
    arrival,
    channel,
    event,
    hearing,
    order,
    ring,
    waiting,
)


def test_a_pbx_is_live_when_its_channels_and_devices_have_been_read() -> None:
    pbx = Pbx()
    pbx.devices = {"PJSIP/1001": "INUSE"}
    assert pbx.connect() == [
        DeviceChanged(DeviceId("PJSIP/1001"), DeviceState.BUSY),
        PbxLive(PBX),
    ]
    assert pbx.session.state is LinkState.LIVE


def test_what_happens_while_it_is_being_read_is_not_lost() -> None:
    pbx = Pbx()
    pbx.session.link_up(1, 100.0)
    assert pbx.frame(arrival()) == []
    assert pbx.answer() == [CallArrived(CALL, PBX, "0301", "100"), PbxLive(PBX)]


def test_every_second_beat_sets_the_heartbeat_by_the_pbxs_own_clock() -> None:
    pbx = Pbx()
    pbx.connect()
    pbx.sent.clear()
    pbx.wait(10 * BEAT_SECONDS)
    beats = [one for one in pbx.actions("Setvar") if one["Variable"] == "ACD_HEARTBEAT"]
    # The ping before told 1795311917.82, and two seconds have gone by since.
    assert [one["Value"] for one in beats] == ["1795311919"] * 5
    assert all("Channel" not in one for one in beats)
    assert len(pbx.actions("Ping")) == 5


def test_a_ping_that_tells_no_time_is_no_use_and_says_so() -> None:
    pbx = Pbx()
    pbx.session.link_up(1, pbx.now)
    [ping] = [action for action in pbx.take_sent() if action["Action"] == "Ping"]
    pbx.frame(f"Response: Success\r\nActionID: {ping['ActionID']}\r\nPing: Pong".encode())
    assert pbx.session.drop_reason == "ping was answered without the PBX's time"


def test_a_pbx_is_not_live_before_its_dialplan_sees_the_heartbeat() -> None:
    """Until then it sends callers to the emergency queue, and a code is refused as lost."""
    pbx = Pbx()
    pbx.session.link_up(1, pbx.now)
    heartbeats: list[Headers] = []
    events: list[Event] = []
    while actions := pbx.take_sent():
        for action in actions:
            if action.get("Variable") == "ACD_HEARTBEAT":
                heartbeats.append(action)
            else:
                for frame in pbx._answers(action):
                    events += pbx.frame(frame)
    assert events == []
    assert pbx.session.state is LinkState.SYNC
    [heartbeat] = heartbeats
    assert pbx.frame(pbx._answers(heartbeat)[0]) == [PbxLive(PBX)]


def test_a_pbx_that_takes_no_heartbeat_is_no_use_and_says_why() -> None:
    pbx = Pbx()
    pbx.session.link_up(1, pbx.now)
    [ping] = [action for action in pbx.take_sent() if action["Action"] == "Ping"]
    pbx.frame(pbx._answers(ping)[0])
    [heartbeat] = pbx.take_sent()
    refusal = f"Response: Error\r\nActionID: {heartbeat['ActionID']}\r\nMessage: Permission denied"
    assert pbx.frame(refusal.encode()) == []
    assert pbx.session.drop_reason == "heartbeat was refused: Permission denied"


def test_a_connection_that_answers_no_ping_is_dropped_in_time() -> None:
    pbx = Pbx()
    pbx.connect()
    pbx.answering = False
    started = pbx.now
    while not pbx.session.drop_reason:
        pbx.wait(0.1)
    assert "ping was not answered" in pbx.session.drop_reason
    assert pbx.now - started <= BEAT_SECONDS + BEAT_ANSWER_SECONDS + 0.2


def test_answers_and_timers_of_a_connection_that_is_gone_are_void() -> None:
    pbx = waiting()
    ping = pbx.session.due(pbx.now + BEAT_SECONDS)
    assert ping == []
    [late] = pbx.take_sent()
    assert pbx.session.link_down(1, pbx.now) == [PbxDown(PBX)]
    assert pbx.session.next_deadline() is None
    answer = f"Response: Success\r\nActionID: {late['ActionID']}".encode()
    assert pbx.session.frame(answer, pbx.now) == Rejected("unknown_action")


def test_a_refused_originate_ends_the_ring_as_unreachable() -> None:
    pbx = waiting()
    pbx.answering = False
    ring(pbx)
    [originate] = pbx.actions("Originate")
    answer = f"Response: Error\r\nActionID: {originate['ActionID']}\r\nMessage: No".encode()
    assert pbx.frame(answer) == [
        CommandFailed(CALL, "originate", "No"),
        LegFailed(OFFER, RingOutcome.UNREACHABLE),
    ]


def two_in_the_menu() -> Pbx:
    """Two callers are asked something; then the PBX refuses an action about the first."""
    pbx = Pbx()
    pbx.connect()
    other = arrival("1.2").replace(CALLER.encode(), b"PJSIP/trunk-2")
    pbx.frame(arrival())
    pbx.frame(other)
    pbx.rows = [
        channel("1.1", CALLER, "acd-menu", "AGI"),
        channel("1.2", "PJSIP/trunk-2", "acd-menu", "AGI"),
    ]
    pbx.answering = False
    play = PlayPrompt(CALL, 1, "/acd/de/welcome", "123")
    pbx.session.writes += pbx.session.actions.for_command(play, ("", ""), pbx.now)
    pbx.answer()
    [prompt] = pbx.actions("AGI")
    refused = f"Response: Error\r\nActionID: {prompt['ActionID']}\r\nMessage: No".encode()
    assert pbx.frame(refused) == [CommandFailed(CALL, "prompt", "No")]
    pbx.answering = True
    return pbx


def test_a_refusal_about_a_caller_who_has_gone_meanwhile_disturbs_nobody() -> None:
    pbx = two_in_the_menu()
    assert pbx.frame(event("Hangup", Uniqueid="1.1", Cause="16")) == [CallerHungUp(CALL)]
    asked = len(pbx.actions("CoreShowChannels"))
    assert pbx.wait(1.0) == []
    assert len(pbx.actions("CoreShowChannels")) == asked
    assert pbx.actions("Redirect") == []


def test_after_a_refusal_only_the_caller_it_was_about_is_asked_again() -> None:
    pbx = two_in_the_menu()
    assert pbx.wait(1.0) == [PbxDown(PBX), PbxLive(PBX)]
    assert [one["Channel"] for one in pbx.actions("Redirect")] == [CALLER]


def refused_another(pbx: Pbx) -> None:
    """The PBX refuses an action about a second caller, who stands in the menu."""
    pbx.frame(arrival("1.2").replace(CALLER.encode(), b"PJSIP/trunk-2"))
    pbx.rows = [ROOM_ROW, channel("1.2", "PJSIP/trunk-2", "acd-menu", "AGI")]
    pbx.answering = False
    order(pbx, PlayPrompt(CallId("main-1.2"), 1, "/acd/de/welcome", "123"))
    [prompt] = pbx.actions("AGI")
    pbx.frame(f"Response: Error\r\nActionID: {prompt['ActionID']}\r\nMessage: No".encode())
    pbx.answering = True


def test_what_was_ordered_just_before_the_pbx_is_read_again_is_not_over() -> None:
    """Its channels need not exist yet: taken for ended, the same phone would be rung twice."""
    pbx = waiting()
    refused_another(pbx)
    pbx.wait(RESYNC_SECONDS - 0.001)
    ring(pbx)
    order(pbx, Announce(CALL, 7, ("/acd/de/wait/thanks",)))
    asked = len(pbx.actions("CoreShowChannels"))
    assert pbx.wait(1.0) == [PbxDown(PBX), PbxLive(PBX)]
    assert len(pbx.actions("CoreShowChannels")) == asked + 1
    rings = event("DialState", DestUniqueid=OFFER, DialStatus="RINGING")
    assert pbx.frame(rings) == [LegRinging(OFFER)]


def test_what_was_ordered_and_never_came_is_over_by_the_second_reading() -> None:
    pbx = waiting()
    ring(pbx)
    pbx.rows = [ROOM_ROW]
    ended = LegFailed(OFFER, RingOutcome.CANCELLED)
    assert ended not in pbx.wait(RECONCILE_SECONDS + 2)
    assert ended in pbx.wait(RECONCILE_SECONDS + 2)


def test_a_cancel_that_came_before_the_leg_existed_is_repeated() -> None:
    pbx = waiting()
    ring(pbx)
    pbx.answering = False
    cancel = CancelRing(OFFER, CALL)
    pbx.session.writes += pbx.session.actions.for_command(cancel, ("", ""), pbx.now)
    pbx.answer()
    [hangup] = pbx.actions("Hangup")
    pbx.frame(f"Response: Error\r\nActionID: {hangup['ActionID']}\r\nMessage: No such".encode())
    pbx.wait(0.2)
    assert [one["Channel"] for one in pbx.actions("Hangup")] == [OFFER, OFFER]


def test_a_repeated_cancel_leaves_the_claim_of_others_alone() -> None:
    pbx = waiting()
    ring(pbx)
    pbx.answering = False
    order(pbx, CancelRing(OFFER, CALL, void=False))
    [hangup] = pbx.actions("Hangup")
    pbx.sent.clear()
    pbx.frame(f"Response: Error\r\nActionID: {hangup['ActionID']}\r\nMessage: No such".encode())
    pbx.wait(0.2)
    assert [one["Action"] for one in pbx.sent] == ["Hangup"]


def refuse(pbx: Pbx, action: Headers) -> list[Event]:
    """The PBX refuses an action that is not answered yet."""
    text = f"Response: Error\r\nActionID: {action['ActionID']}\r\nMessage: No such channel"
    return pbx.frame(text.encode())


def connected(pbx: Pbx) -> None:
    """The caller comes into a talk."""
    pbx.frame(event("BridgeEnter", BridgeUniqueid="talk", Channel=CALLER, Uniqueid="1.1"))
    pbx.answer()


def test_a_caller_who_is_connected_in_mid_announcement_hears_no_more_of_it() -> None:
    pbx, announcer = hearing()
    connected(pbx)
    assert [one["Channel"] for one in pbx.actions("Hangup")] == [announcer]
    ended = pbx.frame(event("Hangup", Uniqueid=announcer, Cause="0"))
    assert ended == [AnnouncementEnded(CALL, 7)]


def test_an_announcer_that_did_not_exist_yet_is_hung_up_a_moment_later() -> None:
    pbx, announcer = hearing()
    pbx.answering = False
    connected(pbx)
    assert refuse(pbx, pbx.actions("Hangup")[0]) == []
    pbx.answering = True
    pbx.wait(0.2)
    assert [one["Channel"] for one in pbx.actions("Hangup")] == [announcer, announcer]
    assert pbx.frame(event("Hangup", Uniqueid=announcer, Cause="0")) == [AnnouncementEnded(CALL, 7)]
    pbx.wait(1.0)
    assert len(pbx.actions("Hangup")) == 2


def test_a_refused_announcement_is_over_and_disturbs_nobody() -> None:
    pbx = waiting()
    pbx.answering = False
    order(pbx, Announce(CALL, 7, ("/acd/de/wait/thanks",)))
    asked = len(pbx.actions("CoreShowChannels"))
    assert refuse(pbx, pbx.actions("Originate")[0]) == [AnnouncementEnded(CALL, 7)]
    pbx.answering = True
    pbx.wait(1.0)
    assert len(pbx.actions("CoreShowChannels")) == asked


def test_an_announcer_that_an_engine_ordered_as_it_died_is_hung_up_when_it_appears() -> None:
    pbx = waiting()
    pbx.frame(
        event(
            "BridgeEnter",
            BridgeUniqueid="room",
            BridgeTechnology="holding_bridge",
            Channel="Local/s@acd-announce-00000000;2",
            Uniqueid="say-1a2b;2",
        )
    )
    pbx.answer()
    assert [one["Channel"] for one in pbx.actions("Hangup")] == ["say-1a2b"]


def test_announcers_are_no_phones() -> None:
    pbx = Pbx()
    pbx.connect()
    assert pbx.frame(event("DeviceStateChange", Device="Local/s@acd-announce", State="INUSE")) == []


def test_after_a_failed_command_about_a_living_call_the_pbx_is_read_again() -> None:
    pbx = Pbx()
    pbx.connect()
    pbx.frame(arrival())
    pbx.answering = False
    play = PlayPrompt(CALL, 1, "/x", "#")
    pbx.session.writes += pbx.session.actions.for_command(play, ("", ""), pbx.now)
    pbx.answer()
    [agi] = pbx.actions("AGI")
    pbx.frame(f"Response: Error\r\nActionID: {agi['ActionID']}\r\nMessage: No such".encode())
    pbx.answering = True
    assert pbx.wait(1.0) == [
        PbxDown(PBX),
        DifferenceFound("call_ended_unseen", CALL),
        CallerHungUp(CALL),
        PbxLive(PBX),
    ]


def test_a_ring_half_ended_as_the_link_breaks_keeps_nobody_awake() -> None:
    pbx = waiting()
    ring(pbx)
    pbx.frame(event("DialBegin", DestUniqueid=OFFER, DestChannel="PJSIP/1001-1"))
    pbx.frame(event("Hangup", Uniqueid=OFFER, Cause="19"))
    assert pbx.session.next_deadline() == pbx.now + VERDICT_SECONDS
    pbx.session.link_down(1, pbx.now)
    assert pbx.session.next_deadline() is None


def switched_off(uniqueid: str, cause: str = "4") -> bytes:
    """Return what a PBX says of a channel that it ends because it is being stopped."""
    return event("SoftHangupRequest", Channel="x", Uniqueid=uniqueid, Cause=cause)


def test_a_pbx_that_is_stopped_loses_its_callers_and_blames_no_agent() -> None:
    pbx = waiting()
    ring(pbx)
    pbx.frame(event("DialState", DestUniqueid=OFFER, DialStatus="RINGING"))
    assert pbx.frame(switched_off("1.1")) == [PbxDown(PBX)]
    assert pbx.frame(switched_off(OFFER)) == []
    failed = event("OriginateResponse", Uniqueid=OFFER, Response="Failure", Reason="0")
    ends = pbx.frame(failed)
    ends += pbx.frame(event("Hangup", Uniqueid="1.1", Cause="16"))
    ends += pbx.frame(event("Hangup", Uniqueid=OFFER, Cause="0"))
    assert ends == [CallerHungUp(CALL, lost=True), LegFailed(OFFER, RingOutcome.CANCELLED)]


def test_a_channel_that_somebody_hangs_up_is_not_lost() -> None:
    pbx = waiting()
    assert pbx.frame(switched_off("1.1", cause="16")) == []
    assert pbx.frame(event("Hangup", Uniqueid="1.1", Cause="16")) == [CallerHungUp(CALL)]


def test_a_pbx_that_says_it_stops_and_does_not_is_read_again() -> None:
    pbx = waiting()
    assert pbx.frame(switched_off("7.7")) == [PbxDown(PBX)]
    pbx.rows = [ROOM_ROW]
    pbx.wait(GOING_SECONDS + 0.1)
    assert pbx.session.drop_reason == "the PBX said that it stops, and did not"
    assert pbx.connect() == [PbxDown(PBX), PbxLive(PBX)]


def hangup_asked() -> bytes:
    """Return what a PBX says when the caller's own phone has hung up."""
    return event("HangupRequest", Channel=CALLER, Uniqueid="1.1", Context="acd-wait")


def talk_entered(uniqueid: str) -> bytes:
    """Return the entry of one of the two into the talk."""
    return event("BridgeEnter", BridgeUniqueid="talk", Channel="x", Uniqueid=uniqueid)


def test_a_caller_who_hung_up_before_he_was_joined_is_seen_out() -> None:
    """His BYE met Bridge(): the PBX would leave both in the talk for ever."""
    pbx = waiting()
    ring(pbx)
    assert pbx.frame(hangup_asked()) == []
    pbx.frame(event("BridgeLeave", BridgeUniqueid="room", Channel=CALLER, Uniqueid="1.1"))
    pbx.frame(talk_entered("1.1"))
    assert pbx.frame(talk_entered(OFFER)) == [LegAnswered(OFFER)]
    pbx.answer()
    assert [one["Channel"] for one in pbx.actions("Hangup")] == [CALLER]
    assert pbx.frame(event("Hangup", Uniqueid="1.1", Cause="0")) == [CallerHungUp(CALL)]
    failed = LegFailed(OFFER, RingOutcome.CALLER_LEFT)
    assert pbx.frame(event("Hangup", Uniqueid=OFFER, Cause="16")) == [failed]


def test_a_caller_who_hangs_up_in_his_talk_ends_it_himself() -> None:
    pbx = waiting()
    ring(pbx)
    for uniqueid in ("1.1", OFFER):
        pbx.frame(talk_entered(uniqueid))
    assert pbx.frame(hangup_asked()) == []
    pbx.frame(event("BridgeLeave", BridgeUniqueid="talk", Channel=CALLER, Uniqueid="1.1"))
    assert pbx.frame(event("Hangup", Uniqueid="1.1", Cause="16")) == [CallerHungUp(CALL)]
    pbx.answer()
    assert pbx.actions("Hangup") == []
