"""Announcements on the virtual PBX, as the recording of a real one tells them."""

from __future__ import annotations

import pytest

from acd.sim.facts import Happening
from acd.sim.options import Options
from acd.sim.phones import Behaviour, Reply
from tests.sim.rig import PHONE, Rig
from tests.sim.test_pbx_recordings import recorded, shapes, told

THANKS = "/acd/de/wait/thanks"
OPTIONS = Options(prompt_seconds={THANKS: 3.0}, missing_prompts=frozenset({"/acd/gone"}))


def hearing(rig: Rig, files: str = THANKS, *, announcer: str = "say-1") -> str:
    """A waiting caller begins to hear something; his Uniqueid."""
    caller = rig.caller_waiting()
    rig.forget()
    rig.announce(caller, files, announcer=announcer)
    rig.run(0.1)
    return caller


def virtual() -> Rig:
    """The recording's story: something to its end, then something an agent answers into."""
    rig = Rig(OPTIONS)
    rig.act("Login", Username="x", Secret="y")
    rig.pbx.phone_behaviour(PHONE, Behaviour(Reply.ANSWERS, 0.3, 1.0))
    caller = rig.pbx.dial_in(rig.now, number="0301234567", name="Caller", keys=[(0.5, "1")])
    rig.run(1)
    rig.act("Setvar", Channel=rig.channel(caller), Variable="ACD_CALL", Value="c-1")
    rig.send_to_wait(caller)
    rig.run(0.3)
    rig.announce(caller, THANKS, announcer="say-1")
    rig.run(3.1)
    rig.announce(caller, THANKS, announcer="say-2")
    rig.run(0.5)
    rig.offer(caller, "o1")
    rig.run(0.35)
    rig.act("Hangup", Channel="say-2")
    rig.run(3)
    return rig


def test_headers_and_what_is_told_are_those_of_the_real_one() -> None:
    real, ours = list(recorded("announced")), virtual().events()
    assert shapes(ours) == shapes(real)
    assert told(ours) == told(real)


@pytest.mark.parametrize("announcer", ["say-1", "say-2"])
def test_the_order_is_that_of_the_real_one_once_it_is_answered(announcer: str) -> None:
    def order(events: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return [one for one in events if one[0] in ("BridgeEnter", "BridgeLeave", "Hangup")]

    def about(events: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return [one for one in order(events) if one[1].startswith(announcer)]

    real = [(event.get("Event"), event.get("Uniqueid")) for event in recorded("announced")]
    ours = [(event.get("Event"), event.get("Uniqueid")) for event in virtual().events()]
    assert about(ours) == about(real)


def test_the_caller_stays_in_his_room_and_the_announcer_ends_with_its_files() -> None:
    rig = Rig(OPTIONS)
    caller = hearing(rig)
    assert rig.events("BridgeEnter", Uniqueid="say-1;2", BridgeNumChannels="2")
    rig.run(3)
    assert not rig.events("BridgeLeave", Uniqueid=caller)
    assert rig.events("Hangup", Uniqueid="say-1", Cause="16")
    (fact,) = rig.facts(Happening.ANNOUNCEMENT_ENDED)
    assert (fact.caller, fact.leg, fact.detail) == (caller, "say-1", "heard")
    assert [channel.uniqueid for channel in rig.pbx.channels.values()] == [caller]


def test_the_announcer_outlasts_a_round_and_the_caller_finds_it_again() -> None:
    rig = Rig(Options(prompt_seconds={"long": 15.0}))
    caller = hearing(rig, "long")
    room = rig.events("BridgeEnter", Uniqueid="say-1;2")[0].get("BridgeUniqueid")
    rig.run(12)
    (again,) = rig.events("BridgeEnter", Uniqueid=caller)
    assert again.get("BridgeUniqueid") == room
    assert not rig.events("Hangup")


def test_an_agent_who_answers_takes_the_caller_at_once_and_the_announcer_stays_alone() -> None:
    rig = Rig(Options(prompt_seconds={"long": 15.0}))
    rig.pbx.phone_behaviour(PHONE, Behaviour(Reply.ANSWERS, 0.3, 20.0))
    caller = hearing(rig, "long")
    rig.offer(caller, "o1")
    rig.run(1)
    (answered,), (bridged,) = (
        rig.facts(Happening.PHONE_ANSWERED),
        rig.facts(Happening.BRIDGED),
    )
    assert bridged.at - answered.at < 0.01
    assert not rig.events("Hangup", Uniqueid="say-1")
    rig.act("Hangup", Channel="say-1")
    rig.run(0.1)
    assert rig.events("Hangup", Uniqueid="say-1", Cause="0")
    assert rig.events("Hangup", Uniqueid="say-1;2")
    assert rig.facts(Happening.ANNOUNCEMENT_ENDED)[0].detail == "cut"
    assert rig.pbx.find(caller) is not None


def test_files_that_are_not_there_are_passed_over() -> None:
    rig = Rig(OPTIONS)
    hearing(rig, f"/acd/gone&{THANKS}")
    rig.run(2.5)
    assert not rig.events("Hangup")
    rig.run(0.6)
    assert rig.events("Hangup", Uniqueid="say-1")
    rig.forget()
    hearing(rig, "/acd/gone", announcer="say-2")
    assert rig.events("Hangup", Uniqueid="say-2")


def test_without_its_caller_it_speaks_to_nobody_and_ends_all_the_same() -> None:
    rig = Rig(OPTIONS)
    caller = hearing(rig)
    rig.pbx.hang_up(caller, rig.now)
    rig.run(4)
    assert rig.events("Hangup", Uniqueid="say-1")
    assert not rig.pbx.channels


def test_what_is_not_inherited_does_not_reach_the_room() -> None:
    """Only a variable with an underscore before its name goes over to the other half."""
    rig = Rig(OPTIONS)
    caller = rig.caller_waiting()
    rig.announce(caller, THANKS, announcer="say-1", room_variable="ACD_ROOM")
    rig.run(0.1)
    (entered,) = rig.events("BridgeEnter", Uniqueid="say-1;2")
    assert entered.get("BridgeNumChannels") == "1"


@pytest.mark.parametrize("channel", ["Local/s@acd-nowhere/n", "Local/s@acd-announce"])
def test_a_context_that_is_not_there_gives_a_failure_and_no_channel(channel: str) -> None:
    rig = Rig(OPTIONS)
    caller = rig.caller_waiting()
    rig.forget()
    rig.announce(caller, THANKS, announcer="say-1", channel=channel)
    rig.run(0.1)
    (response,) = rig.events("OriginateResponse")
    assert (response.get("Response"), response.get("Uniqueid")) == ("Failure", "say-1")


def test_both_halves_are_listed_as_the_real_pbx_lists_them() -> None:
    rig = Rig(OPTIONS)
    hearing(rig)
    rig.act("CoreShowChannels")
    rows = {row.get("Uniqueid"): row for row in rig.events("CoreShowChannel")}
    first, second = rows["say-1"], rows["say-1;2"]
    assert (first.get("Context"), first.get("Application")) == ("acd-speak", "Playback")
    assert (second.get("Context"), second.get("Application")) == ("acd-announce", "BridgeWait")
    assert first.get("BridgeId") == ""
    assert second.get("Channel").startswith("Local/s@acd-announce-")
    assert rig.act("CoreStatus").get("CoreCurrentCalls") == "1", "an announcer is no call"
