"""The virtual PBX as a client sees it: menu, waiting room, keys, variables, restart."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from acd.sim.facts import Happening
from acd.sim.pbx import Options, VirtualPbx
from tests.sim.rig import PHONE, START, Rig


class TestArrival:
    def test_a_caller_comes_to_the_menu_and_says_who_he_is(self) -> None:
        rig = Rig()
        caller = rig.pbx.dial_in(rig.now, number="0301234", name="Eve", dnis="0800555100")
        rig.run(0.1)
        (start,) = rig.events("AsyncAGIStart")
        assert start.get("Uniqueid") == caller
        assert start.get("Context") == "acd-menu"
        assert start.get("SystemName") == "acd-sim"
        assert start.get("Privilege") == "agi,all"
        environment = unquote(start.get("Env"))
        assert environment.endswith("\n\n")
        assert "agi_dnid: 0800555100\n" in environment
        assert "agi_callerid: 0301234\n" in environment

    def test_what_a_caller_smuggles_into_his_fields_is_cleaned_before_any_event(self) -> None:
        rig = Rig()
        rig.pbx.dial_in(
            rig.now, number="030\r\nEvent: Hangup\r\n1", name="E\r\n\r\nEvent: Hangup", dnis="08005"
        )
        rig.run(0.1)
        assert rig.names() == ["AsyncAGIStart"]
        (start,) = rig.events("AsyncAGIStart")
        assert start.get("CallerIDNum") == "0301"
        assert start.duplicates() == ()

    def test_unfiltered_the_text_gets_out_as_it_came(self) -> None:
        rig = Rig(Options(unfiltered=True))
        rig.pbx.dial_in(rig.now, number="030\r\nInjected: yes", dnis="08005")
        rig.run(0.1)
        assert any(event.get("Injected") == "yes" for event in rig.events())

    def test_uniqueids_start_with_the_system_name_and_differ(self) -> None:
        rig = Rig()
        ids = {rig.caller_in_menu() for _ in range(5)}
        assert len(ids) == 5
        assert all(uniqueid.startswith("acd-sim-1700000") for uniqueid in ids)

    def test_without_an_engine_a_new_caller_goes_to_the_emergency_at_once(self) -> None:
        rig = Rig()
        rig.run(20, beating=False)
        arrived_at = rig.now
        rig.pbx.dial_in(rig.now, number="0301234")
        rig.run(1, beating=False)
        (fact,) = rig.facts(Happening.CALLER_IN_EMERGENCY)
        assert fact.detail == "stale"
        assert fact.at - arrived_at < 0.01
        assert not rig.events("AsyncAGIStart")

    def test_a_fresh_pbx_without_heartbeat_is_stale(self) -> None:
        pbx = VirtualPbx(start=START)
        pbx.dial_in(START, number="1")
        pbx.advance(START + 1)
        assert any(fact.kind is Happening.CALLER_IN_EMERGENCY for fact in pbx.facts)


class TestMenu:
    def test_a_command_is_queued_then_done_and_answered_under_its_id(self) -> None:
        rig = Rig()
        caller = rig.caller_in_menu()
        answer = rig.agi(caller, 'STREAM FILE "main/welcome" "12"')
        assert answer.get("Message") == "Added AGI command to queue"
        rig.run(1.9)
        assert rig.result() == ""
        rig.run(0.2)
        assert unquote(rig.result()) == "200 result=0 endpos=16000\n"

    def test_a_key_among_the_escape_digits_stops_the_prompt(self) -> None:
        rig = Rig()
        caller = rig.caller_in_menu()
        rig.agi(caller, 'STREAM FILE "main/welcome" "12"')
        rig.run(0.5)
        rig.pbx.press(caller, "9", rig.now)
        rig.run(0.2)
        assert rig.result() == ""
        rig.pbx.press(caller, "2", rig.now)
        rig.run(0.2)
        assert unquote(rig.result()).startswith("200 result=50 endpos=")
        assert [event.get("Digit") for event in rig.events("DTMFEnd")] == ["9", "2"]

    def test_commands_run_one_after_another(self) -> None:
        rig = Rig(Options(prompt_seconds={"long": 3.0}))
        caller = rig.caller_in_menu()
        rig.agi(caller, "STREAM FILE long ''", "a")
        rig.agi(caller, "STREAM FILE short ''", "b")
        rig.agi(caller, 'SET VARIABLE ACD_X "y z"', "c")
        rig.run(6)
        done = rig.events("AsyncAGIExec")
        assert [event.get("CommandId") for event in done] == ["a", "b", "c"]
        answer = rig.act("Getvar", Channel=rig.channel(caller), Variable="ACD_X")
        assert answer.get("Value") == "y z"

    @pytest.mark.parametrize(
        ("command", "result"),
        [
            ("EXEC Playback missing", "200 result=0\n"),
            ("SAY DIGITS 12 #", "200 result=0\n"),
            ("SAY NUMBER 12 #", "200 result=0\n"),
            ("WAIT FOR DIGIT 100", "200 result=0\n"),
            ("EXEC NoOp x", "200 result=0\n"),
            ("GET VARIABLE ACD_TRIES", "200 result=1 (1)\n"),
            ("GET VARIABLE NONE", "200 result=0\n"),
            ("GET OPTION file 12 500", "200 result=0 endpos=16000\n"),
            ("NONSENSE", "510 Invalid or unknown command\n"),
        ],
    )
    def test_results(self, command: str, result: str) -> None:
        rig = Rig(Options(missing_prompts=frozenset({"missing"})))
        caller = rig.caller_in_menu()
        rig.agi(caller, command)
        rig.run(3)
        assert unquote(rig.result()) == result

    def test_a_missing_prompt_ends_the_session_and_the_menu_is_entered_again(self) -> None:
        rig = Rig(Options(missing_prompts=frozenset({"gone"})))
        caller = rig.caller_in_menu()
        rig.agi(caller, "STREAM FILE gone ''")
        rig.run(0.1)
        assert rig.names()[-3:] == ["AsyncAGIExec", "AsyncAGIEnd", "AsyncAGIStart"]

    def test_after_twenty_entries_the_emergency_takes_him(self) -> None:
        rig = Rig(Options(missing_prompts=frozenset({"gone"})))
        caller = rig.caller_in_menu()
        for _ in range(20):
            rig.agi(caller, "STREAM FILE gone ''")
            rig.run(0.1)
        assert [fact.detail for fact in rig.facts(Happening.CALLER_IN_EMERGENCY)] == ["tries"]

    def test_the_dead_man_timer_takes_him_unless_it_is_refreshed(self) -> None:
        rig = Rig()
        caller = rig.caller_in_menu()
        for _ in range(3):
            rig.run(10)
            rig.act("Setvar", Channel=rig.channel(caller), Variable="TIMEOUT(absolute)", Value="14")
        assert not rig.facts(Happening.CALLER_IN_EMERGENCY)
        rig.run(14.1)
        (fact,) = rig.facts(Happening.CALLER_IN_EMERGENCY)
        assert fact.detail == "dead_man"
        assert rig.names()[-1] == "AsyncAGIEnd"

    def test_redirect_breaks_the_prompt_and_leaves_what_is_queued_unanswered(self) -> None:
        rig = Rig()
        caller = rig.caller_in_menu()
        rig.agi(caller, "STREAM FILE one ''", "a")
        rig.agi(caller, "STREAM FILE two ''", "b")
        rig.run(0.5)
        rig.forget()
        rig.send_to_wait(caller)
        rig.run(0.1)
        assert rig.names() == ["AsyncAGIExec", "AsyncAGIEnd", "BridgeEnter"]
        assert "result=-1" in unquote(rig.result("a"))
        assert rig.result("b") == ""

    def test_a_command_sent_too_late_runs_at_the_next_entry(self) -> None:
        rig = Rig()
        caller = rig.caller_waiting()
        assert rig.agi(caller, "STREAM FILE stale ''", "stale").get("Response") == "Success"
        rig.run(5)
        assert rig.result("stale") == ""
        rig.act("Redirect", Channel=rig.channel(caller), Context="acd-menu", Exten="s")
        rig.run(3)
        assert rig.result("stale")

    def test_commands_for_nobody_are_refused(self) -> None:
        rig = Rig()
        assert rig.act("AGI", Channel="PJSIP/none", Command="NOOP").get("Response") == "Error"
        assert rig.act("Redirect", Channel="PJSIP/none", Context="x").get("Response") == "Error"
        assert rig.act("Hangup", Channel="PJSIP/none").get("Message") == "No such channel"
        assert rig.act("Nonsense").get("Response") == "Error"
        assert rig.act("Setvar", Variable="SHELL(id)", Value="x").get("Response") == "Error"

    def test_hanging_up_in_the_menu_ends_the_session_first(self) -> None:
        rig = Rig()
        caller = rig.caller_in_menu()
        rig.forget()
        rig.pbx.hang_up(caller, rig.now)
        rig.run(0.1)
        assert rig.names() == ["AsyncAGIEnd", "Hangup"]
        assert rig.events("Hangup")[0].get("Cause") == "16"
        assert rig.events("Hangup")[0].get("Cause-txt") == "Normal Clearing"

    def test_what_is_queued_behind_a_hangup_is_never_answered(self) -> None:
        rig = Rig()
        caller = rig.caller_in_menu()
        channel = rig.channel(caller)
        rig.act("AGI", Channel=channel, Command="HANGUP", CommandID="a")
        rig.act("AGI", Channel=channel, Command="NOOP", CommandID="b")
        rig.run(1)
        assert rig.result("a")
        assert rig.result("b") == ""
        assert rig.events("Hangup")


class TestKeys:
    def press_twelve(self, rig: Rig, caller: str, apart: float, *, begin: bool = True) -> None:
        for digit in "123456789012":
            rig.pbx.press(caller, digit, rig.now, begin=begin)
            rig.run(apart)

    def test_slow_keys_come_once(self) -> None:
        rig = Rig()
        self.press_twelve(rig, rig.caller_in_menu(), 0.2)
        assert len(rig.events("DTMFEnd")) == 12

    def test_quick_keys_end_twice_but_begin_once(self) -> None:
        rig = Rig()
        self.press_twelve(rig, rig.caller_in_menu(), 0.1)
        assert len(rig.events("DTMFBegin")) == 12
        assert len(rig.events("DTMFEnd")) > 20
        counted, open_ = "", False
        for event in rig.events():
            if event.get("Event") == "DTMFBegin":
                open_ = True
            elif event.get("Event") == "DTMFEnd" and open_:
                counted, open_ = counted + event.get("Digit"), False
        assert counted == "123456789012"

    def test_a_phone_that_sends_info_has_no_begin(self) -> None:
        rig = Rig()
        self.press_twelve(rig, rig.caller_in_menu(), 0.1, begin=False)
        assert not rig.events("DTMFBegin")
        assert len(rig.events("DTMFEnd")) == 12

    def test_keys_planned_with_the_call(self) -> None:
        rig = Rig()
        rig.pbx.dial_in(rig.now, number="1", keys=[(1.0, "2"), (2.0, "5")])
        rig.run(3)
        assert [event.get("Digit") for event in rig.events("DTMFEnd")] == ["2", "5"]

    def test_keys_are_heard_in_the_waiting_room_too(self) -> None:
        rig = Rig()
        caller = rig.caller_waiting()
        rig.pbx.press(caller, "1", rig.now)
        rig.run(0.2)
        assert len(rig.events("DTMFEnd", Uniqueid=caller)) == 1


class TestWaitingRoom:
    def test_each_round_leaves_and_enters_his_own_holding_bridge(self) -> None:
        rig = Rig()
        caller = rig.caller_in_menu()
        rig.send_to_wait(caller)
        rig.forget()
        rig.run(25)
        assert rig.names() == ["AsyncAGIEnd", *["BridgeEnter", "BridgeLeave"] * 2, "BridgeEnter"]
        for event in rig.events("BridgeEnter"):
            assert event.get("BridgeName") == f"acd-{caller}"
            assert event.get("BridgeTechnology") == "holding_bridge"
            assert event.get("BridgeNumChannels") == "1"
        assert len(rig.facts(Happening.CALLER_WAITING)) == 1

    def test_a_stale_heartbeat_takes_him_to_the_emergency_within_25_seconds(self) -> None:
        rig = Rig()
        caller = rig.caller_waiting()
        last_beat_at = int(rig.now)
        rig.run(26, beating=False)
        (fact,) = rig.facts(Happening.CALLER_IN_EMERGENCY)
        assert (fact.caller, fact.detail) == (caller, "stale")
        assert fact.at - last_beat_at < 25.5

    def test_the_dead_man_timer_is_off_while_he_waits(self) -> None:
        rig = Rig()
        rig.caller_waiting()
        rig.run(60)
        assert not rig.facts(Happening.CALLER_IN_EMERGENCY)

    def test_one_who_loses_patience_hangs_up(self) -> None:
        rig = Rig()
        caller = rig.pbx.dial_in(rig.now, number="1", patience_seconds=12.0)
        rig.run(5)
        rig.send_to_wait(caller)
        rig.run(11.9)
        assert rig.pbx.find(caller)
        rig.run(0.2)
        assert rig.names()[-2:] == ["BridgeLeave", "Hangup"]

    def test_redirect_brings_him_back_to_the_menu(self) -> None:
        rig = Rig()
        caller = rig.caller_waiting()
        rig.act("Redirect", Channel=rig.channel(caller), Context="acd-menu", Exten="s")
        rig.run(0.1)
        assert rig.names()[-2:] == ["BridgeLeave", "AsyncAGIStart"]

    def test_kick_starts_the_next_round(self) -> None:
        rig = Rig()
        caller = rig.caller_waiting()
        rig.act("BridgeKick", Channel=rig.channel(caller))
        rig.run(0.1)
        assert rig.names()[-2:] == ["BridgeLeave", "BridgeEnter"]

    def test_the_emergency_lets_him_go_in_the_end(self) -> None:
        rig = Rig(Options(emergency_seconds=30))
        caller = rig.caller_waiting()
        rig.run(60, beating=False)
        assert not rig.pbx.find(caller)


class TestReadingThePbx:
    def test_ping_tells_asterisks_time(self) -> None:
        rig = Rig()
        rig.run(5)
        answer = rig.act("Ping", ActionID="p-1")
        assert (answer.get("Ping"), answer.get("ActionID")) == ("Pong", "p-1")
        assert float(answer.get("Timestamp")) == pytest.approx(START + 5)

    def test_channels_are_listed_with_what_they_do(self) -> None:
        rig = Rig()
        in_menu, waiting = rig.caller_in_menu(), rig.caller_waiting()
        rig.act("Setvar", Channel=rig.channel(waiting), Variable="ACD_CALL", Value="call-1")
        rig.forget()
        rig.act("CoreShowChannels", ActionID="list-1")
        rows = {row.get("Uniqueid"): row for row in rig.events("CoreShowChannel")}
        assert rows[in_menu].get("Application") == "AGI"
        assert rows[in_menu].get("ApplicationData") == "agi:async"
        assert rows[waiting].get("Application") == "BridgeWait"
        assert rows[waiting].get("BridgeId")
        assert rows[waiting].get("ChanVariable") == "ACD_CALL=call-1"
        (end,) = rig.events("CoreShowChannelsComplete")
        assert end.get("ListItems") == "2"
        assert all(message.get("ActionID") == "list-1" for message in rig.received)
        assert not any(message.get("SystemName") for message in rig.received)

    def test_devices_are_listed_with_their_states(self) -> None:
        rig = Rig()
        rig.talking()
        rig.pbx.set_reachable("PJSIP/1002", rig.now, reachable=False)
        rig.run(0.1)
        rig.forget()
        rig.act("DeviceStateList", ActionID="d")
        states = {row.get("Device"): row.get("State") for row in rig.events("DeviceStateChange")}
        assert states[PHONE] == "BUSY"
        assert states["PJSIP/1002"] == "UNAVAILABLE"
        assert states["PJSIP/trunk"] == "INUSE"
        assert rig.events("DeviceStateListComplete")

    def test_variables_of_the_pbx_of_a_channel_and_shared(self) -> None:
        rig = Rig()
        caller = rig.channel(rig.caller_in_menu())
        for variable in ("ACD_X", "SHARED(ACD_X)"):
            rig.act("Setvar", Channel=caller, Variable=variable, Value=variable)
            answer = rig.act("Getvar", Channel=caller, Variable=variable)
            assert answer.get("Value") == variable
        assert rig.act("Getvar", Variable=f"SHARED(ACD_X,{caller})").get("Value") == "SHARED(ACD_X)"
        rig.act("Setvar", Variable="GLOBAL(ACD_G)", Value="1")
        assert rig.act("Getvar", Variable="ACD_G").get("Value") == "1"
        assert rig.act("Getvar", Variable="ACD_NONE").get("Value") == ""
        assert rig.act("Getvar", Channel="x", Variable="y").get("Response") == "Error"

    def test_a_custom_device_state_is_kept_and_told(self) -> None:
        rig = Rig()
        rig.act("Setvar", Variable="DEVICE_STATE(Custom:acd-1001)", Value="INUSE")
        assert rig.events("DeviceStateChange", Device="Custom:acd-1001", State="INUSE")
        answer = rig.act("Getvar", Variable="DEVICE_STATE(Custom:acd-1001)")
        assert answer.get("Value") == "INUSE"

    def test_queue_log_lines_are_kept(self) -> None:
        rig = Rig()
        rig.act("QueueLog", Queue="fault", Event="CONNECT", Uniqueid="1", Message="3|4")
        assert rig.pbx.queue_log[0].endswith("|1|fault||CONNECT|3|4")


class TestRestart:
    def test_calls_and_variables_are_gone_and_nothing_says_so(self) -> None:
        rig = Rig()
        caller = rig.caller_waiting()
        before = rig.act("CoreStatus")
        rig.run(3)
        assert rig.pbx.restart(rig.now) == []
        rig.forget()
        rig.run(30)
        assert rig.names() == []
        after = rig.act("CoreStatus")
        assert after.get("CoreStartupTime") != before.get("CoreStartupTime")
        assert after.get("CoreCurrentCalls") == "0"
        assert rig.act("Getvar", Variable="ACD_OTHER").get("Value") == ""
        assert [fact.caller for fact in rig.facts(Happening.CALLER_GONE)] == [caller]

    def test_an_orderly_one_says_shutdown_last(self) -> None:
        rig = Rig()
        rig.take(rig.pbx.restart(rig.now, announce=True))
        assert rig.names()[-1] == "Shutdown"


def test_the_same_seed_gives_the_same_bytes() -> None:
    def story(seed: int) -> list[object]:
        rig = Rig(seed=seed)
        rig.talking()
        rig.run(30)
        return [message.items() for message in rig.received]

    assert story(1) == story(1)
    assert story(1) != story(2)


def test_a_virtual_hour_of_waiting_costs_little_and_ends_clean() -> None:
    rig = Rig()
    for _ in range(20):
        rig.caller_waiting()
    rig.run(60)
    for channel in list(rig.pbx.channels.values()):
        rig.pbx.hang_up(channel.uniqueid, rig.now)
    rig.run(1)
    assert not rig.pbx.channels
    assert len(rig.events("Hangup")) == 20
