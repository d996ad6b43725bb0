"""The virtual PBX against recordings of a real Asterisk 22: the same headers, in the same order.

Where the two differ, the recording is right.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from acd.ami.wire import Framer, Headers, event_name, parse
from acd.sim.exchange import WANTED
from acd.sim.phones import Behaviour, Reply
from tests.sim.rig import OTHER_PHONE, PHONE, Rig

RECORDINGS = Path(__file__).parents[1] / "recordings"

NOT_RECORDED = {"ContactStatus", "Shutdown"}


@cache
def recorded(name: str) -> tuple[Headers, ...]:
    frames = Framer().feed((RECORDINGS / f"{name}.ami").read_bytes())
    return tuple(parse(frame) for frame in frames if event_name(frame).decode() in WANTED)


def shape(event: Headers) -> tuple[str, ...]:
    """Its header names in order, without what names one channel."""
    return tuple(re.sub(r"\(.*\)", "()", name) for name, _ in event.items())


def shapes(events: list[Headers]) -> dict[str, set[tuple[str, ...]]]:
    known: dict[str, set[tuple[str, ...]]] = {}
    for event in events:
        known.setdefault(event.get("Event"), set()).add(shape(event))
    return known


def told(events: list[Headers]) -> set[tuple[str, ...]]:
    """What is said about channels and devices, without order, time and names."""
    said = ("Event", "DialStatus", "Cause", "Cause-txt", "TechCause", "Response", "Reason",
            "State", "BridgeTechnology", "BridgeNumChannels", "DestContext", "Context",
            "Exten")  # fmt: skip
    return {
        tuple(f"{key}={event.get(key)}" for key in said if key in event)
        for event in events
        if event.get("Event") not in ("FullyBooted", "AsyncAGIStart")
    }


def virtual(behaviour: Behaviour, *, timeout_ms: int = 15_000) -> list[Headers]:
    """The story of the recordings: the first phone behaves so, then the second answers."""
    rig = Rig()
    rig.act("Login", Username="x", Secret="y")
    rig.pbx.phone_behaviour(PHONE, behaviour)
    rig.pbx.phone_behaviour(OTHER_PHONE, Behaviour(Reply.ANSWERS, 0.2, 0.5))
    caller = rig.pbx.dial_in(rig.now, number="0301234567", name="Caller", keys=[(0.5, "1")])
    rig.run(1)
    rig.act("Setvar", Channel=rig.channel(caller), Variable="ACD_CALL", Value="c-1")
    rig.send_to_wait(caller)
    rig.run(0.3)
    rig.offer(caller, "o1", timeout_ms=timeout_ms)
    rig.run(5)
    if rig.pbx.find(caller):
        rig.offer(caller, "o2", phone=OTHER_PHONE)
        rig.run(2)
    return [event for event in rig.events() if event.get("Device") != "Custom:acd-1001"]


STORIES = [
    ("answered", Behaviour(Reply.ANSWERS, 0.3, 1.0), 15_000),
    ("busy", Behaviour(Reply.BUSY, 0.0), 15_000),
    ("declined", Behaviour(Reply.DECLINES, 0.0), 15_000),
    ("do_not_disturb", Behaviour(Reply.UNAVAILABLE, 0.0), 15_000),
    ("no_answer", Behaviour(Reply.RINGS), 3_000),
]


@pytest.mark.parametrize(("name", "behaviour", "timeout_ms"), STORIES)
def test_headers_are_those_of_the_real_one(
    name: str, behaviour: Behaviour, timeout_ms: int
) -> None:
    real, ours = shapes(list(recorded(name))), shapes(virtual(behaviour, timeout_ms=timeout_ms))
    assert ours.keys() == real.keys()
    for event, known in real.items():
        assert ours[event] == known, event


@pytest.mark.parametrize(("name", "behaviour", "timeout_ms"), STORIES)
def test_a_refused_or_answered_ring_tells_the_same(
    name: str, behaviour: Behaviour, timeout_ms: int
) -> None:
    assert told(virtual(behaviour, timeout_ms=timeout_ms)) == told(list(recorded(name)))


def test_every_wanted_event_is_recorded_or_known_not_to_be() -> None:
    seen = {
        event.get("Event") for path in RECORDINGS.glob("*.ami") for event in recorded(path.stem)
    }
    assert WANTED - seen <= NOT_RECORDED | {"AsyncAGIExec"}


def test_a_key_pressed_quickly_ends_twice_and_never_before_it_began() -> None:
    for events in (list(recorded("twelve_keys")), _twelve_keys()):
        keys = [event for event in events if event.get("Event").startswith("DTMF")]
        ends = [event for event in keys if event.get("Event") == "DTMFEnd"]
        assert 22 <= len(ends) <= 24
        counted, begun, ever_begun = "", False, False
        for event in keys:
            if event.get("Event") == "DTMFBegin":
                begun = ever_begun = True
            elif begun or not ever_begun:
                counted, begun = counted + event.get("Digit"), False
        assert counted == "123456789012"


def _twelve_keys() -> list[Headers]:
    rig = Rig()
    caller = rig.caller_in_menu()
    for digit in "123456789012":
        rig.pbx.press(caller, digit, rig.now)
        rig.run(0.1)
    rig.run(1)
    return rig.events()
