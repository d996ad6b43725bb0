"""Several legs with one claim on the virtual PBX: the first to answer has the caller."""

from __future__ import annotations

import pytest

from acd.sim.facts import Happening
from acd.sim.options import Options
from acd.sim.pbx import VirtualPbx
from acd.sim.phones import Behaviour, Reply
from tests.sim.rig import PHONE, START, Rig
from tests.sim.test_pbx_recordings import recorded, shapes, told

PHONES = [f"PJSIP/{1001 + number}" for number in range(10)]


def ringing_all(
    behaviour: Behaviour, *, count: int = 10, seed: int = 7, options: Options | None = None
) -> tuple[Rig, str]:
    """A waiting caller for whom so many phones begin to ring, legs `o0` on, with one claim."""
    rig = Rig(options, seed=seed)
    rig.pbx = VirtualPbx(seed=seed, phones=PHONES[:count], start=START, options=options)
    rig.beat()
    for phone in PHONES[:count]:
        rig.pbx.phone_behaviour(phone, behaviour)
    caller = rig.caller_waiting()
    rig.act("Setvar", Channel=rig.channel(caller), Variable="ACD_OFFER", Value="claim")
    for number, phone in enumerate(PHONES[:count]):
        rig.ring(caller, f"o{number}", phone=phone, claim="claim")
    rig.run(0.1)
    return rig, caller


@pytest.mark.parametrize("seed", range(20))
def test_of_ten_who_answer_at_once_one_talks_and_the_others_are_let_go(seed: int) -> None:
    rig, caller = ringing_all(Behaviour(Reply.ANSWERS, 0.3, 5.0), seed=seed)
    rig.run(1)
    answered = [fact.leg for fact in rig.facts(Happening.PHONE_ANSWERED)]
    (bridged,) = rig.facts(Happening.BRIDGED)
    assert len(answered) == 10
    assert bridged.leg in answered
    refused = rig.facts(Happening.REFUSED)
    assert {fact.detail for fact in refused} == {"claimed already"}
    assert {fact.leg for fact in refused} == set(answered) - {bridged.leg}
    assert max(fact.at for fact in refused) - bridged.at < 0.1
    rig.run(6)
    assert not rig.pbx.channels
    assert len(rig.facts(Happening.TALK_ENDED)) == 1
    assert [fact.caller for fact in rig.facts(Happening.CALLER_GONE)] == [caller]


def test_who_answers_later_does_not_even_wait_for_the_lock() -> None:
    rig, _ = ringing_all(Behaviour(Reply.ANSWERS, 0.3, 5.0), options=Options(lock_seconds=(2, 2)))
    rig.pbx.phone_behaviour(PHONES[0], Behaviour(Reply.RINGS))
    rig.run(2.5)
    assert rig.facts(Happening.BRIDGED)


def test_legs_taken_back_after_the_bridge_do_not_disturb_the_talk() -> None:
    rig, caller = ringing_all(Behaviour(Reply.RINGS), count=3)
    rig.pbx.agent_hangs_up(PHONE, rig.now)
    rig.pbx.phone_behaviour(PHONE, Behaviour(Reply.ANSWERS, 0.3, 9.0))
    rig.run(0.1)
    rig.ring(caller, "o3", claim="claim")
    rig.run(1)
    (bridged,) = rig.facts(Happening.BRIDGED)
    assert bridged.leg == "o3"
    for leg in ("o1", "o2"):
        rig.act("Hangup", Channel=leg, Cause="26")
    rig.run(5)
    assert not rig.facts(Happening.TALK_ENDED)
    for leg in ("o1", "o2"):
        assert rig.events("Hangup", Uniqueid=leg, Cause="26")


def test_it_is_told_as_the_real_one_tells_it() -> None:
    """Of three the first two answer at once; the third, which rings on, is cancelled."""
    rig = Rig()
    rig.pbx = VirtualPbx(seed=7, phones=PHONES[:3], start=START)
    rig.beat()
    rig.act("Login", Username="x", Secret="y")
    for phone in PHONES[:2]:
        rig.pbx.phone_behaviour(phone, Behaviour(Reply.ANSWERS, 0.3, 0.5))
    rig.pbx.phone_behaviour(PHONES[2], Behaviour(Reply.RINGS))
    caller = rig.pbx.dial_in(rig.now, number="0301234567", name="Caller", keys=[(0.5, "1")])
    rig.run(1)
    rig.act("Setvar", Channel=rig.channel(caller), Variable="ACD_CALL", Value="c-1")
    rig.send_to_wait(caller)
    rig.run(0.3)
    rig.act("Setvar", Channel=rig.channel(caller), Variable="ACD_OFFER", Value="claim")
    for number, phone in enumerate(PHONES[:3]):
        rig.ring(caller, f"o{number}", phone=phone, claim="claim")
    while not rig.facts(Happening.BRIDGED):
        rig.run(0.005)
    rig.act("Hangup", Channel="o2", Cause="26")
    rig.run(2)
    real = list(recorded("ring_all"))
    assert shapes(rig.events()) == shapes(real)
    assert told(rig.events()) == told(real)
