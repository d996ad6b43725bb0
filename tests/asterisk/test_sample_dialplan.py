"""The sample dialplan on a real Asterisk: its contract with the engine, and its own rescue."""

import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.lab.ami import AmiError, Observer, observing
from tests.lab.asterisk import LabAsterisk
from tests.lab.rtp import RtpRecorder, loudness
from tests.lab.script import Script
from tests.lab.sipp import (
    CALLERS_ADDRESS,
    Call,
    Hostile,
    Phone,
    SippAgents,
    SippCallers,
    agent_dials,
)

NUMBER = "0301234567"
AUDIBLE = 100


@pytest.fixture
def nobody_is_on_duty(lab: LabAsterisk, observer: Observer) -> Iterator[None]:
    """Every agent has logged out, as an engine tells the emergency queues."""
    for state in ("INUSE", "INVALID"):
        for agent in lab.agents:
            observer.action("Setvar", Variable=f"DEVICE_STATE(Custom:acd-{agent})", Value=state)
        if state == "INUSE":
            yield


def no_heartbeat(observer: Observer) -> None:
    """What the PBX sees when the engine is gone for long."""
    observer.action("Setvar", Variable="ACD_HEARTBEAT", Value="0")


def talk(lab: LabAsterisk, script: Script, channel: str, agent: str, alone: bool = True) -> str:
    """Rings the agent with a fresh offer."""
    return script.ring(agent, channel, offer=script.offer(channel), alone=alone)


@pytest.mark.parametrize("alone", [True, False], ids=["without the lock", "with the lock"])
def test_a_leg_with_another_offer_is_refused_and_the_caller_waits_on(
    lab: LabAsterisk, observer: Observer, script: Script, tmp_path: Path, alone: bool
) -> None:
    phones = {"1001": Phone(), "1002": Phone(talk_seconds=0.5)}
    with SippAgents(lab, phones, tmp_path / "a") as ag:
        callers = SippCallers(lab, [Call(NUMBER)], tmp_path / "c")
        channel = script.caller()
        script.to_waiting_room(channel)
        script.offer(channel)
        stale = script.ring("1001", channel, offer="of-an-earlier-leader", alone=alone)
        observer.event("Hangup", Uniqueid=stale)
        assert not [e for e in observer.named("BridgeEnter") if e["Uniqueid"] == stale]
        winner = talk(lab, script, channel, "1002", alone)
        (row,) = callers.wait()
        ended = [r for r in ag.rows() if r.agent == "1001" and r.kind == "BYE"]
    assert [e["Uniqueid"] for e in observer.named("BridgeEnter")].count(winner) == 1
    assert ended
    assert not ended[0].sent  # The PBX hung up on the refused agent.
    assert row.hung_up_by == "pbx"


def test_an_offer_is_void_once_the_caller_is_in_the_menu_again(
    lab: LabAsterisk, observer: Observer, script: Script, tmp_path: Path
) -> None:
    with SippAgents(lab, {"1001": Phone(ring_seconds=0.5)}, tmp_path / "a"):
        callers = SippCallers(lab, [Call(NUMBER, hang_up_after_seconds=2)], tmp_path / "c")
        channel = script.caller()
        script.to_waiting_room(channel)
        leg = talk(lab, script, channel, "1001")
        since = len(observer.events)
        observer.action("Redirect", Channel=channel, Context="acd-menu", Exten="s", Priority="1")
        observer.event("AsyncAGIStart", Channel=channel, since=since)
        observer.event("Hangup", Uniqueid=leg)
        (row,) = callers.wait()
    assert row.hung_up_by == "caller"
    assert not [e for e in observer.named("BridgeEnter") if e["Uniqueid"] == leg]


def test_of_ten_who_answer_at_once_one_talks_and_the_call_ends_with_that_talk(
    lab: LabAsterisk, observer: Observer, script: Script, tmp_path: Path
) -> None:
    phones = {agent: Phone(ring_seconds=0.2, talk_seconds=1) for agent in lab.agents}
    with SippAgents(lab, phones, tmp_path / "a") as ag:
        callers = SippCallers(lab, [Call(NUMBER)], tmp_path / "c")
        channel = script.caller()
        script.to_waiting_room(channel)
        offer = script.offer(channel)
        legs = {
            script.ring(agent, channel, offer=offer, alone=False): agent for agent in lab.agents
        }
        (row,) = callers.wait(20)
        answered = [
            m for m in ag.messages() if (m.kind, m.method, m.sent) == ("200", "INVITE", True)
        ]
    talked = [e["Uniqueid"] for e in observer.named("BridgeEnter") if e["Uniqueid"] in legs]
    assert len(answered) == 10
    assert len(talked) == 1
    # A loser's end once cleared the mark that he was talked to, and he waited on with music.
    entered = [e for e in observer.named("BridgeEnter") if e["Channel"] == channel]
    assert [e["BridgeTechnology"] for e in entered] == ["holding_bridge", "simple_bridge"]
    assert row.hung_up_by == "pbx"


def test_after_the_talk_the_caller_can_come_to_the_menu_and_wait_again(
    lab: LabAsterisk, observer: Observer, script: Script, tmp_path: Path
) -> None:
    phones = {"1001": Phone(talk_seconds=0.3), "1002": Phone(talk_seconds=0.3)}
    with SippAgents(lab, phones, tmp_path / "a") as ag:
        callers = SippCallers(lab, [Call(NUMBER)], tmp_path / "c")
        channel = script.caller()
        script.set(channel, "ACD_AFTER", "1")
        script.to_waiting_room(channel)
        since = len(observer.events)
        talk(lab, script, channel, "1001")
        assert script.caller(since=since) == channel
        script.to_waiting_room(channel)
        script.set(channel, "ACD_AFTER", "")
        talk(lab, script, channel, "1002")
        (row,) = callers.wait()
        assert [ring.agent for ring in ag.rings()] == ["1001", "1002"]
    assert row.hung_up_by == "pbx"


def test_without_an_engine_who_has_talked_is_let_go_and_does_not_wait_again(
    lab: LabAsterisk, observer: Observer, script: Script, tmp_path: Path
) -> None:
    with SippAgents(lab, {"1001": Phone(talk_seconds=0.3)}, tmp_path / "a"):
        callers = SippCallers(lab, [Call(NUMBER)], tmp_path / "c")
        channel = script.caller()
        script.set(channel, "ACD_AFTER", "1")
        script.to_waiting_room(channel)
        script.close()
        no_heartbeat(observer)
        talk(lab, script, channel, "1001")
        (row,) = callers.wait()
    assert row.hung_up_by == "pbx"
    assert list(observer.named("AsyncAGIStart"))[1:] == []


def test_an_asyncagi_that_ends_by_itself_is_entered_again(
    lab: LabAsterisk, observer: Observer, script: Script, tmp_path: Path
) -> None:
    callers = SippCallers(lab, [Call(NUMBER, hang_up_after_seconds=1)], tmp_path)
    channel = script.caller()
    since = len(observer.events)
    observer.action("AGI", Channel=channel, Command="ASYNCAGI BREAK", CommandID="end-it")
    assert script.caller(since=since) == channel
    (row,) = callers.wait()
    assert row.hung_up_by == "caller"


def test_without_an_engine_a_new_caller_reaches_an_agent_by_the_emergency_queue(
    lab: LabAsterisk, observer: Observer, tmp_path: Path
) -> None:
    no_heartbeat(observer)
    phones = {agent: Phone(talk_seconds=0.5) for agent in lab.agents}
    with SippAgents(lab, phones, tmp_path / "a") as ag:
        (row,) = SippCallers(lab, [Call(NUMBER)], tmp_path / "c").wait()
        (ring,) = ag.rings()
    assert row.answered_at is not None
    assert ring.at - row.answered_at < 2
    assert row.hung_up_by == "pbx"
    assert not list(observer.named("AsyncAGIStart"))


def test_without_engine_and_agents_the_caller_is_told_and_hung_up(
    lab: LabAsterisk, observer: Observer, nobody_is_on_duty: None, tmp_path: Path
) -> None:
    no_heartbeat(observer)
    with RtpRecorder(CALLERS_ADDRESS) as heard:
        (row,) = SippCallers(lab, [Call(NUMBER, media_port=heard.port)], tmp_path).wait(30)
    assert row.hung_up_by == "pbx"
    assert len(heard.packets) > 50
    assert loudness(heard.packets) > AUDIBLE


def test_a_waiting_caller_is_carried_to_the_emergency_queue_when_the_engine_dies(
    lab: LabAsterisk, observer: Observer, tmp_path: Path
) -> None:
    phones = {agent: Phone(talk_seconds=0.5) for agent in lab.agents}
    with (
        SippAgents(lab, phones, tmp_path / "a") as ag,
        Script(lab, observer, beating=False) as script,
    ):
        script.beat()
        began = time.time()
        callers = SippCallers(lab, [Call(NUMBER)], tmp_path / "c")
        channel = script.caller()
        script.to_waiting_room(channel)
        (row,) = callers.wait(40)
        (ring,) = ag.rings()
    assert 14 < ring.at - began < 26
    assert row.hung_up_by == "pbx"


def test_a_caller_in_the_menu_is_rescued_by_the_dead_mans_timer(
    lab: LabAsterisk, observer: Observer, tmp_path: Path
) -> None:
    phones = {agent: Phone(talk_seconds=0.5) for agent in lab.agents}
    with (
        SippAgents(lab, phones, tmp_path / "a") as ag,
        Script(lab, observer, beating=False) as script,
    ):
        script.beat()
        callers = SippCallers(lab, [Call(NUMBER)], tmp_path / "c")
        script.caller()
        (row,) = callers.wait(40)
        (ring,) = ag.rings()
    assert row.answered_at is not None
    assert ring.at - row.answered_at < 16


HOSTILE = {
    "quote and newline": Hostile(display='"Mallory\\" \\r\\nEvent: Hangup"'),
    "expression": Hostile(display='"${SHELL(id)} `id` %n"'),
    "function end": Hostile(display='"x),CALLERID(num)=999,y("'),
    "broken UTF-8": Hostile(display='"M\udcfcller \udce2\udc82"'),
    "long": Hostile(display='"' + "A" * 900 + '"'),
    "asserted identity": Hostile(
        headers='P-Asserted-Identity: "Chan: x" <sip:00)%24%7BX%7D%0D%0AA@127.0.0.1>'
    ),
    "diversion": Hostile(
        headers='Diversion: "evil;x" <sip:1)23%24%7BX%7D%0D%0A(@h>;reason=unconditional;privacy=off'
    ),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_a_caller_writes_into_his_fields_arrives_filtered(
    lab: LabAsterisk, observer: Observer, script: Script, tmp_path: Path, text: Hostile
) -> None:
    number = "0301)%24%7BEXTEN%7D%3A0%3A500%0D%0AEvent%3A%20Hangup(" + "9" * 40
    call = Call(number, hang_up_after_seconds=0.5)
    SippCallers(lab, [call], tmp_path, hostile=text).wait(10)
    start = observer.event("AsyncAGIStart")
    assert set(start["CallerIDNum"]) <= set("0123456789+*#")
    assert len(start["CallerIDNum"]) <= 32
    name = start["CallerIDName"]
    assert name in ("<unknown>", "") or all(
        c.isascii() and (c.isalnum() or c in " .") for c in name
    )
    assert len(name) <= 32
    env = unquote(start["Env"])
    assert "${" not in env
    assert set(env.partition("agi_rdnis: ")[2].partition("\n")[0]) <= set("0123456789unkow")


def test_a_number_nobody_configured_is_refused(
    lab: LabAsterisk, observer: Observer, script: Script, tmp_path: Path
) -> None:
    calls = [Call(NUMBER, dnis=dnis) for dnis in ("099", "0800555100x", "*10", "1001", "s")]
    rows = SippCallers(lab, calls, tmp_path).wait()
    assert {row.status for row in rows} == {404}
    assert not list(observer.named("AsyncAGIStart"))


def test_an_agents_code_reaches_the_engine_by_his_phones_own_name(
    lab: LabAsterisk, observer: Observer, script: Script, tmp_path: Path
) -> None:
    callers = agent_dials(lab, "1003", "*31*2", tmp_path)
    start = observer.event("AsyncAGIStart")
    observer.action("Hangup", Channel=start["Channel"])
    callers.wait()
    assert start["Channel"].startswith("PJSIP/1003-")
    assert start["Context"] == "acd-code"
    assert "agi_dnid: *31*2" in unquote(start["Env"]).splitlines()


def test_an_agents_phone_may_dial_codes_and_colleagues_and_nothing_else(
    lab: LabAsterisk, observer: Observer, script: Script, tmp_path: Path
) -> None:
    with SippAgents(lab, {"1002": Phone(talk_seconds=0.3)}, tmp_path / "a"):
        (colleague,) = agent_dials(lab, "1001", "1002", tmp_path / "c").wait()
    assert colleague.status == 200
    for number in ("0301234567", "00491", "*1", "**", "acd-menu"):
        (row,) = agent_dials(lab, "1001", number, tmp_path / number.strip("*")).wait()
        assert row.status in (404, 484), number  # The latter: a code begun and not ended.


def test_a_code_without_an_engine_is_answered_told_and_ended(
    lab: LabAsterisk, observer: Observer, tmp_path: Path
) -> None:
    no_heartbeat(observer)
    (row,) = agent_dials(lab, "1001", "*31", tmp_path).wait(20)
    assert row.hung_up_by == "pbx"
    assert not list(observer.named("AsyncAGIStart"))


def test_acds_login_can_neither_run_commands_nor_read_secrets(lab: LabAsterisk) -> None:
    with observing(lab.host, lab.ami_port, lab.ami_user, lab.ami_secret) as acd:
        with pytest.raises(AmiError, match="Permission denied"):
            acd.command("core show version")
        with pytest.raises(AmiError, match="Permission denied"):
            acd.action("GetConfig", Filename="manager.conf")
        for expression in ("AST_CONFIG(manager.conf,acd,secret)", "SHELL(id)", "FILE(/etc/passwd)"):
            try:
                value = acd.action("Getvar", Variable=expression).get("Value")
            except AmiError:
                value = ""
            assert value == "", expression


def test_nothing_that_reaches_a_shell_is_loaded(lab: LabAsterisk) -> None:
    loaded = lab.cli("module show")
    for module in ("app_system", "func_shell", "func_curl", "func_config", "func_env", "res_ari"):
        assert module not in loaded
