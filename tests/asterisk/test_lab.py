"""The lab itself: it starts, stands alone, can be killed, and lets its witnesses see."""

import re
import stat
import time
from pathlib import Path

import pytest

from tests.lab.ami import AmiError, Observer, observing
from tests.lab.asterisk import LabAsterisk
from tests.lab.rtp import Key, RtpRecorder, largest_gap_seconds, loudness
from tests.lab.script import LABEL, SERVICE, Script
from tests.lab.sipp import CALLERS_ADDRESS, Call, Phone, SippAgents, SippCallers
from tests.scenarios.figures import soon

NUMBER = "0301234567"

# Digital silence is 8 in A-law; the packaged pieces fade in and are above 400 in the second second.
AUDIBLE = 100


def test_a_caller_is_queued_rung_connected_and_ended_by_the_agent(
    lab: LabAsterisk, observer: Observer, script: Script, tmp_path: Path
) -> None:
    with SippAgents(lab, {"1001": Phone(ring_seconds=0.1, talk_seconds=0.5)}, tmp_path / "a") as ag:
        callers = SippCallers(lab, [Call(NUMBER, keys=(Key("1", 0.4),))], tmp_path / "c")
        channel = script.caller()
        assert observer.event("DTMFEnd", Channel=channel)["Digit"] == "1"
        script.to_waiting_room(channel)
        leg = script.ring("1001", channel, offer=script.offer(channel), number=NUMBER)
        (row,) = callers.wait()
        ring = ag.wait_for_ring("1001")
        kinds = [each.kind for each in ag.rows() if not each.sent]
    assert (row.status, row.hung_up_by, row.unexpected_bye) == (200, "pbx", False)
    assert (ring.from_name, ring.from_number) == (LABEL, NUMBER)
    assert kinds == ["INVITE", "ACK", "200"]  # The last answers the agent's BYE.
    assert observer.event("Hangup", Uniqueid=leg)["Cause"] == "16"


def test_acd_is_told_at_once_that_an_agent_hung_up(
    lab: LabAsterisk, script: Script, tmp_path: Path
) -> None:
    """The sample's filters let it through; without it he is free some milliseconds later."""
    with (
        observing(lab.host, lab.ami_port, lab.ami_user, lab.ami_secret) as acd,
        SippAgents(lab, {"1001": Phone(ring_seconds=0.1, talk_seconds=0.5)}, tmp_path / "a"),
    ):
        acd.event("FullyBooted")
        callers = SippCallers(lab, [Call(NUMBER, keys=(Key("1", 0.4),))], tmp_path / "c")
        channel = script.caller()
        script.to_waiting_room(channel)
        leg = script.ring("1001", channel, offer=script.offer(channel), number=NUMBER)
        callers.wait()
        acd.event("Hangup", Uniqueid=leg)
        told = [each.event for each in acd.events if each.get("Uniqueid") == leg]
    assert told.index("HangupRequest") < told.index("BridgeLeave") < told.index("Hangup")


def test_waiting_callers_hear_music(lab: LabAsterisk, script: Script, tmp_path: Path) -> None:
    with RtpRecorder(CALLERS_ADDRESS) as heard:
        call = Call(NUMBER, media_port=heard.port, hang_up_after_seconds=2.5)
        callers = SippCallers(lab, [call], tmp_path)
        script.to_waiting_room(script.caller())
        callers.wait()
    assert len(heard.packets) > 50
    assert loudness(heard.packets[-50:]) > AUDIBLE
    soon("between two packets of music", largest_gap_seconds(heard.packets) * 1000)


def test_prompts_are_played_from_where_the_lab_says(
    lab: LabAsterisk, observer: Observer, script: Script, tmp_path: Path
) -> None:
    shipped = lab.directory / "prompts"
    longest = max(shipped.rglob("*.wav"), key=lambda path: path.stat().st_size)
    path = f"{lab.prompts_path_on_pbx}/{longest.relative_to(shipped).with_suffix('')}"
    with RtpRecorder(CALLERS_ADDRESS) as heard:
        call = Call(NUMBER, media_port=heard.port, hang_up_after_seconds=1.5)
        callers = SippCallers(lab, [call], tmp_path)
        channel = script.caller()
        observer.action("AGI", Channel=channel, Command=f"EXEC Playback {path}", CommandID="p-1")
        callers.wait()
    assert loudness(heard.packets) > AUDIBLE


def test_the_label_is_the_agents_alone_and_stays(
    lab: LabAsterisk, script: Script, tmp_path: Path
) -> None:
    with SippAgents(lab, {"1001": Phone(talk_seconds=1)}, tmp_path / "a") as ag:
        callers = SippCallers(lab, [Call(NUMBER)], tmp_path / "c")
        channel = script.caller()
        script.to_waiting_room(channel)
        script.ring("1001", channel, offer=script.offer(channel), number=NUMBER)
        (row,) = callers.wait()
        to_agent = [m for m in ag.messages() if not m.sent and m.method in ("INVITE", "UPDATE")]
    assert [message.from_name for message in to_agent] == [LABEL]
    assert row.told_names == ()
    from_pbx = [message for message in callers.messages() if not message.sent]
    assert {m.kind for m in from_pbx} <= {"100", "200", "BYE"}
    everything = " ".join(value for m in from_pbx for value in m.headers.values())
    assert LABEL not in everything
    assert SERVICE[0] not in everything


@pytest.mark.parametrize(
    ("behaviour", "cause", "reason", "has_rung"),
    [
        ("busy", "17", "0", False),
        ("declined", "21", "0", False),
        ("forbidden", "21", "0", False),
        ("unknown", "1", "0", False),
        ("failing", "34", "0", False),
        ("do_not_disturb", "19", "0", False),
        ("rings_on", "0 or 19", "3", True),
    ],
)
def test_ring_outcomes_read_by_cause_reason_and_ringing(
    lab: LabAsterisk,
    observer: Observer,
    script: Script,
    tmp_path: Path,
    behaviour: str,
    cause: str,
    reason: str,
    has_rung: bool,
) -> None:
    with SippAgents(lab, {"1001": Phone(behaviour)}, tmp_path / "a"):
        callers = SippCallers(lab, [Call(NUMBER)], tmp_path / "c")
        channel = script.caller()
        script.to_waiting_room(channel)
        offer = script.offer(channel)
        leg = script.ring("1001", channel, offer=offer, timeout_seconds=1)
        hangup = observer.event("Hangup", Uniqueid=leg)
        response = observer.event("OriginateResponse", Uniqueid=leg)
        states = [each["DialStatus"] for each in observer.named("DialState")]
        observer.action("Hangup", Channel=channel)
        callers.wait()
    assert hangup["Cause"] in cause.split(" or ")
    assert response["Reason"] == reason
    assert ("RINGING" in states) == has_rung


def test_a_dead_phone_reads_as_no_answer_without_ringing_and_may_come_back(
    lab: LabAsterisk, observer: Observer, script: Script, tmp_path: Path
) -> None:
    callers = SippCallers(lab, [Call(NUMBER)], tmp_path / "c")
    channel = script.caller()
    script.to_waiting_room(channel)
    leg = script.ring("1001", channel, offer=script.offer(channel), timeout_seconds=1)
    hangup = observer.event("Hangup", Uniqueid=leg)
    response = observer.event("OriginateResponse", Uniqueid=leg)
    states = [each["DialStatus"] for each in observer.named("DialState")]
    # Asterisk goes on sending that INVITE for 32 s: a CANCEL may only follow an answer to it. A
    # phone that comes back meanwhile rings for a moment, for a leg that is long gone.
    with SippAgents(lab, {"1001": Phone("rings_on")}, tmp_path / "a") as ag:
        ag.wait_for(lambda message: message.kind == "CANCEL" and not message.sent, timeout=10)
    observer.action("Hangup", Channel=channel)
    callers.wait()
    assert hangup["Cause"] in ("0", "19")  # 0 before Asterisk 22.8.
    assert response["Reason"] == "3"
    assert "RINGING" not in states


def test_twelve_fast_keys_are_more_ends_than_keys_and_pairing_gives_twelve(
    lab: LabAsterisk, observer: Observer, script: Script, tmp_path: Path
) -> None:
    keys = tuple(Key(key, 0.5 + n * 0.1, 0.06) for n, key in enumerate("123456789012"))
    call = Call(NUMBER, keys=keys, hang_up_after_seconds=2.5)
    SippCallers(lab, [call], tmp_path, sound=True).wait()
    counted = ""
    has_begun = False
    ends = 0
    for event in observer.named("DTMFBegin", "DTMFEnd"):
        if event.event == "DTMFBegin":
            has_begun = True
        else:
            ends += 1
            counted += event["Digit"] if has_begun else ""
            has_begun = False
    assert counted == "123456789012"
    assert ends > 12  # The trap itself: where this fails Asterisk has been mended.


def test_keys_by_info_arrive(
    lab: LabAsterisk, observer: Observer, script: Script, tmp_path: Path
) -> None:
    call = Call(
        NUMBER, keys=(Key("4", 0.3), Key("2", 0.6)), keys_by="info", hang_up_after_seconds=1
    )
    SippCallers(lab, [call], tmp_path).wait()
    assert [each["Digit"] for each in observer.named("DTMFEnd")] == ["4", "2"]


def test_talks_are_the_same_whoever_takes_the_call(
    lab: LabAsterisk, observer: Observer, script: Script, tmp_path: Path
) -> None:
    talks = {"0301": 0.4, "0302": 1.2}
    with SippAgents(lab, ["1001", "1002"], tmp_path / "a", talks=talks) as ag:
        callers = SippCallers(lab, [Call(number) for number in talks], tmp_path / "c")
        for agent, number in zip(["1002", "1001"], talks, strict=True):
            channel = script.caller(number=number)
            script.to_waiting_room(channel)
            script.ring(agent, channel, offer=script.offer(channel), number=number)
        callers.wait()
        rows = ag.rows()
    for agent, expected in (("1002", 0.4), ("1001", 1.2)):
        acknowledged = next(row.at for row in rows if (row.agent, row.kind) == (agent, "ACK"))
        ended = next(row.at for row in rows if (row.agent, row.kind) == (agent, "BYE"))
        assert ended - acknowledged == pytest.approx(expected, abs=0.1)


def test_the_call_record_knows_each_caller_once(
    lab: LabAsterisk, observer: Observer, script: Script, tmp_path: Path
) -> None:
    numbers = [f"03055500{n}" for n in range(3)]
    calls = [Call(number, hang_up_after_seconds=0.5) for number in numbers]
    SippCallers(lab, calls, tmp_path).wait()
    lab.wait_until_idle()
    rows = [row for row in lab.cdr_rows() if row.src in numbers]
    assert len({row.uniqueid for row in rows}) == 3
    assert {row.disposition for row in rows} == {"ANSWERED"}


def test_secrets_are_in_private_files_and_on_no_command_line(lab: LabAsterisk) -> None:
    etc = lab.directory / "etc"
    assert {stat.S_IMODE(path.stat().st_mode) for path in etc.iterdir()} == {0o600}
    command_line = Path(f"/proc/{lab.pid}/cmdline").read_text()
    assert lab.ami_secret not in command_line
    assert lab.system_name not in command_line
    assert lab.ami_secret not in lab.log_tail(10_000)


def test_it_comes_back_after_a_restart_and_after_a_kill(tmp_path: Path) -> None:
    with LabAsterisk.start(tmp_path) as own:
        with own.observer() as before:
            own.restart()
            deadline = time.monotonic() + 5
            while not before.closed and time.monotonic() < deadline:
                time.sleep(0.01)
            assert before.closed
        assert own.current_calls() == 0
        own.kill()
        with pytest.raises(OSError, match="refused"):
            own.observer()
        own.boot()
        assert own.current_calls() == 0


def test_two_stand_side_by_side(lab: LabAsterisk, tmp_path: Path) -> None:
    with LabAsterisk.start(tmp_path) as other:
        assert other.ami_port != lab.ami_port
        assert other.system_name != lab.system_name
        with pytest.raises(AmiError, match="Authentication failed"):
            Observer(lab.host, lab.ami_port, "acd", other.ami_secret)
    assert lab.current_calls() == 0


def test_settings_that_asterisk_passes_over_are_refused(tmp_path: Path) -> None:
    """A template is added to in another way; a bench's talks once ended for that after 30 s."""
    with pytest.raises(RuntimeError, match="'acd-agent' does not exist"):
        LabAsterisk.start(tmp_path, extra={"acd-pjsip.conf": "[acd-agent](+)\nrtp_timeout=0\n"})
    added = {"acd-pjsip.conf": "[acd-agent](+TEMPLATES=include)\nrtp_timeout=0\n"}
    LabAsterisk.start(tmp_path, extra=added).stop()


def test_a_second_start_of_the_installer_finds_what_the_first_left(lab: LabAsterisk) -> None:
    began = time.monotonic()
    assert lab.place.find() == lab.place
    assert time.monotonic() - began < 5


def test_acds_own_login_gets_the_events_of_the_sample_and_no_others(
    lab: LabAsterisk, observer: Observer, script: Script, tmp_path: Path
) -> None:
    sample = (lab.directory / "etc" / "acd-manager.conf").read_text()
    wanted = set(re.findall(r"name\((\w+)\)", sample))
    with observing(lab.host, lab.ami_port, lab.ami_user, lab.ami_secret) as acd:
        acd.event("FullyBooted")
        call = Call(NUMBER, keys=(Key("1", 0.4),), hang_up_after_seconds=1)
        callers = SippCallers(lab, [call], tmp_path)
        script.to_waiting_room(script.caller())
        callers.wait()
        acd.event("Hangup")
        got = {event.event for event in acd.events}
    assert got <= wanted
    assert {"AsyncAGIStart", "DTMFEnd", "BridgeEnter", "Hangup"} <= got
