"""SIPp as callers and as agents' phones, and what each of them saw.

Callers come from 127.0.0.2, which the lab's PBX takes for the trunk; agents' phones are on
127.0.0.3. One SIPp process plays all agents, one each batch of callers. What happened is read from
SIPp's message logs (`siplog`): evidence of its own beside AMI and the PBX's call records.
"""

import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

from tests.lab import scenarios, siplog
from tests.lab.asterisk import LabAsterisk
from tests.lab.place import AGENTS_ADDRESS, free_udp_port
from tests.lab.rtp import ALAW_SILENCE, ALAW_TONE, Key, write_keys_pcap
from tests.lab.siplog import SipMessage

CALLERS_ADDRESS = "127.0.0.2"
DEFAULT_DNIS = "0800555100"
UNTIL_BYE = -1.0


_started: list["_Sipp"] = []


@cache
def _media_option() -> str:
    """What the first port for sound is called: SIPp 3.7 has another name for it."""
    said = subprocess.run(["sipp", "-h"], capture_output=True, text=True, errors="replace")
    return "-min_rtp_port" if "-min_rtp_port" in said.stdout + said.stderr else "-mp"


def stop_all(lab: LabAsterisk) -> None:
    """Ends every SIPp of this lab that is still there: a failed test leaves its own running.

    Other labs' phones are others': a site that serves many tests would have none any more.
    """
    for process in list(_started):
        if process.lab is lab:
            process.stop()


class _Sipp:
    """One SIPp process, its files in `directory`, ended with this process at the latest."""

    def __init__(
        self, lab: LabAsterisk, directory: Path, scenario: str, options: Sequence[str]
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.lab = lab
        self.directory = directory
        written = directory / "scenario.xml"
        written.touch(mode=0o600)  # It may hold a phone's password.
        written.write_text(scenario, "utf-8", "surrogateescape")
        self._messages = directory / "messages.log"
        self._messages.unlink(missing_ok=True)
        self._log = siplog.Log(self._messages)
        argv = ["setpriv", "--pdeathsig", "KILL", "sipp", *options]
        argv += ["-sf", "scenario.xml", "-nostdin"]
        argv += ["-trace_msg", "-message_file", "messages.log", "-message_overwrite", "false"]
        argv += ["-trace_err", "-error_file", "errors.log", "-timer_resol", "1"]
        with (directory / "screen.log").open("wb") as screen:
            self._process = subprocess.Popen(
                argv, cwd=directory, stdin=subprocess.DEVNULL, stdout=screen, stderr=screen
            )
        _started.append(self)

    def messages(self) -> list[SipMessage]:
        """All SIP messages so far, in the order of the log."""
        return self._log.messages()

    def errors(self) -> str:
        """What SIPp complained of, for a failure's text."""
        names = ("errors.log", "screen.log")
        return "\n".join(
            path.read_text(errors="replace")[-2000:]
            for name in names
            if (path := self.directory / name).exists()
        )

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> None:
        """Ends the process at once; calls it holds are not said goodbye to."""
        if self.running:
            self._process.kill()
        self._process.wait()
        if self in _started:
            _started.remove(self)

    def wait_for(
        self, matches: Callable[[SipMessage], bool], *, timeout: float = 5, since: float = 0
    ) -> SipMessage:
        """The first message at or after the wall clock time `since` that matches."""
        deadline = time.monotonic() + timeout
        while True:
            for message in self.messages():
                if message.at >= since and matches(message):
                    return message
            if time.monotonic() > deadline:
                kinds = [(message.kind, message.to_number) for message in self.messages()[-12:]]
                raise TimeoutError(f"no such SIP message in {timeout} s; the last: {kinds}")
            time.sleep(0.005)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


@dataclass(frozen=True, slots=True)
class Phone:
    """How an agent's phone behaves.

    behaviour: `answers`, `busy` (486), `declined` (603), `do_not_disturb` (480), `forbidden`
    (403), `unknown` (404), `failing` (503), `forwards` (302, to agent 1002), `rings_on` (180
    until cancelled), `dead` (no answer of any kind). ring_seconds: before it answers.
    talk_seconds: before it hangs up; UNTIL_BYE: never.
    """

    behaviour: str = "answers"
    ring_seconds: float = 0.0
    talk_seconds: float = UNTIL_BYE


@dataclass(frozen=True, slots=True)
class AgentRow:
    """One message at an agent's phone. `kind`: INVITE, 180, 200, ACK, BYE, CANCEL, UPDATE ...

    at: wall clock, seconds. from_name, from_number: what the phone displays.
    """

    at: float
    agent: str
    kind: str
    sent: bool
    call_id: str
    from_name: str
    from_number: str


class SippAgents(_Sipp):
    """All agents' phones of a lab, ready when this returns."""

    def __init__(
        self,
        lab: LabAsterisk,
        phones: Mapping[str, Phone] | Iterable[str],
        directory: Path,
        *,
        talks: Mapping[str, float] | None = None,
        sound: Path | None = None,
    ) -> None:
        """phones: agent to behaviour, or just the agents, who answer and wait for a BYE.

        talks: caller's number to seconds, which wins over the phone's own: the same talks for
        every run, whoever takes the call. sound: a capture file that each sends when it answers.
        """
        if not isinstance(phones, Mapping):
            phones = dict.fromkeys(phones, Phone())
        directory.mkdir(parents=True, exist_ok=True)
        lines = ["SEQUENTIAL"] + [
            f"{agent};{phone.behaviour};{round(phone.ring_seconds * 1000)};"
            f"{round(phone.talk_seconds * 1000)};"
            for agent, phone in phones.items()
        ]
        (directory / "agents.csv").write_text("\n".join(lines) + "\n")
        rows = [f"{number};{round(each * 1000)};" for number, each in (talks or {}).items()]
        (directory / "talks.csv").write_text("\n".join(["SEQUENTIAL", *rows, "none;0;"]) + "\n")
        text = scenarios.agents("agents.csv", "talks.csv", sound)
        options = [
            "-i", AGENTS_ADDRESS, "-p", str(lab.agents_port), "-mi", AGENTS_ADDRESS,
            _media_option(), str(free_udp_port(AGENTS_ADDRESS) & ~1),
            "-inf", "agents.csv", "-infindex", "agents.csv", "0",
            "-inf", "talks.csv", "-infindex", "talks.csv", "0",
        ]  # fmt: skip
        super().__init__(lab, directory, text, options)
        deadline = time.monotonic() + 5
        needle = f":{lab.agents_port:04X} ".encode()
        while needle not in Path("/proc/net/udp").read_bytes():
            if not self.running or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"SIPp did not start as agents:\n{self.errors()}")
            time.sleep(0.01)

    def rows(self) -> list[AgentRow]:
        """Everything at the agents' phones so far, without questions whether they live."""
        invited: dict[str, str] = {}
        rows = []
        for message in self.messages():
            if message.method == "OPTIONS":
                continue
            if message.kind == "INVITE" and not message.sent:
                invited.setdefault(message.call_id, message.to_number)
            agent = invited.get(message.call_id, message.to_number)
            name, number = message.from_name, message.from_number
            rows.append(
                AgentRow(
                    message.at, agent, message.kind, message.sent, message.call_id, name, number
                )
            )
        return rows

    def rings(self, agent: str | None = None) -> list[AgentRow]:
        """The INVITE of every call to the agent, or to any; repeats of one are not counted."""
        first: dict[str, AgentRow] = {}
        for row in self.rows():
            if row.kind == "INVITE" and not row.sent and agent in (None, row.agent):
                first.setdefault(row.call_id, row)
        return list(first.values())

    def wait_for_ring(self, agent: str, *, since: float = 0, timeout: float = 5) -> SipMessage:
        """The agent's INVITE at or after the wall clock time `since`."""
        return self.wait_for(
            lambda m: m.kind == "INVITE" and not m.sent and m.to_number == agent,
            since=since,
            timeout=timeout,
        )


@dataclass(frozen=True, slots=True)
class Call:
    """One caller. Times are in seconds after the answer.

    keys: what he presses (`Key`), by RFC 4733 events or, with `keys_by="info"`, by INFO.
    hang_up_after_seconds: when he hangs up; UNTIL_BYE: he waits for the other side.
    media_port: where he wants to hear, if not at SIPp's own port (an `RtpRecorder`).
    speaks_seconds: so long he says something (a tone), from the answer on.
    """

    number: str
    dnis: str = DEFAULT_DNIS
    keys: tuple[Key, ...] = ()
    hang_up_after_seconds: float = UNTIL_BYE
    keys_by: str = "rfc4733"
    media_port: int | None = None
    speaks_seconds: float = 0.0

    @property
    def plan(self) -> "_Sends":
        """What of it is the same for callers who do the same."""
        return (self.keys, self.keys_by, self.speaks_seconds)


_Sends = tuple[tuple[Key, ...], str, float]


@dataclass(frozen=True, slots=True)
class CallRow:
    """What became of one call. Times are the wall clock's, in seconds; None: never came.

    status: the last answer to the INVITE (200, 404 ...), 0 if none. hung_up_by: "caller", "pbx" or
    None. unexpected_bye: the PBX hung up though the caller had a time of his own for that.
    told_name, told_number: what the PBX said he is connected with (Remote-Party-ID,
    P-Asserted-Identity of any message), empty if nothing.
    """

    call: Call
    call_id: str
    invited_at: float | None = None
    answered_at: float | None = None
    ended_at: float | None = None
    status: int = 0
    hung_up_by: str | None = None
    unexpected_bye: bool = False
    told_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hostile:
    """Raw text in place of what a trunk sends properly; not escaped by anybody.

    display: before the address in From. user: the user part of the request's address. headers:
    whole lines added to the INVITE. Bytes that are no UTF-8 by surrogate escapes.
    """

    display: str = '"Caller"'
    user: str = "[field1]"
    headers: str = ""


class SippCallers(_Sipp):
    """A batch of callers, the first calling when this returns."""

    def __init__(
        self,
        lab: LabAsterisk,
        calls: Sequence[Call],
        directory: Path,
        *,
        per_second: float = 10,
        hostile: Hostile | None = None,
        sound: bool = False,
        give_up_seconds: float = 120,
        address: str = CALLERS_ADDRESS,
        credentials: tuple[str, str] | None = None,
    ) -> None:
        """sound: send silence as sound from each answer to the last key, as a real phone does.

        give_up_seconds: when a caller who waits for the other side's BYE hangs up himself.
        address, credentials: of an agent's phone that dials, see `agent_dials`.
        """
        self.calls = list(calls)
        directory.mkdir(parents=True, exist_ok=True)
        plans = sorted({call.plan for call in calls}, key=repr)
        self._port = free_udp_port(address)
        media_port = free_udp_port(address) & ~1
        lines = ["SEQUENTIAL"] + [
            f"{call.number};{call.dnis};;{plans.index(call.plan)};"
            f"{round(call.hang_up_after_seconds * 1000)};{call.media_port or media_port};"
            for call in calls
        ]
        (directory / "calls.csv").write_text("\n".join(lines) + "\n")
        raw = hostile or Hostile()
        text = scenarios.callers(
            [self._plan(directory, index, *plan, sound) for index, plan in enumerate(plans)],
            display=raw.display,
            user=raw.user,
            headers=raw.headers,
            give_up_ms=round(give_up_seconds * 1000),
            credentials=credentials,
        )
        options = [
            f"{lab.host}:{lab.sip_port}", "-i", address, "-p", str(self._port),
            "-mi", address, _media_option(), str(media_port), "-inf", "calls.csv",
            "-m", str(len(calls)), "-l", str(len(calls)), "-cid_str", "%u-%p@%s",
            *_rate(per_second),
        ]  # fmt: skip
        super().__init__(lab, directory, text, options)

    @staticmethod
    def _plan(
        directory: Path,
        index: int,
        keys: tuple[Key, ...],
        keys_by: str,
        speaks_seconds: float,
        sound: bool,
    ) -> scenarios.Plan:
        by_info = keys if keys_by == "info" else ()
        in_sound = () if keys_by == "info" else keys
        if not in_sound and not speaks_seconds:
            return scenarios.Plan(by_info, None, 0)
        begins = 0.0 if sound or speaks_seconds else in_sound[0].at_seconds
        pcap = directory / f"keys-{index}.pcap"
        shifted = [Key(k.key, k.at_seconds - begins, k.hold_seconds) for k in in_sound]
        until = in_sound[-1].at_seconds + 0.5 if sound and in_sound else 0
        write_keys_pcap(
            pcap,
            shifted,
            sound_until_seconds=max(until, speaks_seconds),
            sound=ALAW_TONE if speaks_seconds else ALAW_SILENCE,
        )
        return scenarios.Plan(by_info, pcap.absolute(), round(begins * 1000))

    def wait(self, timeout: float = 60) -> list[CallRow]:
        """Returns every call's row when the last has ended; raises TimeoutError, who has not."""
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.stop()
            there = [row for row in self.rows() if row.ended_at is None]
            raise TimeoutError(
                f"SIPp not done in {timeout} s, {len(there)} callers are still there: {there}\n"
                f"{self.errors()}"
            ) from None
        if self._process.returncode not in (0, 1):  # 1: some calls failed, which rows tell.
            raise RuntimeError(f"SIPp ended with {self._process.returncode}:\n{self.errors()}")
        self.stop()
        return self.rows()

    def rows(self) -> list[CallRow]:
        """What is known so far, one row a call in the order of `calls`."""
        by_call: dict[int, list[SipMessage]] = {}
        for message in self.messages():
            number = message.call_id.partition("-")[0]
            if number.isdigit():
                by_call.setdefault(int(number) - 1, []).append(message)
        return [_row(call, by_call.get(index, [])) for index, call in enumerate(self.calls)]


def _rate(per_second: float) -> list[str]:
    """SIPp's rate as whole calls a period: it has no fractions."""
    if per_second >= 1:
        return ["-r", str(round(per_second)), "-rp", "1000"]
    return ["-r", "1", "-rp", str(round(1000 / per_second))]


def _row(call: Call, messages: Sequence[SipMessage]) -> CallRow:
    invited = answered = ended = None
    status, hung_up_by, told = 0, None, []
    for message in messages:
        if message.kind == "INVITE" and message.sent and invited is None:
            invited = message.at
        elif message.method == "INVITE" and message.status >= 200 and not message.sent:
            status = message.status
            if status == 200 and answered is None:
                answered = message.at
            if status >= 300:
                ended = message.at
        elif message.kind == "BYE" and hung_up_by is None:
            ended = message.at
            hung_up_by = "caller" if message.sent else "pbx"
        if not message.sent:
            for header in ("p-asserted-identity", "remote-party-id"):
                name, number = message.address(header)
                told += [each for each in (name, number) if each]
    return CallRow(
        call=call,
        call_id=messages[0].call_id if messages else "",
        invited_at=invited,
        answered_at=answered,
        ended_at=ended,
        status=status,
        hung_up_by=hung_up_by,
        unexpected_bye=hung_up_by == "pbx" and call.hang_up_after_seconds >= 0,
        told_names=tuple(told),
    )


def agent_dials(lab: LabAsterisk, agent: str, code: str, directory: Path) -> SippCallers:
    """The agent's phone dials a code or a colleague, with its password, and waits for a BYE."""
    return SippCallers(
        lab,
        [Call(agent, dnis=code)],
        directory,
        address=AGENTS_ADDRESS,
        credentials=(agent, lab.agents_secret),
        hostile=Hostile(display=f'"{agent}"'),
    )
