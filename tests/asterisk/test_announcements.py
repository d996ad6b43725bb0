"""Announcements on a real Asterisk, through acd's own session: heard, cut short, not lingering."""

import math
import wave
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from acd.core.commands import Announce, EnterMenu, MoveToWaitingRoom, RingAgent
from acd.core.events import (
    AnnouncementEnded,
    CallArrived,
    CallerHungUp,
    CallFoundWaiting,
    Event,
    LegConnected,
    LegEnded,
    MenuReached,
    WaitingRoomEntered,
    WaitingRoomLeft,
)
from acd.core.ids import AgentId, CallId, DeviceId, Language, OfferId, QueueId
from acd.core.place import Place
from tests.lab.ami import Observer
from tests.lab.asterisk import LabAsterisk
from tests.lab.hand import PBX, Hand
from tests.lab.rtp import SAMPLE_RATE, Packet, RtpRecorder
from tests.lab.sipp import CALLERS_ADDRESS, Call, Phone, SippAgents, SippCallers

TONE_HERTZ = 1000
SHORT, LONG = "tone-1", "tone-30"
CONNECTED_WITHIN_SECONDS = 0.05
SILENT_WITHIN_SECONDS = 0.1
ROUNDS = 12


@pytest.fixture(scope="module")
def tones(lab_session: LabAsterisk) -> str:
    """Where the PBX finds tones of 1 s and 30 s, which no music is mistaken for."""
    folder = lab_session.directory / "prompts"
    for name, seconds in ((SHORT, 1), (LONG, 30)):
        samples = array(
            "h",
            (
                round(12000 * math.sin(2 * math.pi * TONE_HERTZ * number / SAMPLE_RATE))
                for number in range(seconds * SAMPLE_RATE)
            ),
        )
        with wave.open(str(folder / f"{name}.wav"), "wb") as stream:
            stream.setnchannels(1)
            stream.setsampwidth(2)
            stream.setframerate(SAMPLE_RATE)
            stream.writeframes(samples.tobytes())
        (folder / f"{name}.wav").chmod(0o644)
    return lab_session.prompts_path_on_pbx


@pytest.fixture
def hand(lab: LabAsterisk) -> Iterator[Hand]:
    """A session that is live on the shared lab."""
    with Hand(lab) as driven:
        yield driven


def is_tone(packet: Packet) -> bool:
    """Whether most of a packet's sound is the tone."""
    samples = packet.samples()
    energy = sum(sample * sample for sample in samples)
    if not energy:
        return False
    turn = 2 * math.pi * TONE_HERTZ / SAMPLE_RATE
    real = sum(sample * math.cos(turn * n) for n, sample in enumerate(samples))
    imaginary = sum(sample * math.sin(turn * n) for n, sample in enumerate(samples))
    return 2 * (real**2 + imaginary**2) / len(samples) > 0.8 * energy


def waits(hand: Hand) -> CallId:
    """The next caller, in the waiting room."""
    since = len(hand.understood)
    known = len(hand.events(CallArrived))
    hand.until(lambda: len(hand.events(CallArrived)) > known)
    arrived = hand.events(CallArrived)[known]
    assert isinstance(arrived, CallArrived)
    place = Place(QueueId("fault"), 1.0, 1.0, 1.0, "1", Language("de"), "0800")
    hand.order(MoveToWaitingRoom(arrived.call, place))
    hand.event(WaitingRoomEntered, since=since)
    return arrived.call


def ring(hand: Hand, call: CallId, agent: str) -> OfferId:
    """Rings one agent for the caller."""
    offer = OfferId(f"acd-{hand.token()}")
    hand.order(
        RingAgent(
            offer, call, offer, True, PBX, AgentId(agent), DeviceId(f"PJSIP/{agent}"),
            "1 Entstörung", "0301234567", 15.0,
        )
    )  # fmt: skip
    return offer


def only(events: Sequence[Event]) -> Event:
    """The one event there is."""
    assert len(events) == 1, events
    return events[0]


@pytest.mark.slow
def test_a_waiting_caller_hears_it_in_his_room_and_then_his_music_again(
    lab: LabAsterisk, hand: Hand, tones: str, tmp_path: Path
) -> None:
    with RtpRecorder(CALLERS_ADDRESS) as heard:
        call = Call("0301234567", media_port=heard.port, hang_up_after_seconds=4)
        callers = SippCallers(lab, [call], tmp_path)
        caller = waits(hand)
        hand.order(Announce(caller, 7, (f"{tones}/{SHORT}", f"{tones}/{SHORT}")))
        hand.event(AnnouncementEnded)
        assert hand.events(WaitingRoomLeft) == []
        callers.wait()
    hand.event(CallerHungUp)
    assert hand.events(AnnouncementEnded) == [AnnouncementEnded(caller, 7)]
    tone = [is_tone(packet) for packet in heard.packets]
    assert 1.9 < tone.count(True) * 0.02 < 2.1
    assert not any(tone[-20:]), "the music is back"


@pytest.mark.slow
def test_an_agent_who_answers_is_connected_at_once_and_no_announcer_lingers(
    lab: LabAsterisk, observer: Observer, hand: Hand, tones: str, tmp_path: Path
) -> None:
    """Measured from the phone's 200 OK, by SIP's clock and the PBX's, which are one."""
    connected, silent = [], []
    with SippAgents(lab, {"1001": Phone(ring_seconds=0.1, talk_seconds=0.4)}, tmp_path / "a") as ag:
        for number in range(ROUNDS):
            with RtpRecorder(CALLERS_ADDRESS) as heard:
                call = Call("0301234567", media_port=heard.port)
                callers = SippCallers(lab, [call], tmp_path / f"c{number}")
                caller = waits(hand)
                since = len(hand.understood)
                hand.order(Announce(caller, number, (f"{tones}/{LONG}",)))
                hand.until(lambda: bool(heard.packets) and is_tone(heard.packets[-1]))
                offer = ring(hand, caller, "1001")
                hand.event(LegEnded, since=since)
                callers.wait()
            answered = [
                m.at for m in ag.messages() if (m.kind, m.method, m.sent) == ("200", "INVITE", True)
            ]
            bridged = observer.event("BridgeEnter", Uniqueid=offer)
            connected.append(float(bridged["Timestamp"]) - answered[-1])
            last = max(packet.received_at for packet in heard.packets if is_tone(packet))
            silent.append(last - answered[-1])
            ended = only(hand.events(AnnouncementEnded, since=since))
            assert ended == AnnouncementEnded(caller, number)
            lab.wait_until_idle(1)  # Its 30 s are not over: somebody hung it up.
    print(
        f"answer to bridge in mid-announcement, {ROUNDS} times: "
        f"{sorted(connected)[ROUNDS // 2] * 1000:.1f} ms (median), "
        f"{max(connected) * 1000:.1f} ms (worst); the last of it was heard "
        f"{max(silent) * 1000:.1f} ms after the answer (worst)"
    )
    assert sorted(connected)[-2] <= CONNECTED_WITHIN_SECONDS
    assert sorted(silent)[-2] <= SILENT_WITHIN_SECONDS


@pytest.mark.slow
def test_who_is_called_out_of_the_room_does_not_find_the_rest_of_it_when_he_comes_back(
    lab: LabAsterisk, hand: Hand, tones: str, tmp_path: Path
) -> None:
    with RtpRecorder(CALLERS_ADDRESS) as heard:
        call = Call("0301234567", media_port=heard.port, hang_up_after_seconds=3)
        callers = SippCallers(lab, [call], tmp_path)
        caller = waits(hand)
        hand.order(Announce(caller, 1, (f"{tones}/{LONG}",)))
        hand.until(lambda: bool(heard.packets) and is_tone(heard.packets[-1]))
        hand.order(EnterMenu(caller))
        hand.event(MenuReached)
        hand.event(AnnouncementEnded)
        left_at = heard.packets[-1].received_at
        place = Place(QueueId("fault"), 1.0, 1.0, 1.0)
        hand.order(MoveToWaitingRoom(caller, place))
        callers.wait()
    hand.event(CallerHungUp)
    later = [packet for packet in heard.packets if packet.received_at > left_at + 0.1]
    assert later
    assert not any(is_tone(packet) for packet in later)


def test_a_file_that_is_not_there_ends_at_once_and_a_caller_who_leaves_is_not_told_of(
    lab: LabAsterisk, hand: Hand, tones: str, tmp_path: Path
) -> None:
    callers = SippCallers(lab, [Call("0301234567", hang_up_after_seconds=1.5)], tmp_path)
    caller = waits(hand)
    hand.order(Announce(caller, 1, ("/acd/not/there",)))
    hand.wait_for(lambda event: event == AnnouncementEnded(caller, 1), timeout=0.5)
    hand.order(Announce(caller, 2, (f"{tones}/{LONG}",)))
    callers.wait()
    hand.event(CallerHungUp)
    lab.wait_until_idle(1)
    assert hand.events(AnnouncementEnded) == [AnnouncementEnded(caller, 1)]


@pytest.mark.slow
def test_more_files_than_a_line_holds_are_all_played(
    lab: LabAsterisk, observer: Observer, hand: Hand, tones: str, tmp_path: Path
) -> None:
    deep = Path("p" * 200, "q" * 200)
    folder = lab.directory / "prompts" / deep
    folder.mkdir(parents=True)
    names = [f"{number}" for number in range(6)]
    for name in names:
        (folder / f"{name}.wav").symlink_to(f"../../{SHORT}.wav")
    callers = SippCallers(lab, [Call("0301234567", hang_up_after_seconds=8)], tmp_path)
    caller = waits(hand)
    hand.order(Announce(caller, 1, tuple(f"{tones}/{deep}/{name}" for name in names)))
    ended = hand.event(AnnouncementEnded, timeout=10)
    callers.stop()
    played = [e["AppData"] for e in observer.named("Newexten") if e["Application"] == "Playback"]
    assert [one.rpartition("/")[2] for text in played for one in text.split("&")] == names
    assert ended.event == AnnouncementEnded(caller, 1)
    lab.hang_up_all()


def test_a_new_engine_silences_what_the_old_one_began_and_finds_the_caller_where_he_was(
    lab: LabAsterisk, tones: str, tmp_path: Path
) -> None:
    callers = SippCallers(lab, [Call("0301234567", hang_up_after_seconds=2)], tmp_path)
    with Hand(lab) as old:
        caller = waits(old)
        old.order(Announce(caller, 1, (f"{tones}/{LONG}",)))
    with Hand(lab) as new:
        found = only(new.events(CallFoundWaiting))
        assert isinstance(found, CallFoundWaiting)
        assert found.call == caller
        new.until(lambda: len(lab.channels()) == 1, timeout=1)
        assert new.events(WaitingRoomLeft) == new.events(AnnouncementEnded) == []
        callers.wait()
        new.event(CallerHungUp)


@pytest.mark.slow
def test_a_caller_is_connected_through_a_round_that_an_announcer_keeps_open(
    lab: LabAsterisk, hand: Hand, tones: str, tmp_path: Path
) -> None:
    """He leaves his room for an instant after 10 s; the announcement goes on."""
    with SippAgents(lab, {"1001": Phone(talk_seconds=0.3)}, tmp_path / "a"):
        callers = SippCallers(lab, [Call("0301234567")], tmp_path / "c")
        caller = waits(hand)
        hand.order(Announce(caller, 1, (f"{tones}/{LONG}",)))
        since = len(hand.understood)
        hand.event(WaitingRoomLeft, since=since, timeout=12)
        hand.event(WaitingRoomEntered, since=since)
        assert hand.events(AnnouncementEnded) == []
        ring(hand, caller, "1001")
        hand.event(LegConnected)
        assert hand.event(AnnouncementEnded).event == AnnouncementEnded(caller, 1)
        callers.wait()
