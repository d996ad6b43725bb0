"""What real Asterisks sent, through the whole pipeline, cut at every message and at every byte.

The recordings hold what one session received, not what it sent. So a replayed PBX answers the
engine's own actions, and where the engine rings the phone that the recorded session rang, the
recorded leg takes the engine's name for it: the story then happens to our engine.
"""

import gzip
import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby, pairwise
from random import Random

import msgspec
import pytest

from acd.ami.items import FramesReceived, LinkDown, LinkUp, Outputs
from acd.ami.messages import WANTED_EVENTS
from acd.ami.session import LinkState
from acd.ami.wire import Framer, event_name, is_response, parse
from acd.core.events import AgentRequested, Tick
from acd.core.ids import AgentId, PbxId, RequestId
from acd.core.invariants import check
from acd.core.plan import AgentAction
from acd.core.records import CallAnswered, CallEnded, CallOffered
from acd.pipeline import Item, PbxSetup, Pipeline
from tests.ami.recorded import DIRECTORY, STORIES
from tests.plans import ALL, plan

PBX = PbxId("main")
AGENTS = dict.fromkeys([f"{number}" for number in range(1001, 1011)], ALL)
START = 1_795_311_000.0
ENCODE = msgspec.msgpack.Encoder().encode
_LEG = re.compile(rb"leg-(\d{4})-\d+")


BUSY = "unfiltered"
"""Sixty calls at 20 a second to ten agents."""


@cache
def data_of(story: str) -> bytes:
    if story == BUSY:
        return gzip.decompress((DIRECTORY / f"{story}.ami.gz").read_bytes())
    return (DIRECTORY / f"{story}.ami").read_bytes()


@cache
def name_of_system(story: str) -> str:
    return next(filter(None, (parse(one).get("SystemName") for one in raw_frames(story))))


@cache
def raw_frames(story: str) -> tuple[bytes, ...]:
    return tuple(Framer().feed(data_of(story)))


def engine_for(story: str) -> Pipeline:
    return Pipeline(
        plan(AGENTS, wrap_up_seconds=5.0),
        [PbxSetup(PBX, name_of_system(story))],
        secret=b"0123456789abcdef",
        now=START,
    )


class Told:
    """An engine that is told a recording, and everything it said."""

    def __init__(self, story: str, hurry: Random | None = None) -> None:
        """hurry: throws the dice whether a message comes in the same moment as the one before."""
        self._hurry = hurry
        self.items: list[tuple[float, Item]] = []
        self.now = START
        self.epoch = 0
        self.said: list[bytes] = []
        self.records: list[object] = []
        self._legs: dict[bytes, bytes] = {}
        self._rung: dict[str, list[tuple[bytes, bytes]]] = {}
        """For each phone the engine's rings that no recorded leg has taken: name and ActionID."""
        self._originated: dict[bytes, bytes] = {}
        self.pipeline = engine_for(story)
        self._system_name = name_of_system(story).encode()
        self.connect()
        for number, agent in enumerate(AGENTS):
            self.step(AgentRequested(RequestId(number), AgentId(agent), AgentAction.LOG_IN))
            self.step(AgentRequested(RequestId(number), AgentId(agent), AgentAction.READY))

    @property
    def state(self) -> LinkState:
        return self.pipeline.sessions[PBX].state

    def check(self) -> None:
        """What must hold after every step."""
        check(self.pipeline.engine.floor, self.now)

    def connect(self) -> None:
        self.epoch += 1
        self.step(LinkUp(PBX, self.epoch))

    def step(self, item: Item) -> None:
        """Step an item, answer what it makes the engine write, and what that makes it write."""
        self.items.append((self.now, item))
        outputs = self.pipeline.step(item, self.now)
        self.said.append(ENCODE(outputs))
        self.records += outputs.records
        for answer in self._answers(outputs):
            self.step(FramesReceived(PBX, self.epoch, (answer,)))

    def frame(self, raw: bytes) -> None:
        """Tell a recorded message, a hundredth of a second after the one before."""
        if self._hurry is None or self._hurry.random() < 0.3:
            self.wait(0.01)
        if is_response(raw) or event_name(raw) not in WANTED_EVENTS:
            return  # The answers were for the recorded session; the rest the link drops.
        self.step(FramesReceived(PBX, self.epoch, (self._renamed(raw),)))
        self.check()

    def wait(self, seconds: float) -> None:
        """Let time pass, in which the PBX says nothing but answers."""
        end = self.now + seconds
        while (due := self.pipeline.next_deadline()) is not None and due <= end:
            # Never twice at the same moment, as the daemon's timer.
            self.now = min(end, max(self.now + 0.001, due))
            self.step(Tick())
            if self.now >= end:
                break
        self.now = end

    def _renamed(self, raw: bytes) -> bytes:
        for leg in set(_LEG.findall(raw)):
            name = next(iter(_LEG.finditer(raw)))[0]
            waiting = self._rung.get(f"PJSIP/{leg.decode()}", [])
            if name not in self._legs and waiting:
                self._legs[name], self._originated[name] = waiting.pop(0)
        for name, offer in self._legs.items():
            if name in raw and event_name(raw) == b"OriginateResponse":
                raw = re.sub(rb"ActionID: \S+", b"ActionID: " + self._originated[name], raw)
            raw = re.sub(rb"%b\b" % re.escape(name), offer, raw)
        return raw

    def _answers(self, outputs: Outputs) -> list[bytes]:
        answers: list[bytes] = []
        for write in outputs.writes:
            for raw in write.data.split(b"\r\n\r\n")[:-1]:
                action = parse(raw)
                mine = b"ActionID: " + action["ActionID"].encode()
                more = b"Privilege: system,all\r\nSystemName: " + self._system_name
                respond = b"Response: Success\r\n" + mine
                match action["Action"]:
                    case "Ping":
                        clock = b"\r\nPing: Pong\r\nTimestamp: %.6f" % self.now
                        answers.append(respond + clock)
                    case "CoreStatus":
                        started = b"\r\nCoreStartupDate: 2026-11-22\r\nCoreStartupTime: 01:45:17"
                        answers.append(respond + started)
                    case "CoreShowChannels":
                        complete = b"Event: CoreShowChannelsComplete\r\n"
                        answers += [respond, complete + mine + b"\r\n" + more]
                    case "DeviceStateList":
                        complete = b"Event: DeviceStateListComplete\r\n"
                        answers += [respond, complete + mine + b"\r\n" + more]
                    case name:
                        if name == "Originate":
                            ring = action["ChannelId"].encode(), action["ActionID"].encode()
                            self._rung.setdefault(action["Channel"], []).append(ring)
                        answers.append(respond)
        return answers


def tell(story: str, messages: int | None = None) -> Told:
    """Return an engine that was told the first so many messages of a recording, or all."""
    told = Told(story)
    for raw in raw_frames(story)[:messages]:
        told.frame(raw)
    return told


def test_the_engine_takes_part_in_the_story() -> None:
    """Otherwise all that follows would be about an engine that ignores everything."""
    told = tell("answered")
    assert told.state is LinkState.LIVE
    kinds = {type(record) for record in told.records}
    assert {CallOffered, CallAnswered, CallEnded} <= kinds
    offered = {
        story
        for story in STORIES
        if any(isinstance(record, CallOffered) for record in tell(story).records)
    }
    assert offered == set(STORIES)


def check_links_cut(story: str, every: int) -> None:
    """Cut there, the engine said what it says anyway, and it goes on after a new login."""
    whole = tell(story).said
    wanted = [
        number
        for number, raw in enumerate(raw_frames(story), start=1)
        if event_name(raw) in WANTED_EVENTS
    ]
    for messages in [0, *wanted[::every]]:
        told = tell(story, messages)
        assert told.said == whole[: len(told.said)]
        told.step(LinkDown(PBX, told.epoch, "cut"))
        told.check()
        told.wait(0.2)
        told.connect()
        told.check()
        assert told.state is LinkState.LIVE
        told.wait(60.0)
        told.check()
        # The PBX said at the login that it has no channel any more.
        assert not told.pipeline.engine.floor.calls


@pytest.mark.slow
@pytest.mark.parametrize("story", STORIES)
def test_it_survives_a_cut_after_many_a_message(story: str) -> None:
    check_links_cut(story, every=5)


@pytest.mark.slow
@pytest.mark.parametrize("story", STORIES)
def test_it_survives_a_cut_after_every_message(story: str) -> None:
    check_links_cut(story, every=1)


@pytest.mark.slow
def test_it_survives_cuts_on_a_busy_day() -> None:
    assert sum(isinstance(record, CallEnded) for record in tell(BUSY).records) == 60
    check_links_cut(BUSY, every=40)


@pytest.mark.parametrize(
    "story", [STORIES[0], *(pytest.param(each, marks=pytest.mark.slow) for each in STORIES[1:])]
)
def test_it_says_the_same_when_each_byte_comes_alone(story: str) -> None:
    told, framer = Told(story), Framer()
    for byte in data_of(story):
        for raw in framer.feed(bytes((byte,))):
            told.frame(raw)
    assert told.said == tell(story).said


def check_cuts(data: bytes, whole: tuple[bytes, ...], every: int) -> None:
    """What is complete before a cut is the same whether or not more comes, and nothing is lost."""
    for at in range(0, len(data) + 1, every):
        framer = Framer()
        before = framer.feed(data[:at])
        assert tuple(before) == whole[: len(before)]
        assert (*before, *framer.feed(data[at:])) == whole


@pytest.mark.parametrize("story", STORIES)
def test_bytes_cut_in_two_are_the_same_messages(story: str) -> None:
    check_cuts(data_of(story), raw_frames(story), every=997)


@pytest.mark.slow
@pytest.mark.parametrize("story", STORIES)
def test_bytes_cut_in_two_anywhere_are_the_same_messages(story: str) -> None:
    """Two messages at a time, of each two kinds: nothing is kept that a third could meet."""
    pairs = {
        (event_name(one), event_name(other)): (one, other)
        for one, other in pairwise(raw_frames(story))
    }
    for one, other in pairs.values():
        check_cuts(one + b"\r\n\r\n" + other + b"\r\n\r\n", (one, other), every=1)


def together(items: Sequence[tuple[float, Item]]) -> Iterator[tuple[float, Item]]:
    """The same, but what comes in one moment comes in one item."""
    for (now, is_frame), group in groupby(
        items, lambda each: (each[0], isinstance(each[1], FramesReceived))
    ):
        if is_frame:
            frames = [frame for _, item in group for frame in getattr(item, "frames", ())]
            yield now, FramesReceived(PBX, 1, tuple(frames))
        else:
            yield from group


@pytest.mark.parametrize("story", STORIES)
def test_what_comes_in_one_breath_means_what_it_means_one_by_one(story: str) -> None:
    told = Told(story, Random(story))
    for raw in raw_frames(story):
        told.frame(raw)
    said = {}
    items = list(together(told.items))
    assert len(items) < 0.8 * len(told.items)
    alone = [
        (now + number * 1e-6, FramesReceived(PBX, 1, (frame,)))
        if isinstance(item, FramesReceived)
        else (now, item)
        for now, item in items
        for number, frame in enumerate(getattr(item, "frames", (b"",)))
    ]
    for name, course in (("alone", alone), ("together", items)):
        pipeline = engine_for(story)
        outputs = [pipeline.step(item, now) for now, item in course]
        said[name] = (
            b"".join(write.data for each in outputs for write in each.writes),
            [record for each in outputs for record in each.records],
            pipeline.snapshot(told.now),
        )
    assert said["together"] == said["alone"]
