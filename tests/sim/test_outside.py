"""Callers who go on to an outside number, on the virtual PBX."""

from __future__ import annotations

import pytest

from acd.sim.facts import Happening
from acd.sim.options import Options
from acd.sim.phones import Behaviour, Reply
from tests.sim.rig import Rig
from tests.sim.test_pbx_recordings import recorded, shapes, told


def sent_outside(behaviour: Behaviour, number: str = "+49305550123") -> tuple[Rig, str]:
    """A waiting caller has just been sent to an outside number."""
    rig = Rig(Options(outside=behaviour))
    rig.act("Login", Username="x", Secret="y")
    caller = rig.pbx.dial_in(rig.now, number="0301234567", name="Caller", keys=[(0.5, "1")])
    rig.run(1)
    rig.act("Setvar", Channel=rig.channel(caller), Variable="ACD_CALL", Value="c-1")
    rig.send_to_wait(caller)
    rig.run(0.3)
    rig.to_outside(caller, number)
    rig.run(0.1)
    return rig, caller


def test_headers_and_what_is_told_are_those_of_the_real_one() -> None:
    rig, _ = sent_outside(Behaviour(Reply.ANSWERS, 0.3, 0.5))
    rig.run(2)
    real = list(recorded("external"))
    assert shapes(rig.events()) == shapes(real)
    assert told(rig.events()) == told(real)


def test_he_talks_and_is_hung_up_when_the_far_end_is_gone() -> None:
    rig, caller = sent_outside(Behaviour(Reply.ANSWERS, 1.0, 5.0))
    assert [fact.detail for fact in rig.facts(Happening.CALLER_OUTSIDE)] == ["+49305550123"]
    rig.run(4)
    assert rig.pbx.find(caller) is not None
    rig.act("CoreShowChannels")
    row = rig.events("CoreShowChannel", Uniqueid=caller)[-1]
    assert (row.get("Context"), row.get("Application")) == ("acd-external", "Dial")
    rig.run(3)
    assert not rig.pbx.channels
    assert len(rig.facts(Happening.CALLER_GONE)) == 1


@pytest.mark.parametrize(
    ("reply", "cause", "after_seconds"),
    [(Reply.BUSY, "17", 0.5), (Reply.RINGS, "19", 61), (Reply.DEAD, "19", 61)],
)
def test_a_number_that_is_not_reached_ends_the_call_with_its_cause(
    reply: Reply, cause: str, after_seconds: float
) -> None:
    rig, caller = sent_outside(Behaviour(reply, 0.1))
    rig.run(after_seconds)
    assert rig.events("Hangup", Uniqueid=caller, Cause=cause)
    assert not rig.pbx.channels


@pytest.mark.parametrize("after_seconds", [0.5, 3.0], ids=["it rings", "he talks"])
def test_a_caller_who_hangs_up_ends_the_far_end_as_well(after_seconds: float) -> None:
    rig, caller = sent_outside(Behaviour(Reply.ANSWERS, 2.0, 60.0))
    rig.run(after_seconds)
    rig.pbx.hang_up(caller, rig.now)
    rig.run(0.1)
    assert not rig.pbx.channels
    assert len(rig.facts(Happening.CALLER_GONE)) == 1


def test_without_a_number_he_is_hung_up() -> None:
    rig, caller = sent_outside(Behaviour(), "PJSIP/x")
    assert rig.pbx.find(caller) is None
    assert not rig.facts(Happening.CALLER_OUTSIDE)


def test_a_ring_that_is_answered_meanwhile_does_not_take_him_back() -> None:
    rig = Rig(Options(outside=Behaviour(Reply.RINGS)))
    caller = rig.caller_waiting()
    rig.offer(caller, "o1")
    rig.run(0.5)
    rig.to_outside(caller, "030")
    rig.run(3)
    assert [fact.detail for fact in rig.facts(Happening.REFUSED)] == ["not the offer"]
    assert not rig.facts(Happening.CALLER_STOLEN)
