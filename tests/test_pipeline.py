"""The pure step as its shells use it: deterministic, bounded to its epoch, one write a PBX."""

import hashlib

import pytest

from acd.ami.items import FramesReceived, LinkDown, LinkUp
from acd.ami.wire import Framer, Headers, parse
from acd.core.events import AgentRequested, CallAction, CallRequested, PlanReplaced, Tick
from acd.core.ids import AgentId, CallId, PbxId, RequestId
from acd.core.plan import AgentAction
from acd.core.records import Replied
from acd.pipeline import Item, PbxSetup, Pipeline
from acd.sim.pbx import VirtualPbx
from tests.plans import plan

PBX = PbxId("main")
SECRET = b"0123456789abcdef"


def pipeline(*pbxs: str) -> Pipeline:
    """Return a pipeline with these PBXs, ``main`` alone by default."""
    setups = [PbxSetup(PbxId(name), "") for name in pbxs or ("main",)]
    return Pipeline(plan(), setups, secret=SECRET, now=100.0)


def sent(data: bytes) -> list[Headers]:
    """Return the actions in what is to be written."""
    return [parse(frame) for frame in Framer().feed(b"Asterisk Call Manager/9\r\n" + data)]


def test_the_same_items_at_the_same_times_give_the_same_bytes() -> None:
    digests = set()
    for _ in range(2):
        digest = hashlib.sha256()
        some = pipeline()
        items: list[Item] = [
            LinkUp(PBX, 1),
            AgentRequested(RequestId(1), AgentId("1001"), AgentAction.LOG_IN),
            Tick(),
            PlanReplaced(plan()),
        ]
        for number, item in enumerate(items):
            for write in some.step(item, 100.0 + 3 * number).writes:
                digest.update(write.data)
        digests.add(digest.hexdigest())
    assert len(digests) == 1


def test_another_secret_gives_other_names_for_the_same_work() -> None:
    ids = []
    for secret in (SECRET, SECRET[::-1]):
        some = Pipeline(plan(), [PbxSetup(PBX)], secret=secret, now=0.0)
        [write] = some.step(LinkUp(PBX, 1), 0.0).writes
        ids.append([action["ActionID"] for action in sent(write.data)])
    assert set(ids[0]).isdisjoint(ids[1])


def test_what_one_step_wants_written_to_a_pbx_is_one_write() -> None:
    [write] = pipeline().step(LinkUp(PBX, 1), 100.0).writes
    assert (write.pbx, write.epoch, write.rings) == (PBX, 1, False)
    names = [action["Action"] for action in sent(write.data)]
    assert names == ["Ping", "CoreStatus", "CoreShowChannels", "DeviceStateList"]


def test_a_frame_of_an_older_connection_changes_nothing() -> None:
    some = pipeline()
    some.step(LinkUp(PBX, 2), 100.0)
    booted = b"Event: FullyBooted\r\nPrivilege: system,all\r\nUptime: 1"
    outputs = some.step(FramesReceived(PBX, 1, (booted[:-1],)), 100.1)
    assert (outputs.writes, outputs.records, outputs.rejected) == ([], [], [])


def test_a_frame_that_is_not_believed_is_counted_by_its_reason() -> None:
    some = pipeline()
    some.step(LinkUp(PBX, 1), 100.0)
    forged = FramesReceived(PBX, 1, (b"Event: Hangup\r\nUniqueid: 1.1",))
    assert some.step(forged, 100.1).rejected == [(PBX, "no_privilege")]


def test_a_person_is_answered_in_the_step_of_his_request() -> None:
    some = pipeline()
    request = AgentRequested(RequestId(7), AgentId("nobody"), AgentAction.READY)
    records = some.step(request, 100.0).records
    assert records == [Replied(100.0, RequestId(7), "no agent 'nobody'")]


def test_a_supervisor_is_answered_in_the_step_of_his_request() -> None:
    some = pipeline()
    request = CallRequested(RequestId(8), CallId("main-1.1"), CallAction.WITHDRAW)
    records = some.step(request, 100.0).records
    assert records == [Replied(100.0, RequestId(8), "no call 'main-1.1'")]
    assert some.explain(CallId("main-1.1")) is None


def test_each_of_several_pbxs_has_a_state_of_its_own() -> None:
    some = pipeline("north", "south")
    some.step(LinkUp(PbxId("south"), 1), 100.0)
    assert dict(some.pbx_status()) == {"north": "down", "south": "sync"}
    some.step(LinkDown(PbxId("south"), 1, "cut"), 100.1)
    assert dict(some.pbx_status()) == {"north": "down", "south": "down"}


def test_a_silent_pbx_is_dropped_when_its_deadline_comes() -> None:
    some = pipeline()
    some.step(LinkUp(PBX, 1), 100.0)
    due = some.next_deadline()
    dropped = []
    while due is not None and not dropped:
        dropped = some.step(Tick(), due).drops
        due = some.next_deadline()
    assert [(drop.pbx, drop.epoch) for drop in dropped] == [(PBX, 1)]
    assert "not answered" in dropped[0].reason


class Centre:
    """A pipeline and a virtual Asterisk beside it, in stepped time."""

    def __init__(self) -> None:
        self.now = 100.0
        self.written = b""
        self.pipeline = Pipeline(plan(), [PbxSetup(PBX, "acd-sim")], secret=SECRET, now=self.now)
        self.pbx = VirtualPbx(seed=1, phones=["PJSIP/1001"], start=self.now)
        self.step(LinkUp(PBX, 1))

    def step(self, item: Item) -> None:
        """Work an item off, and whatever comes of it."""
        for write in self.pipeline.step(item, self.now).writes:
            self.written += write.data
            for action in frames_in(write.data):
                self.heard(*frames_in(b"".join(self.pbx.action(action, self.now))))

    def heard(self, *frames: bytes) -> None:
        """The PBX says these, each by itself."""
        for frame in frames:
            self.step(FramesReceived(PBX, 1, (frame,)))

    def advance(self, seconds: float) -> None:
        """Let time pass on both sides."""
        until = self.now + seconds
        while (due := self.pbx.next_deadline()) is not None and due <= until:
            self.now = max(self.now, due)
            self.heard(*frames_in(b"".join(self.pbx.advance(self.now))))
        self.now = until
        self.step(Tick())

    def rings(self) -> int:
        """How often a phone was rung."""
        return sum(action["Action"] == "Originate" for action in sent(self.written))


def frames_in(data: bytes) -> list[bytes]:
    return Framer().feed(b"Asterisk Call Manager/9\r\n" + data)


def test_a_virtual_asterisk_makes_it_live() -> None:
    assert dict(Centre().pipeline.pbx_status()) == {"main": "live"}


@pytest.mark.parametrize("gone", [False, True], ids=["stays", "has left"])
def test_nobody_is_rung_for_a_caller_who_left_in_the_same_breath(gone: bool) -> None:
    centre = Centre()
    centre.step(AgentRequested(RequestId(1), AgentId("1001"), AgentAction.LOG_IN))
    caller = centre.pbx.dial_in(centre.now, number="0301234")
    centre.advance(0.5)
    centre.pbx.press(caller, "1", centre.now)
    frames: list[bytes] = []
    while not any(frame.startswith(b"Event: BridgeEnter") for frame in frames):
        centre.heard(*frames)
        due = centre.pbx.next_deadline()
        assert due is not None
        centre.now = max(centre.now, due)
        frames = frames_in(b"".join(centre.pbx.advance(centre.now)))
    if gone:
        centre.pbx.hang_up(caller, centre.now)
        frames += frames_in(b"".join(centre.pbx.advance(centre.now)))
    centre.step(FramesReceived(PBX, 1, tuple(frames)))
    centre.advance(1.0)
    assert centre.rings() == (0 if gone else 1)
