"""A talk on a real Asterisk, recorded: both voices, silence in a pause, and never unasked."""

import math
import time
import wave
from array import array
from pathlib import Path

import pytest

from acd.core.commands import MoveToWaitingRoom, MuteRecording, RingAgent
from acd.core.events import (
    CallArrived,
    CommandFailed,
    LegConnected,
    LegEnded,
    RecordingMuted,
    WaitingRoomEntered,
)
from acd.core.ids import AgentId, CallId, DeviceId, Language, OfferId, QueueId
from acd.core.place import Place
from tests.lab.asterisk import LabAsterisk
from tests.lab.hand import PBX, Hand
from tests.lab.rtp import SAMPLE_RATE, RtpRecorder, write_tone_pcap
from tests.lab.sipp import CALLERS_ADDRESS, Call, Phone, SippAgents, SippCallers

CALLER_HERTZ, AGENT_HERTZ = 500, 1000
PART_SECONDS = 1.5
AGENT = "1001"


class Shelf:
    """The folder that a lab records into, as the tests and as Asterisk see it."""

    def __init__(self, lab: LabAsterisk, name: str) -> None:
        self.folder = lab.directory / "spool" / name
        self.on_pbx = lab.place.inside(self.folder)

    def files(self) -> list[str]:
        return sorted(str(one.relative_to(self.folder)) for one in self.folder.rglob("*.*"))


def waits(hand: Hand) -> CallId:
    """The caller, in the waiting room."""
    arrived = hand.event(CallArrived).event
    assert isinstance(arrived, CallArrived)
    place = Place(QueueId("fault"), 1.0, 1.0, 1.0, "1", Language("de"), "0800")
    hand.order(MoveToWaitingRoom(arrived.call, place))
    hand.event(WaitingRoomEntered)
    return arrived.call


def ring(hand: Hand, call: CallId, recording: str) -> OfferId:
    offer = OfferId(f"acd-{hand.token()}")
    hand.order(
        RingAgent(
            offer, call, offer, True, PBX, AgentId(AGENT), DeviceId(f"PJSIP/{AGENT}"),
            "1 Fault", "0301234567", 15.0, recording,
        )
    )  # fmt: skip
    return offer


def level(samples: "array[int]", hertz: int) -> float:
    """How loud one tone is in them: about 8000 is what both sides send, 0 is silence."""
    turn = 2 * math.pi * hertz / SAMPLE_RATE
    real = sum(sample * math.cos(turn * n) for n, sample in enumerate(samples))
    imaginary = sum(sample * math.sin(turn * n) for n, sample in enumerate(samples))
    return 2 * math.hypot(real, imaginary) / max(1, len(samples))


def read(path: Path) -> "array[int]":
    with wave.open(str(path), "rb") as stream:
        assert (stream.getnchannels(), stream.getsampwidth()) == (1, 2)
        assert stream.getframerate() == SAMPLE_RATE
        return array("h", stream.readframes(stream.getnframes()))


def between(samples: "array[int]", begins: float, ends: float) -> "array[int]":
    return samples[round(begins * SAMPLE_RATE) : round(ends * SAMPLE_RATE)]


@pytest.mark.slow
def test_both_voices_are_recorded_but_for_the_pause(lab: LabAsterisk, tmp_path: Path) -> None:
    shelf = Shelf(lab, "both-voices")
    sound = tmp_path / "agent.pcap"
    write_tone_pcap(sound, AGENT_HERTZ, 12)
    with (
        Hand(lab) as hand,
        RtpRecorder(CALLERS_ADDRESS) as caller,
        SippAgents(lab, {AGENT: Phone()}, tmp_path / "a", sound=sound),
    ):
        caller.speak(CALLER_HERTZ)
        ends_after = 5 * PART_SECONDS
        call_in = Call("0301234567", media_port=caller.port, hang_up_after_seconds=ends_after)
        SippCallers(lab, [call_in], tmp_path / "c")
        call = waits(hand)
        offer = ring(hand, call, f"{shelf.on_pbx}/fault/{call}.wav")
        began_at = hand.event(LegConnected).at
        moments = []
        for muted in (True, False):
            time.sleep(PART_SECONDS)
            since = len(hand.understood)
            hand.order(MuteRecording(offer, call, muted))
            told = hand.event(RecordingMuted, since=since)
            assert told.event == RecordingMuted(offer, done=True)
            moments.append(told.at - began_at)
        hand.event(LegEnded, timeout=10)
    lab.wait_until_idle(5)
    assert shelf.files() == [f"fault/{call}.wav"]
    samples = read(shelf.folder / "fault" / f"{call}.wav")
    paused_at, resumed_at = moments
    ends_at = len(samples) / SAMPLE_RATE
    assert ends_at > resumed_at + 0.8
    spoken = between(samples, 0.3, paused_at - 0.2)
    silent = between(samples, paused_at + 0.3, resumed_at - 0.3)
    again = between(samples, resumed_at + 0.3, ends_at - 0.1)
    for heard in (spoken, again):
        assert level(heard, CALLER_HERTZ) > 2000
        assert level(heard, AGENT_HERTZ) > 2000
    assert max(abs(sample) for sample in silent) == 0


def test_without_a_file_named_nothing_is_recorded_and_nothing_can_be_paused(
    lab: LabAsterisk, tmp_path: Path
) -> None:
    shelf = Shelf(lab, "unasked")
    with Hand(lab) as hand, SippAgents(lab, {AGENT: Phone()}, tmp_path / "a"):
        SippCallers(lab, [Call("0301234567", hang_up_after_seconds=2.5)], tmp_path / "c")
        call = waits(hand)
        offer = ring(hand, call, "")
        hand.event(LegConnected)
        hand.order(MuteRecording(offer, call, True))
        assert hand.event(RecordingMuted).event == RecordingMuted(offer, done=False)
        assert hand.events(CommandFailed)
        hand.event(LegEnded, timeout=10)
    lab.wait_until_idle(5)
    assert shelf.files() == []
    assert list((lab.directory / "spool").rglob(f"*{call}*")) == []
