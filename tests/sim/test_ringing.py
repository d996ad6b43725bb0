"""Agents' legs on the virtual PBX: outcomes, the claim, the talk, and codes from phones."""

from __future__ import annotations

import pytest

from acd.sim.facts import Happening
from acd.sim.phones import Behaviour, Reply
from tests.sim.rig import OTHER_PHONE, PHONE, Rig


def rung(behaviour: Behaviour, *, timeout_ms: int = 15_000) -> Rig:
    """A waiting caller has been offered to a phone that behaves so, and it is over."""
    rig = Rig()
    rig.pbx.phone_behaviour(PHONE, behaviour)
    caller = rig.caller_waiting()
    rig.forget()
    rig.offer(caller, "o1", timeout_ms=timeout_ms)
    rig.run(timeout_ms / 1000 + 1)
    return rig


class TestOutcomes:
    @pytest.mark.parametrize(
        ("behaviour", "cause", "rings", "reason"),
        [
            (Behaviour(Reply.BUSY, 0.0), "17", False, "0"),
            (Behaviour(Reply.DECLINES, 1.0), "21", True, "0"),
            (Behaviour(Reply.FORBIDDEN, 0.0), "21", False, "0"),
            (Behaviour(Reply.UNAVAILABLE, 0.0), "19", False, "0"),
            (Behaviour(Reply.UNAVAILABLE, 1.0), "19", True, "0"),
            (Behaviour(Reply.RINGS), "19", True, "3"),
            (Behaviour(Reply.DEAD), "19", False, "3"),
        ],
    )
    def test_told_apart_by_cause_ringing_and_reason(
        self, behaviour: Behaviour, cause: str, rings: bool, reason: str
    ) -> None:
        rig = rung(behaviour)
        (hangup,) = rig.events("Hangup", Uniqueid="o1")
        (response,) = rig.events("OriginateResponse")
        assert hangup.get("Cause") == cause
        assert bool(rig.events("DialState", DialStatus="RINGING")) is rings
        assert response.get("Reason") == reason
        assert response.get("Response") == "Failure"
        assert response.get("Uniqueid") == "o1"
        assert response.get("ActionID") == "ring-o1"
        assert len(rig.events("DialEnd")) == (0 if reason == "3" else 1), "a time-out has none"
        assert [fact.detail for fact in rig.facts(Happening.RING_ENDED)] == [cause]
        assert rig.pbx.phones[PHONE].state == "NOT_INUSE"

    def test_a_do_not_disturb_ends_long_before_the_deadline(self) -> None:
        rig = rung(Behaviour(Reply.UNAVAILABLE, 0.0))
        (begin,), (hangup,) = rig.events("DialBegin"), rig.events("Hangup", Uniqueid="o1")
        assert float(hangup.get("Timestamp")) - float(begin.get("Timestamp")) < 0.1

    def test_a_silent_phone_rings_until_the_deadline(self) -> None:
        rig = rung(Behaviour(Reply.RINGS), timeout_ms=8000)
        (begin,), (hangup,) = rig.events("DialBegin"), rig.events("Hangup", Uniqueid="o1")
        rang = float(hangup.get("Timestamp")) - float(begin.get("Timestamp"))
        assert rang == pytest.approx(8, abs=0.01)

    def test_a_phone_known_to_be_gone_gives_a_response_and_nothing_else(self) -> None:
        rig = Rig()
        caller = rig.caller_waiting()
        rig.pbx.set_reachable(PHONE, rig.now, reachable=False)
        rig.forget()
        rig.offer(caller, "o1")
        rig.run(1)
        assert rig.names() == ["ContactStatus", "DeviceStateChange", "OriginateResponse"]
        assert not rig.facts(Happening.PHONE_RUNG)

    def test_so_does_an_endpoint_that_nobody_configured(self) -> None:
        rig = Rig()
        caller = rig.caller_waiting()
        rig.forget()
        rig.offer(caller, "o1", phone="PJSIP/4711")
        rig.run(1)
        (response,) = rig.events()
        assert (response.get("Event"), response.get("Reason")) == ("OriginateResponse", "0")

    def test_a_repeated_originate_fails_and_harms_nobody(self) -> None:
        rig = Rig()
        caller = rig.caller_waiting()
        rig.offer(caller, "o1")
        rig.run(0.5)
        rig.ring(caller, "o1")
        rig.run(0.5)
        (response,) = rig.events("OriginateResponse")
        assert (response.get("Response"), response.get("Reason")) == ("Failure", "0")
        rig.run(3)
        assert len(rig.facts(Happening.BRIDGED)) == 1

    def test_a_phone_in_a_call_of_its_own_is_busy(self) -> None:
        rig = Rig()
        caller = rig.caller_waiting()
        rig.pbx.private_call(PHONE, rig.now, seconds=30)
        rig.offer(caller, "o1")
        rig.run(1)
        assert rig.events("Hangup", Uniqueid="o1", Cause="17")
        rig.run(30)
        states = [event.get("State") for event in rig.events("DeviceStateChange", Device=PHONE)]
        assert states[-1] == "NOT_INUSE"

    def test_a_ring_taken_back_ends_with_the_cause_it_was_given(self) -> None:
        rig = Rig()
        rig.pbx.phone_behaviour(PHONE, Behaviour(Reply.RINGS))
        caller = rig.caller_waiting()
        rig.offer(caller, "o1")
        rig.run(2)
        assert rig.act("Hangup", Channel="o1", Cause="26").get("Response") == "Success"
        rig.run(0.1)
        assert rig.events("Hangup", Uniqueid="o1", Cause="26")
        assert rig.events("DialEnd", DestUniqueid="o1", DialStatus="NOANSWER")
        assert rig.events("OriginateResponse", Response="Failure")

    def test_nothing_stops_the_ring_when_the_caller_hangs_up(self) -> None:
        rig = Rig()
        rig.pbx.phone_behaviour(PHONE, Behaviour(Reply.RINGS))
        caller = rig.caller_waiting()
        rig.offer(caller, "o1")
        rig.run(2)
        rig.pbx.hang_up(caller, rig.now)
        rig.run(5)
        assert rig.pbx.find("o1")

    def test_the_order_of_response_dial_end_and_hangup_is_nobodys_promise(self) -> None:
        orders = set()
        for seed in range(20):
            rig = Rig(seed=seed)
            rig.pbx.phone_behaviour(PHONE, Behaviour(Reply.BUSY, 0.0))
            rig.offer(rig.caller_waiting(), "o1")
            rig.run(1)
            told = ("OriginateResponse", "DialEnd", "Hangup")
            orders.add(tuple(name for name in rig.names() if name in told))
        assert len(orders) == 6


class TestTalk:
    def test_events_of_an_answered_call(self) -> None:
        rig = Rig()
        caller = rig.caller_waiting()
        rig.forget()
        rig.offer(caller, "o1")
        rig.run(4)
        rig.pbx.agent_hangs_up(PHONE, rig.now)
        rig.run(1)
        names = rig.names()
        assert names[0] == "DialBegin"
        assert set(names[1:3]) == {"DialState", "DeviceStateChange"}
        assert set(names[3:5]) == {"OriginateResponse", "DialEnd"}
        assert names[5:8] == ["BridgeLeave", "BridgeEnter", "BridgeEnter"]
        assert names[8:10] == ["BridgeLeave", "BridgeLeave"]
        assert sorted(names[10:]) == ["DeviceStateChange", "Hangup", "Hangup"]
        (begin,) = rig.events("DialBegin")
        assert begin.get("DestUniqueid") == "o1"
        assert begin.get("Channel") == ""
        (leg,) = rig.events("BridgeEnter", Uniqueid="o1")
        assert leg.get("Linkedid") == caller
        assert leg.get("CallerIDName") == "Water"
        assert leg.get("BridgeTechnology") == "simple_bridge"

    def test_the_world_knows_who_talked_with_whom(self) -> None:
        rig = Rig()
        caller = rig.talking()
        (rung_fact,) = rig.facts(Happening.PHONE_RUNG)
        assert rung_fact.detail.startswith('"2 Billing')
        (bridged,) = rig.facts(Happening.BRIDGED)
        assert (bridged.caller, bridged.phone, bridged.leg) == (caller, PHONE, "o1")
        rig.pbx.agent_hangs_up(PHONE, rig.now)
        rig.run(1)
        assert len(rig.facts(Happening.TALK_ENDED)) == 1
        assert [fact.caller for fact in rig.facts(Happening.CALLER_GONE)] == [caller]

    def test_the_caller_hangs_up_and_the_agent_is_free(self) -> None:
        rig = Rig()
        caller = rig.talking()
        rig.forget()
        rig.pbx.hang_up(caller, rig.now)
        rig.run(0.1)
        assert rig.names()[:2] == ["BridgeLeave", "BridgeLeave"]
        assert sorted(rig.names()[2:]) == ["DeviceStateChange", "Hangup", "Hangup"]
        assert not rig.pbx.channels

    def test_talks_end_by_themselves_as_the_workload_says(self) -> None:
        rig = Rig()
        rig.pbx.phone_behaviour(PHONE, Behaviour(Reply.ANSWERS, 1.0, 7.0))
        rig.offer(rig.caller_waiting(), "o1")
        rig.run(9)
        (bridged,), (ended,) = rig.facts(Happening.BRIDGED), rig.facts(Happening.TALK_ENDED)
        assert ended.at - bridged.at == pytest.approx(7)

    def test_after_the_talk_he_can_come_back_to_the_menu(self) -> None:
        rig = Rig()
        caller = rig.talking()
        rig.act("Setvar", Channel=rig.channel(caller), Variable="ACD_AFTER", Value="1")
        rig.pbx.agent_hangs_up(PHONE, rig.now)
        rig.run(0.1)
        assert rig.names()[-1] == "AsyncAGIStart"
        rig.send_to_wait(caller)
        rig.run(12)
        assert rig.pbx.find(caller), "the mark of the earlier talk does not throw him out"

    def test_without_an_engine_who_has_talked_is_let_go_and_does_not_wait_again(self) -> None:
        rig = Rig()
        caller = rig.talking()
        rig.act("Setvar", Channel=rig.channel(caller), Variable="ACD_AFTER", Value="1")
        rig.pbx.agent_hangs_up(PHONE, rig.now)
        rig.run(20)
        assert rig.pbx.find(caller) is None
        assert rig.facts(Happening.CALLER_IN_EMERGENCY) == []

    def test_an_offer_is_claimed_once(self) -> None:
        rig = Rig()
        rig.pbx.phone_behaviour(OTHER_PHONE, Behaviour(Reply.ANSWERS, 2.3))
        caller = rig.caller_waiting()
        rig.offer(caller, "o1")
        rig.act(
            "Originate", Async="true", Channel=OTHER_PHONE, Context="acd-ring", Exten="s",
            ChannelId="o2", Variable=f"ACD_OFFER=o1,ACD_CALLER={rig.channel(caller)}",
        )  # fmt: skip
        rig.run(3)
        assert len(rig.facts(Happening.BRIDGED)) == 1
        (refused,) = rig.facts(Happening.REFUSED)
        assert (refused.leg, refused.detail) == ("o2", "claimed already")
        assert not rig.facts(Happening.CALLER_STOLEN)

    def test_an_old_offer_is_refused(self) -> None:
        rig = Rig()
        caller = rig.caller_waiting()
        rig.offer(caller, "o1")
        rig.act("Setvar", Channel=rig.channel(caller), Variable="ACD_OFFER", Value="o2")
        rig.run(3)
        assert [fact.detail for fact in rig.facts(Happening.REFUSED)] == ["not the offer"]
        assert rig.events("Hangup", Uniqueid="o1")

    def test_who_answers_as_the_caller_leaves_is_refused(self) -> None:
        rig = Rig()
        caller = rig.caller_waiting()
        rig.offer(caller, "o1")
        rig.run(1)
        rig.pbx.hang_up(caller, rig.now)
        rig.run(2)
        assert [fact.detail for fact in rig.facts(Happening.REFUSED)] == ["caller gone"]
        assert rig.events("OriginateResponse", Response="Success")
        assert not rig.pbx.channels

    def test_answering_at_the_end_of_a_round_waits_for_the_next(self) -> None:
        rig = Rig()
        caller = rig.caller_waiting()
        rig.run(7.85)
        rig.offer(caller, "o1")
        rig.run(3)
        (answered,), (bridged,) = (
            rig.facts(Happening.PHONE_ANSWERED),
            rig.facts(Happening.BRIDGED),
        )
        assert 0.4 < bridged.at - answered.at < 0.41
        assert not rig.facts(Happening.CALLER_STOLEN)

    def test_a_bridge_aimed_at_a_caller_in_the_menu_steals_him(self) -> None:
        rig = Rig()
        caller = rig.caller_in_menu()
        rig.offer(caller, "o1")
        rig.run(3)
        assert [fact.detail for fact in rig.facts(Happening.CALLER_STOLEN)] == ["AGI"]

    def test_a_dead_man_timer_refreshed_too_late_cuts_the_talk(self) -> None:
        rig = Rig()
        caller = rig.talking()
        rig.act("Setvar", Channel=rig.channel(caller), Variable="TIMEOUT(absolute)", Value="14")
        rig.run(15)
        assert len(rig.facts(Happening.TALK_ENDED)) == 1
        assert len(rig.facts(Happening.CALLER_IN_EMERGENCY)) == 1

    def test_hold_and_back(self) -> None:
        rig = Rig()
        rig.talking()
        rig.pbx.hold(PHONE, rig.now)
        rig.pbx.hold(PHONE, rig.now, held=False)
        rig.run(0.1)
        assert [name for name in rig.names() if "old" in name] == ["Hold", "Unhold"]


class TestCodes:
    def test_a_code_reaches_the_engine_and_the_phone_is_busy_meanwhile(self) -> None:
        rig = Rig()
        rig.forget()
        leg = rig.pbx.agent_dial(PHONE, "*30", rig.now)
        rig.run(0.1)
        (start,) = rig.events("AsyncAGIStart")
        assert start.get("Channel").startswith("PJSIP/1001-")
        assert start.get("Context") == "acd-code"
        assert "agi_dnid%3A%20%2A30" in start.get("Env") or "agi_dnid%3A%20*30" in start.get("Env")
        assert rig.events("DeviceStateChange", Device=PHONE, State="BUSY")
        rig.act("Hangup", Channel=leg, Cause="16")
        rig.run(0.1)
        assert rig.events("DeviceStateChange", Device=PHONE, State="NOT_INUSE")
        assert len(rig.facts(Happening.CODE_ENDED)) == 1

    def test_without_an_engine_the_code_call_ends_by_itself(self) -> None:
        rig = Rig()
        rig.run(20, beating=False)
        leg = rig.pbx.agent_dial(PHONE, "*30", rig.now)
        rig.run(5, beating=False)
        assert not rig.pbx.find(leg)
        assert not rig.events("AsyncAGIStart")


def test_which_side_of_a_talk_is_told_to_be_gone_first_is_nobodys_promise() -> None:
    first = set()
    for seed in range(20):
        rig = Rig(seed=seed)
        rig.offer(rig.caller_waiting(), "o1")
        rig.run(3)
        rig.pbx.agent_hangs_up(PHONE, rig.now)
        rig.run(1)
        first.add(rig.events("Hangup")[0].get("Uniqueid") == "o1")
    assert first == {True, False}
