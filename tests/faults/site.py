"""A lab Asterisk, the real `acd run` behind a door, callers at a steady rate, three witnesses.

The witnesses know nothing of one another: SIPp's logs of callers and phones, Asterisk's own call
records, and what stands in our database. `Load.lost` says in words wherever a call was not served
as it would have been without a fault, or they do not agree about it.
"""

import itertools
import os
import re
import sqlite3
import time
import urllib.error
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bench.site import ROOT, Engine, write_config
from tests.faults.tcpproxy import Proxy
from tests.lab import sipp
from tests.lab.asterisk import LabAsterisk
from tests.lab.rtp import Key
from tests.lab.sipp import Call, Hostile, Phone, SippAgents, SippCallers
from tests.scenarios.world import until

AGENTS = [str(2001 + number) for number in range(40)]
SKILLS = ("fault", "billing", "meter", "house_connection", "laboratory", "switchboard")
SHORT, LONG, VERY_LONG = 1.0, 6.5, 12.0
"""Seconds of a talk. A long one lasts longer than the link may be away, a very long one than a
round of reconciliation: of a talk that begins and ends unheard no channel is left to tell of it."""
CALLED = {SHORT: "0304", LONG: "0305", VERY_LONG: "0306"}
"""How callers' numbers begin, by which phones know how long to talk."""
PRESSES = tuple(Key("1", 0.3 + n, 0.06) for n in range(30))
"""A key pressed while nobody listens is lost, and whoever hears nothing of it presses again. By
INFO, which SIP repeats until it is answered: keys as sound are lost where the machine is busy."""
TRUNK = "PJSIP/trunk-"

_LINE = re.compile(r"^(\S+) \S+ +(\w+)(.*)$")


@dataclass(frozen=True, slots=True)
class Pbx:
    """The PBX as the configuration names it: behind the door."""

    ami_port: int
    ami_user: str
    ami_secret: str
    system_name: str
    prompts_path_on_pbx: str


@dataclass(frozen=True, slots=True)
class Said:
    """One line of the engine's log."""

    at: float
    event: str
    rest: str


class Site:
    """All of it, at work when this returns, with every agent logged in."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.lab = LabAsterisk.start(directory, AGENTS, prompts=ROOT / "prompts")
        lab = self.lab
        self.proxy = Proxy(lab.ami_port)
        pbx = Pbx(
            self.proxy.port,
            lab.ami_user,
            lab.ami_secret,
            lab.system_name,
            lab.prompts_path_on_pbx,
        )
        agents = [
            {
                "id": agent,
                "name": f"Agent {agent}",
                "phone": f"PJSIP/{agent}",
                "skills": dict.fromkeys(SKILLS, 1),
            }
            for agent in AGENTS
        ]
        config = write_config(directory, pbx, agents=agents, wrap_up_seconds=0.0)
        self.engine = Engine(config, directory)
        phone = Phone(ring_seconds=0.1, talk_seconds=SHORT)
        talks = {
            f"{CALLED[seconds]}{n:06d}": seconds
            for seconds in (LONG, VERY_LONG)
            for n in range(9999)
        }
        self.phones = SippAgents(
            lab, dict.fromkeys(AGENTS, phone), directory / "phones", talks=talks
        )
        self.ask_agents("login", AGENTS)
        self._numbers = itertools.count(1)
        self._loads = itertools.count(1)

    def stop(self) -> None:
        """The end of it."""
        self.engine.stop()
        self.proxy.shut()
        self.phones.stop()
        sipp.stop_all(self.lab)
        self.lab.stop()

    # -- callers -------------------------------------------------------------------------------

    def load(
        self,
        count: int,
        per_second: float,
        talk_seconds: float = SHORT,
        keys: Sequence[Key] = PRESSES,
    ) -> "Load":
        """So many callers, each of whom wants to talk with an agent for so long."""
        numbers = [f"{CALLED[talk_seconds]}{next(self._numbers):06d}" for _ in range(count)]
        calls = [Call(number, keys=keys, keys_by="info") for number in numbers]
        return Load(self, self._callers(calls, per_second))

    def hostile(self, raw: Hostile) -> SippCallers:
        """One caller whose far end writes raw text, and who hangs up after a while."""
        call = Call(f"{CALLED[SHORT]}{next(self._numbers):06d}", hang_up_after_seconds=0.6)
        return self._callers([call], 10, raw)

    def _callers(
        self, calls: Sequence[Call], per_second: float, raw: Hostile | None = None
    ) -> SippCallers:
        folder = self.directory / f"callers-{next(self._loads)}"
        return SippCallers(
            self.lab, calls, folder, per_second=per_second, hostile=raw, give_up_seconds=60
        )

    # -- the engine, seen from outside -----------------------------------------------------------

    def ask_agents(self, what: str, agents: Sequence[str]) -> None:
        """Have them log in or out, all at once: each answer waits until it is durable."""
        with ThreadPoolExecutor(len(agents)) as together:
            list(together.map(lambda a: self.engine.post(f"/api/v1/agents/{a}/{what}"), agents))

    def signal(self, number: int) -> None:
        """Send the engine's process a signal."""
        os.kill(self.engine._process.pid, number)

    def said(self, event: str = "", since: float = 0.0) -> list[Said]:
        """The engine's log since then, or one kind of line of it."""
        found = (_LINE.match(line) for line in self.engine.log.read_text().splitlines())
        lines = [
            Said(datetime.fromisoformat(line[1]).timestamp(), line[2], line[3])
            for line in found
            if line and line[1][:2] == "20"
        ]
        return [line for line in lines if line.at >= since and event in ("", line.event)]

    def down_at(self, since: float, within: float) -> Said:
        """The line by which the engine says that the PBX is gone."""
        return until(lambda: self.said("pbx_down", since), within, "a loss that is noticed")[0]

    def live_at(self, since: float, within: float) -> float:
        """When the engine said that the PBX is live again; waits for that."""

        def live() -> list[Said]:
            return [line for line in self.said("pbx_state", since) if "state=live" in line.rest]

        return until(live, within, "a PBX that is live again")[0].at

    def is_ready(self) -> bool:
        """Whether the engine says of itself that it can be relied on."""
        try:
            with urllib.request.urlopen(f"{self.engine.url}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except urllib.error.HTTPError as refused:
            refused.close()
            return False

    def metric(self, name: str, having: str = "") -> float:
        """The sum of a metric's samples with this in their labels."""
        with urllib.request.urlopen(f"{self.engine.url}/metrics", timeout=5) as answer:
            page = answer.read().decode()
        return sum(
            float(line.rpartition(" ")[2])
            for line in page.splitlines()
            if re.match(rf"{name}[{{ ]", line) and having in line
        )

    def rows(self, path: str) -> list[dict[str, object]]:
        """What the API lists under `calls` or `agents`."""
        return self.engine.rows(path)

    def not_at_rest(self) -> list[str]:
        """What is left anywhere, though all calls are over: nothing, when all is well."""
        return self.engine.not_at_rest() + [f"channel {name}" for name in self.lab.channels()]

    def wait_at_rest(self, within: float = 5.0) -> None:
        """Return when nothing is left of all calls anywhere."""
        try:
            until(lambda: not self.not_at_rest(), within)
        except TimeoutError:
            raise AssertionError(f"left after {within:g} s: {self.not_at_rest()}") from None
        assert self.lab.current_calls() == 0

    def asterisks(self) -> dict[str, set[str]]:
        """Asterisk's own records of callers: number to Uniqueids, without its system name."""
        found: dict[str, set[str]] = defaultdict(set)
        for row in self.lab.cdr_rows():
            if row.channel.startswith(TRUNK):
                found[row.src].add(row.uniqueid.removeprefix(f"{self.lab.system_name}-"))
        return found

    def unmatched(self) -> list[str]:
        """Calls of which only Asterisk or only we have a record, whoever called."""
        ours = [call for calls in self.records().values() for call, _, _ in calls]
        theirs = [call for calls in self.asterisks().values() for call in calls]
        return [f"{call} stands in one book only" for call in sorted({*ours} ^ {*theirs})]

    def records(self) -> dict[str, list[tuple[str, str, str]]]:
        """Our final records: caller's number to Uniqueid, outcome and agent of each."""
        found: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
        path = self.directory / "var" / "acd.db"
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as books:
            rows = books.execute("SELECT ani, call, outcome, agent FROM ended_calls").fetchall()
        books.close()
        for number, call, outcome, agent in rows:
            found[number].append((call.partition("-")[2], outcome, agent or ""))
        return found


Complaint = tuple[str, str]
"""A caller's number, and what was wrong with his call."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One ring at an agent's phone."""

    agent: str
    number: str
    began_at: float
    ended_at: float
    answered: bool


@dataclass(slots=True)
class Load:
    """A batch of callers, the first of whom is calling."""

    site: Site
    callers: SippCallers

    @property
    def numbers(self) -> list[str]:
        return [call.number for call in self.callers.calls]

    def legs(self) -> list[Leg]:
        """Every ring for one of these callers."""
        wanted, rows = set(self.numbers), defaultdict(list)
        for row in self.site.phones.rows():
            rows[row.call_id].append(row)
        legs = []
        for leg in rows.values():
            invite = next((row for row in leg if row.kind == "INVITE" and not row.sent), None)
            if invite is None or invite.from_number not in wanted:
                continue
            refused = any(row.sent and row.kind.isdigit() and int(row.kind) >= 300 for row in leg)
            ends = [row.at for row in leg if row.kind in ("BYE", "CANCEL")]
            answered = not refused and any(row.kind == "ACK" for row in leg)
            end = min(ends, default=leg[-1].at if refused else time.time())
            legs.append(Leg(invite.agent, invite.from_number, invite.at, end, answered))
        return sorted(legs, key=lambda leg: leg.began_at)

    def first_rings_ms(self, faults: Sequence[tuple[float, float]]) -> list[float]:
        """From each fault's end to the first ring that began when the engine was in step again.

        faults: both moments of each. The last may have none, when nobody called any more.
        """
        began = [leg.began_at for leg in self.legs()]
        found = []
        for over_at, in_step_at in faults:
            ring = next((at for at in began if at >= in_step_at), None)
            if ring is not None:
                found.append((ring - over_at) * 1000)
        return found

    def lost(
        self, within: float = 60.0, at_rest_within: float = 5.0, *, rescued: bool = False
    ) -> list[str]:
        """Wait for the end of all calls; a line for each call that was lost: none when all is well.

        at_rest_within: how long the engine may take to know that all calls are over. rescued: the
        dialplan may have taken callers to an emergency queue while the engine slept. Of those it
        has one record at most, by which they hung up: it never heard who served them.
        """
        self.callers.wait(within)
        self.site.wait_at_rest(at_rest_within)
        if not rescued:
            until(lambda: self.site.records().keys() >= set(self.numbers), 3, "every final record")
        complaints: dict[str, list[str]] = defaultdict(list)
        for number, complaint in (
            *self._at_callers(),
            *self._at_phones(),
            *self._in_books(rescued),
        ):
            complaints[number].append(complaint)
        return [
            f"{number}: {'; '.join(each)}; {self._course(number)}"
            for number, each in complaints.items()
        ]

    def _course(self, number: str) -> str:
        """What his agents' phones and the engine's log say of him: what a failure is found by."""
        rows = self.site.phones.rows()
        rung = {row.call_id for row in rows if row.kind == "INVITE" and row.from_number == number}
        phones = [
            f"{row.at:.3f} {row.agent} {'>' if row.sent else '<'}{row.kind} {row.call_id[:8]}"
            for row in rows
            if row.call_id in rung
        ]
        calls = self.site.asterisks()[number] | {call for call, _, _ in self.site.records()[number]}
        log = [
            f"{line.at:.3f} {line.event}{line.rest}"
            for line in self.site.said()
            if any(call in line.rest for call in calls)
        ]
        return f"phones: {phones}, log: {log}"

    def _at_callers(self) -> Iterator[Complaint]:
        for row in self.callers.rows():
            if row.status != 200 or row.hung_up_by != "pbx" or row.unexpected_bye:
                yield row.call.number, f"{row.status}, hung up by {row.hung_up_by}"

    def _at_phones(self) -> Iterator[Complaint]:
        legs = self.legs()
        answered = Counter(leg.number for leg in legs if leg.answered)
        for number in self.numbers:
            if answered[number] != 1:
                yield number, f"{answered[number]} agents talked with him"
        # Within a clock's tick two ends of one thing may be written in any order.
        for one, other in itertools.combinations(legs, 2):
            together = other.began_at < one.ended_at - 0.005 and one.began_at < other.ended_at
            if together and one.agent == other.agent:
                yield one.number, f"{one.agent} rung for him and {other.number} at once"
            if together and one.number == other.number:
                yield one.number, f"had {one.agent} and {other.agent} at once"

    def _in_books(self, rescued: bool) -> Iterator[Complaint]:
        """What we wrote down, beside what Asterisk did, and who really answered."""
        ours, theirs = self.site.records(), self.site.asterisks()
        answered_by: dict[str, str] = {}
        for leg in self.legs():
            if leg.answered:
                answered_by[leg.number] = leg.agent
        for number in self.numbers:
            wanted = [(each, "answered", answered_by.get(number, "")) for each in theirs[number]]
            agreed = len(wanted) == 1 and ours[number] == wanted
            if not agreed and not (rescued and len(ours[number]) <= 1):
                yield number, f"Asterisk and the phones say {wanted}, we say {ours[number]}"
