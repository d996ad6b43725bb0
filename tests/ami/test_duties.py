"""Who is on duty, as a PBX is told it: what is new, few at a time, after all that is urgent."""

from acd.ami.actions import Actions, encode_place
from acd.ami.duties import BATCH, PAUSE_SECONDS, DutyBoard
from acd.ami.items import FramesReceived, LinkUp
from acd.ami.messages import DeviceStated
from acd.ami.tracker import Tracker
from acd.ami.wire import Framer, Headers, parse
from acd.core.commands import Duty
from acd.core.events import AgentRequested, Tick
from acd.core.ids import AgentId, PbxId, QueueId, RequestId
from acd.core.place import Place
from acd.core.plan import AgentAction
from acd.core.records import Noticed
from acd.core.tokens import Tokens
from acd.pipeline import PbxSetup, Pipeline
from tests import plans
from tests.ami.answering import Pbx, channel

ANNA = AgentId("1001")
BANNER = b"Asterisk Call Manager/9\r\n"


def test_a_state_is_sent_once() -> None:
    board = DutyBoard()
    board.want(ANNA, Duty.OFF)
    assert board.take(0.0) == [(ANNA, "INUSE")]
    board.want(ANNA, Duty.OFF)
    assert board.take(1.0) == []


def test_of_several_wishes_the_last_counts() -> None:
    board = DutyBoard()
    board.want(ANNA, Duty.OFF)
    board.take(0.0)
    board.want(ANNA, Duty.READY)
    board.want(ANNA, Duty.WRAP_UP)
    assert board.take(1.0) == [(ANNA, "BUSY")]
    board.want(ANNA, Duty.READY)
    board.want(ANNA, Duty.WRAP_UP)
    assert board.take(2.0) == []


def test_what_the_pbx_shows_already_is_not_sent() -> None:
    board = DutyBoard()
    board.read([DeviceStated("Custom:acd-1001", "INUSE", "x"), DeviceStated("PJSIP/1", "BUSY", "")])
    board.want(ANNA, Duty.OFF)
    assert not board.wanted


def test_thousands_are_sent_few_at_a_time() -> None:
    board = DutyBoard()
    for number in range(BATCH + 1):
        board.want(AgentId(str(number)), Duty.READY)
    assert len(board.take(0.0)) == BATCH
    assert board.take(PAUSE_SECONDS / 2) == []
    assert len(board.take(PAUSE_SECONDS)) == 1


def test_a_login_forgets_what_was_shown() -> None:
    board = DutyBoard()
    board.want(ANNA, Duty.OFF)
    board.take(0.0)
    board.clear()
    board.want(ANNA, Duty.OFF)
    assert len(board.take(1.0)) == 1


def test_a_duty_is_a_device_state() -> None:
    actions = Actions(Tracker(PbxId("main")), Tokens(b"0123456789abcdef").next)
    action = parse(actions.show_duty(ANNA, "INUSE", 0.0).removesuffix(b"\r\n\r\n"))
    assert (action["Action"], action["Variable"], action["Value"]) == (
        "Setvar",
        "DEVICE_STATE(Custom:acd-1001)",
        "INUSE",
    )


def test_what_was_set_is_no_phone_of_anybody() -> None:
    pbx = Pbx()
    pbx.devices = {"Custom:acd-1001": "INUSE"}
    assert "DeviceChanged" not in [type(event).__name__ for event in pbx.connect()]
    changed = b"Event: DeviceStateChange\r\nPrivilege: call,all\r\nDevice: Custom:acd-1001\r\n"
    assert pbx.frame(changed + b"State: NOT_INUSE") == []


# -- through the whole step --------------------------------------------------------------------


class Link:
    """A pipeline with one live PBX, which answers whatever it is asked."""

    def __init__(self, agents: int, *rows: str) -> None:
        """Log in at a PBX that lists these channels."""
        skills = {str(number): {"fault": 1} for number in range(1001, 1001 + agents)}
        self.pipeline = Pipeline(
            plans.plan(skills), [PbxSetup(PbxId("main"))], secret=b"0123456789abcdef", now=0.0
        )
        self.now = 1.0
        self.records: list[object] = []
        self.rows = rows
        self.answer_to_duties = "Response: Success"
        self.writes: list[list[Headers]] = []
        self.step(LinkUp(PbxId("main"), 1))

    def step(self, item: LinkUp | AgentRequested | Tick) -> None:
        """Step the item, and answer what comes of it until nothing does."""
        todo: list[LinkUp | AgentRequested | Tick | FramesReceived] = [item]
        while todo:
            outputs = self.pipeline.step(todo.pop(0), self.now)
            self.records += outputs.records
            for write in outputs.writes:
                actions = [parse(frame) for frame in Framer().feed(BANNER + write.data)]
                self.writes.append(actions)
                for action in actions:
                    todo += [FramesReceived(PbxId("main"), 1, (f,)) for f in self._answers(action)]

    def _answers(self, action: Headers) -> list[bytes]:
        answer = "Response: Success"
        if action["Action"] == "Setvar" and "DEVICE_STATE" in action["Variable"]:
            answer = self.answer_to_duties
        lines = [answer, f"ActionID: {action['ActionID']}", "Timestamp: 1000.0"]
        frames = ["\r\n".join(lines).encode()]
        ends = {
            "CoreShowChannels": "CoreShowChannelsComplete",
            "DeviceStateList": "DeviceStateListComplete",
        }
        if action["Action"] == "CoreShowChannels":
            mine = f"Event: CoreShowChannel\r\nActionID: {action['ActionID']}\r\n"
            frames += [f"{mine}{row}".encode() for row in self.rows]
        if end := ends.get(action["Action"]):
            frames.append(f"Event: {end}\r\nActionID: {action['ActionID']}".encode())
        return frames

    def duties(self) -> list[list[str]]:
        """Return the agents whose states were set, write by write, and forget the writes."""
        found = [
            [
                action["Variable"].removeprefix("DEVICE_STATE(Custom:acd-")[:-1]
                for action in write
                if "DEVICE_STATE" in action["Variable"]
            ]
            for write in self.writes
            if any(action["Action"] == "Setvar" for action in write)
        ]
        self.writes.clear()
        return [write for write in found if write]


def test_everybody_is_told_after_a_login_a_few_in_each_step() -> None:
    link = Link(agents=BATCH + 20)
    assert [len(write) for write in link.duties()] == [BATCH]
    due = link.pipeline.next_deadline()
    assert due is not None
    assert due <= link.now + PAUSE_SECONDS
    link.now = due
    link.step(Tick())
    assert [len(write) for write in link.duties()] == [20]


def test_a_change_is_told_in_its_step() -> None:
    link = Link(agents=1)
    link.duties()
    link.now += 1.0
    link.step(AgentRequested(RequestId(1), ANNA, AgentAction.LOG_IN))
    assert link.duties() == [["1001"]]


def test_a_ring_goes_before_it() -> None:
    place = encode_place(Place(QueueId("fault"), 0.5, 0.5, 20.5))
    waits = channel("1.1", "PJSIP/trunk-1", "acd-wait", "BridgeWait", "b1")
    link = Link(1, f"{waits}\r\nChanVariable: ACD_CALL={place}")
    link.now += 1.0
    link.writes.clear()
    link.step(AgentRequested(RequestId(1), ANNA, AgentAction.LOG_IN))
    (write,) = link.writes
    assert [action.get("Variable", "").partition("(")[0] for action in write] == [
        "ACD_OFFER",
        "ACD_CALLER=PJSIP/trunk-1",
        "DEVICE_STATE",
    ]


def test_a_pbx_that_cannot_show_it_is_named_once_and_left_alone() -> None:
    link = Link(agents=1)
    link.duties()
    link.now += 1.0
    link.answer_to_duties = "Response: Error\r\nMessage: Variable not set"
    link.step(AgentRequested(RequestId(1), ANNA, AgentAction.LOG_IN))
    link.step(AgentRequested(RequestId(2), ANNA, AgentAction.LOG_OUT))
    noticed = [record.text for record in link.records if isinstance(record, Noticed)]
    assert noticed == ["call of nobody: duty: Variable not set"]
