"""Sessions: what is read after a login, the heartbeat, and a connection that only seems alive."""

from collections.abc import Callable

import pytest

from acd.ami.actions import encode_place
from acd.ami.messages import Rejected
from acd.ami.session import BEAT_ANSWER_SECONDS, BEAT_SECONDS, LinkState, Session
from acd.ami.wire import Framer, Headers, parse
from acd.core.commands import (
    Announce,
    CancelRing,
    Command,
    MoveToWaitingRoom,
    PlayPrompt,
    RingAgent,
)
from acd.core.events import (
    AnnouncementEnded,
    CallArrived,
    CallerHungUp,
    CallerRescued,
    CallFoundWaiting,
    CommandFailed,
    DeviceChanged,
    DeviceState,
    Event,
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
from acd.core.ids import AgentId, CallId, DeviceId, Language, OfferId, PbxId, QueueId
from acd.core.place import Place
from acd.core.tokens import Tokens

PBX = PbxId("main")
CALL = CallId("main-1.1")
CALLER = "PJSIP/trunk-1"
OFFER = OfferId("acd-offer")
PLACE = Place(QueueId("fault"), 50.5, 50.5, 70.5, "1", Language("en"), "0800123")


def event(name: str, **headers: str) -> bytes:
    """Return one event as Asterisk sends it to a session without a system name."""
    lines = [f"Event: {name}", "Privilege: call,all"]
    return "\r\n".join(lines + [f"{key}: {value}" for key, value in headers.items()]).encode()


def arrival(uniqueid: str = "1.1") -> bytes:
    """Return a caller's arrival in the menu."""
    env = "agi_dnid%3A%20100%0A%0A"
    return event(
        "AsyncAGIStart",
        Channel=CALLER,
        Context="acd-menu",
        Exten="s",
        CallerIDNum="0301",
        Uniqueid=uniqueid,
        Env=env,
    )


def channel(uniqueid: str, name: str, context: str, application: str, bridge: str = "") -> str:
    """Return the headers of a row of CoreShowChannels."""
    return (
        f"Channel: {name}\r\nUniqueid: {uniqueid}\r\nContext: {context}\r\nExten: s\r\n"
        f"Application: {application}\r\nBridgeId: {bridge}\r\nCallerIDNum: 0301"
    )


class Pbx:
    """Answers a session's actions as an Asterisk would; ``rows`` and ``devices`` are its state."""

    def __init__(self) -> None:
        self.now = 100.0
        self.session = Session(PBX, "", Tokens(b"0123456789abcdef").next)
        self.rows: list[str] = []
        self.devices: dict[str, str] = {}
        self.started = "2026-11-22"
        self.sent: list[Headers] = []
        self.answering = True
        self.epoch = 0

    def connect(self) -> list[Event]:
        """A new connection logs in; return what follows until everything is answered."""
        self.epoch += 1
        return self.session.link_up(self.epoch, self.now) + self.answer()

    def take_sent(self) -> list[Headers]:
        """Return and forget the actions written since the last time."""
        framer = Framer()
        frames = framer.feed(b"Asterisk Call Manager/9\r\n" + b"".join(self.session.writes))
        self.session.writes.clear()
        return [parse(frame) for frame in frames]

    def answer(self) -> list[Event]:
        """Answer every action that was written; return the events that follow."""
        events: list[Event] = []
        while actions := self.take_sent():
            self.sent += actions
            for action in actions if self.answering else []:
                for frame in self._answers(action):
                    events += self.frame(frame)
        return events

    def frame(self, frame: bytes) -> list[Event]:
        """Feed one frame that has to be believed."""
        result = self.session.frame(frame, self.now)
        assert not isinstance(result, Rejected), result
        return result

    def wait(self, seconds: float) -> list[Event]:
        """Let time pass, doing what is due and answering what it causes."""
        end = self.now + seconds
        events: list[Event] = []
        while (due := self.session.next_deadline()) is not None and due <= end:
            self.now = max(self.now, due)
            events += self.session.due(self.now) + self.answer()
        self.now = end
        return events

    def _answers(self, action: Headers) -> list[bytes]:
        mine = f"ActionID: {action['ActionID']}"
        respond: Callable[..., bytes] = lambda *more: "\r\n".join(  # noqa: E731
            ["Response: Success", mine, *more]
        ).encode()
        match action["Action"]:
            case "CoreStatus":
                return [respond(f"CoreStartupDate: {self.started}", "CoreStartupTime: 12:00")]
            case "CoreShowChannels":
                rows = [f"Event: CoreShowChannel\r\n{mine}\r\n{row}".encode() for row in self.rows]
                return [respond(), *rows, f"Event: CoreShowChannelsComplete\r\n{mine}".encode()]
            case "DeviceStateList":
                row = "Event: DeviceStateChange\r\n{}\r\nDevice: {}\r\nState: {}"
                rows = [
                    row.format(mine, name, state).encode() for name, state in self.devices.items()
                ]
                return [respond(), *rows, f"Event: DeviceStateListComplete\r\n{mine}".encode()]
            case "Ping":
                return [respond("Ping: Pong", "Timestamp: 1795311917.82")]
            case _:
                return [respond()]

    def actions(self, name: str) -> list[Headers]:
        """Return the actions of one name that were sent so far."""
        return [action for action in self.sent if action["Action"] == name]


def ring(pbx: Pbx) -> None:
    """Order a ring for the caller in the waiting room."""
    command = RingAgent(
        OFFER, CALL, OFFER, True, PBX, AgentId("1001"), DeviceId("PJSIP/1001"), "1", "0301", 15.0
    )
    pbx.session.writes += pbx.session.actions.for_command(command, ("", ""), pbx.now)
    pbx.answer()


def order(pbx: Pbx, command: Command) -> None:
    """Send what a command becomes, and have it answered."""
    pbx.session.writes += pbx.session.actions.for_command(command, ("", ""), pbx.now)
    pbx.answer()


def waiting() -> Pbx:
    """Return a PBX that is live, with one caller in the waiting room."""
    pbx = Pbx()
    pbx.connect()
    pbx.frame(arrival())
    move = MoveToWaitingRoom(CALL, PLACE)
    pbx.session.writes += pbx.session.actions.for_command(move, ("", ""), pbx.now)
    pbx.answer()
    entered = pbx.frame(
        event(
            "BridgeEnter",
            BridgeUniqueid="room",
            BridgeTechnology="holding_bridge",
            Channel=CALLER,
            Uniqueid="1.1",
        )
    )
    assert entered == [WaitingRoomEntered(CALL)]
    return pbx


ROOM_ROW = channel("1.1", CALLER, "acd-wait", "BridgeWait", "room")


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


def test_a_caller_who_still_waits_after_a_reconnect_keeps_his_place_unmentioned() -> None:
    pbx = waiting()
    pbx.rows = [ROOM_ROW]
    assert pbx.connect() == [PbxDown(PBX), PbxLive(PBX)]


def test_a_caller_who_left_meanwhile_is_gone() -> None:
    pbx = waiting()
    assert pbx.connect() == [PbxDown(PBX), CallerHungUp(CALL), PbxLive(PBX)]


def test_callers_of_an_asterisk_that_was_restarted_are_lost_with_it() -> None:
    pbx = waiting()
    pbx.started = "2026-11-23"
    assert pbx.connect() == [PbxDown(PBX), CallerHungUp(CALL, lost=True), PbxLive(PBX)]


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


def test_a_ring_for_nobody_who_is_there_is_hung_up() -> None:
    pbx = Pbx()
    pbx.rows = [ring_row("Ringing", call="main-7.7")]
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
        LegFailed(OFFER, RingOutcome.CANCELLED),
        PbxLive(PBX),
    ]


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


def hearing() -> tuple[Pbx, str]:
    """Return a PBX on which the waiting caller hears something, and the announcer's Uniqueid."""
    pbx = waiting()
    order(pbx, Announce(CALL, 7, ("/acd/de/wait/thanks",)))
    [say] = pbx.actions("Originate")
    return pbx, say["ChannelId"]


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
    assert pbx.wait(1.0) == [PbxDown(PBX), CallerHungUp(CALL), PbxLive(PBX)]
