"""Callers who are passed on to a colleague, on the virtual PBX."""

from __future__ import annotations

import pytest

from acd.sim.facts import Happening
from acd.sim.phones import Behaviour, PassesOn, Reply
from tests.sim.rig import OTHER_PHONE, PHONE, Rig
from tests.sim.test_pbx_recordings import recorded, shapes

COLLEAGUE = OTHER_PHONE.partition("/")[2]
TAKES = Behaviour(Reply.ANSWERS, 0.2, 0.7)


def passed_on(how: PassesOn, colleague: Behaviour = TAKES, *, seed: int = 7) -> tuple[Rig, str]:
    """The story of the recordings; a moment after the agent has begun to pass the caller on."""
    rig = Rig(seed=seed)
    rig.act("Login", Username="x", Secret="y")
    rig.pbx.phone_behaviour(PHONE, Behaviour(Reply.ANSWERS, 0.3, 0.5, how))
    rig.pbx.phone_behaviour(OTHER_PHONE, colleague)
    caller = rig.pbx.dial_in(rig.now, number="0301234567", name="Caller", keys=[(0.5, "1")])
    rig.run(1)
    rig.act("Setvar", Channel=rig.channel(caller), Variable="ACD_CALL", Value="c-1")
    rig.send_to_wait(caller)
    rig.run(0.3)
    rig.offer(caller, "o1")
    rig.run(0.9)
    return rig, caller


@pytest.mark.parametrize("attended", [False, True])
def test_headers_are_those_of_the_real_one(attended: bool) -> None:
    rig, _ = passed_on(PassesOn(COLLEAGUE, attended))
    rig.run(3)
    assert not rig.pbx.channels
    name = "attended_transfer" if attended else "blind_transfer"
    real, ours = shapes(list(recorded(name))), shapes(rig.events())
    event = "AttendedTransfer" if attended else "BlindTransfer"
    assert ours[event] == real[event]
    for every in ("BridgeLeave", "Unhold", "Hangup", "DialBegin", "DialEnd"):
        assert ours[every] <= real[every], every


@pytest.mark.parametrize("attended", [False, True])
def test_the_caller_talks_with_the_colleague_and_the_agent_is_out(attended: bool) -> None:
    rig, caller = passed_on(PassesOn(COLLEAGUE, attended))
    rig.run(0.6)
    assert rig.pbx.phones[PHONE].state == "NOT_INUSE"
    assert rig.pbx.phones[OTHER_PHONE].state == "BUSY"
    found = rig.pbx.find(caller)
    assert found is not None
    assert found.bridge is not None
    assert found.bridge.is_talk
    rig.run(2)
    assert not rig.pbx.channels
    assert rig.pbx.phones[OTHER_PHONE].state == "NOT_INUSE"
    talks = [fact.phone for fact in rig.facts(Happening.BRIDGED)]
    assert talks == [PHONE, OTHER_PHONE]


def test_the_events_of_one_come_in_any_order() -> None:
    orders = set()
    for seed in range(20):
        rig, _ = passed_on(PassesOn(COLLEAGUE), seed=seed)
        names = [name for name in rig.names() if name in ("BridgeLeave", "BlindTransfer", "Unhold")]
        orders.add(tuple(names[names.index("Unhold") :]))
    assert len(orders) == 3


@pytest.mark.parametrize("colleague", [Behaviour(Reply.BUSY, 0.0), Behaviour(Reply.RINGS)])
def test_who_is_not_taken_goes_back_to_the_agent(colleague: Behaviour) -> None:
    rig, caller = passed_on(PassesOn(COLLEAGUE), colleague)
    rig.run(32)
    assert [fact.phone for fact in rig.facts(Happening.PHONE_RUNG)] == [PHONE, OTHER_PHONE, PHONE]
    assert [fact.phone for fact in rig.facts(Happening.BRIDGED)] == [PHONE, PHONE]
    assert not rig.pbx.channels
    assert rig.pbx.find(caller) is None


def test_a_caller_may_hang_up_while_the_colleague_is_rung_or_talks() -> None:
    for seconds in (0.1, 0.6):
        rig, caller = passed_on(PassesOn(COLLEAGUE))
        rig.run(seconds)
        rig.pbx.hang_up(caller, rig.now)
        rig.run(1)
        assert not rig.pbx.channels
        assert rig.pbx.phones[OTHER_PHONE].state == "NOT_INUSE"


@pytest.mark.parametrize("attended", [False, True])
def test_a_number_that_is_no_colleagues_changes_nothing(attended: bool) -> None:
    rig, caller = passed_on(PassesOn("*31", attended))
    rig.run(1)
    found = rig.pbx.find(caller)
    assert found is not None
    assert found.bridge is not None
    assert rig.events("BlindTransfer") + rig.events("AttendedTransfer") == []
