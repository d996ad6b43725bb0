"""A disturbance spoils what it was told to, by its seed, and nothing else."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.ami.wire import RECEIVED, encode, parse
from acd.sim.faults import HOSTILE_TEXTS, Disturbance, Faults, forge, is_event, truncated
from acd.sim.run import Report, run
from tests.sim.rig import Rig
from tests.sim.spoilt import PATIENT, RECONCILE_SECONDS, broken


def event(number: int) -> bytes:
    return encode(
        [
            ("Event", "Hangup"),
            ("Privilege", "call,all"),
            ("SystemName", "acd-sim"),
            ("Channel", f"PJSIP/trunk-{number:08x}"),
            ("Cause", "16"),
        ]
    )


ANSWER = encode([("Response", "Success"), ("ActionID", "1")])
ROW = encode([("Event", "CoreShowChannel"), ("ActionID", "1"), ("Channel", "x")])
BOOTED = encode([("Event", "FullyBooted"), ("Privilege", "system,all")])
EVENTS = [event(number) for number in range(200)]


def arrived(faults: Faults, messages: list[bytes], *, seed: int = 1) -> list[bytes]:
    """All that comes through, the late ones at the end."""
    disturbance = Disturbance(faults, seed)
    out = [part for message in messages for part in disturbance.through([message], 0.0)]
    while (at := disturbance.next_deadline()) is not None:
        out += disturbance.through([], at)
    return out


def test_without_faults_everything_passes_in_order() -> None:
    assert arrived(Faults(), EVENTS) == EVENTS


@pytest.mark.parametrize("message", [ANSWER, ROW, BOOTED])
def test_what_is_no_event_is_never_spoilt(message: bytes) -> None:
    assert not is_event(message)
    assert arrived(Faults(lost=1.0, forged=1.0), [message] * 50) == [message] * 50


def test_lost_and_doubled() -> None:
    assert arrived(Faults(lost=1.0), EVENTS) == []
    assert arrived(Faults(doubled=1.0), EVENTS[:2]) == [EVENTS[0]] * 2 + [EVENTS[1]] * 2


def test_reordered_ones_change_places_and_none_is_missing() -> None:
    out = arrived(Faults(reordered=0.3), [*EVENTS, ANSWER])
    assert out != [*EVENTS, ANSWER]
    assert sorted(out) == sorted([*EVENTS, ANSWER])


def test_one_that_nothing_follows_is_not_held_back_for_long() -> None:
    disturbance = Disturbance(Faults(reordered=1.0), 1)
    assert disturbance.through(EVENTS[:1], 100.0) == []
    assert disturbance.next_deadline() == pytest.approx(100.05)
    assert disturbance.through([], 100.06) == EVENTS[:1]


def test_late_ones_come_within_their_time() -> None:
    disturbance = Disturbance(Faults(late=1.0, late_seconds=3.0), 1)
    assert disturbance.through(EVENTS, 100.0) == []
    first = disturbance.next_deadline()
    assert first is not None
    assert 100.0 <= first <= 103.0
    assert sorted(disturbance.through([], 103.0)) == sorted(EVENTS)


def test_nothing_is_spoilt_before_its_time() -> None:
    disturbance = Disturbance(Faults(lost=1.0, from_seconds=10.0), 1)
    assert disturbance.through(EVENTS, 9.0) == EVENTS
    assert disturbance.through(EVENTS, 10.0) == []
    assert disturbance.counts == {"lost": len(EVENTS)}


def test_the_seed_decides() -> None:
    faults = Faults(lost=0.1, doubled=0.1, reordered=0.1, late=0.1, forged=0.1)
    assert arrived(faults, EVENTS, seed=5) == arrived(faults, EVENTS, seed=5)
    assert arrived(faults, EVENTS, seed=5) != arrived(faults, EVENTS, seed=6)


@given(st.integers())
def test_no_forgery_could_pass_for_a_genuine_event(seed: int) -> None:
    forged = parse(forge(EVENTS[0], Random(seed)).removesuffix(b"\r\n\r\n"))
    genuine = (
        forged.get("SystemName") == "acd-sim" and "Privilege" in forged and not forged.duplicates()
    )
    assert forged.first == "Event"
    assert not genuine


@given(st.integers())
def test_a_truncated_message_has_no_end(seed: int) -> None:
    part = truncated(EVENTS[0], Random(seed))
    assert EVENTS[0].startswith(part)
    assert b"\r\n\r\n" not in part


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_hostile_texts_make_no_message_of_their_own(text: str) -> None:
    rig = Rig()
    rig.pbx.dial_in(rig.now, number=text, name=text)
    rig.run(0.1)
    assert rig.names() == ["AsyncAGIStart"]
    (start,) = rig.events("AsyncAGIStart")
    assert start.duplicates() == ()
    assert start.malformed == 0
    assert all(len(value) < RECEIVED.max_line_bytes for _, value in start)


def spoilt(seed: int, faults: Faults) -> Report:
    report = run(seed, 1.0, faults=faults, reconcile_seconds=RECONCILE_SECONDS, tolerances=PATIENT)
    assert broken(report) == []
    assert report.rejected == {}
    return report


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 3))
@pytest.mark.parametrize(
    "faults",
    [
        Faults(doubled=0.01),
        Faults(reordered=0.01),
        Faults(late=0.01),
        Faults(lost=0.01),
        Faults(lost=0.01, doubled=0.01, reordered=0.01, late=0.01),
    ],
    ids=["doubled", "reordered", "late", "lost", "all"],
)
def test_every_call_ends_and_nobody_is_stuck_when_events_go_wrong(
    faults: Faults, seed: int
) -> None:
    """One in a hundred events of an hour: each call has its one record, nobody is left over."""
    report = spoilt(seed, faults)
    assert report.calls >= 250
    if faults.lost:
        assert sum(report.repairs.values()) >= 5
    if faults == Faults(doubled=0.01):
        assert report.violations == ()
        assert report.repairs == {}


@pytest.mark.slow
def test_an_hour_without_faults_has_nothing_to_repair() -> None:
    report = run(1, 0.5, reconcile_seconds=RECONCILE_SECONDS)
    assert report.repairs == {}
    assert report.violations == ()
