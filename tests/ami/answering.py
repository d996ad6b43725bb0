"""A PBX for the session: it answers actions as an Asterisk would, from what is said to be there."""

from collections.abc import Callable

from acd.ami.messages import Rejected
from acd.ami.session import Session
from acd.ami.wire import Framer, Headers, parse
from acd.core.commands import (
    Announce,
    Command,
    MoveToWaitingRoom,
    RingAgent,
)
from acd.core.events import (
    Event,
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
    env = "agi_request%3A%20async%0Aagi_dnid%3A%20100%0A%0A"
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


def hearing() -> tuple[Pbx, str]:
    """Return a PBX on which the waiting caller hears something, and the announcer's Uniqueid."""
    pbx = waiting()
    order(pbx, Announce(CALL, 7, ("/acd/de/wait/thanks",)))
    [say] = pbx.actions("Originate")
    return pbx, say["ChannelId"]
