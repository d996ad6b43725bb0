"""A site whose engine is killed, and what its three witnesses say afterwards.

The lab's Asterisk, SIPp as callers and phones, the real `acd run` with its SQLite store. What was
seen is read from SIPp's message logs, Asterisk's call records and the store's tables; the engine
is asked over HTTP only for what nobody else can know (places, deadlines).
"""

import math
import sqlite3
import struct
import time
import wave
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

import yaml

from bench.site import ROOT, Engine, Launch, from_scratch, write_config
from tests.lab.asterisk import LabAsterisk
from tests.lab.siplog import SipMessage
from tests.lab.sipp import CallRow, SippAgents

QUEUES: Final = ("fault", "billing", "meter", "house_connection", "water", "switchboard")
"""Of the sample configuration, by the keys 1 to 6 of its menu."""
SKILLS: Final = dict(zip(QUEUES, (*QUEUES[:4], "laboratory", "switchboard"), strict=True))
PROMPT_SECONDS: Final = 0.3
RING_TIMEOUT_SECONDS: Final = 15
KINDS: Final = ("waiting_call_adopted", "ring_adopted", "talk_adopted")
UNWRITTEN_SECONDS: Final = 0.5
"""What an engine has heard, but not yet written down, when it is killed: a commit or two."""


def short_prompts(directory: Path) -> Path:
    """Write a short tone in place of each prompt of the sample menus."""
    sound = [int(6000 * math.sin(0.35 * n)) for n in range(round(8000 * PROMPT_SECONDS))]
    for spoken in (ROOT / "prompts").rglob("*.wav"):
        path = directory / spoken.relative_to(ROOT / "prompts")
        path.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, 8000, len(sound), "NONE", ""))
            file.writeframes(struct.pack(f"<{len(sound)}h", *sound))
    return directory


class Place(NamedTuple):
    """Where a caller waits or is rung for, and since when."""

    queue: object
    queued_at: float
    due_at: float


class Site:
    """A lab, its configuration, and the engine of the moment; made once for a file of tests."""

    def __init__(
        self,
        lab: LabAsterisk,
        directory: Path,
        agents: Mapping[str, str],
        wrap_up_seconds: Mapping[str, float] | None = None,
    ) -> None:
        """agents: to the one queue each serves, "" for all. wrap_up_seconds: 0 if not named."""
        self.lab = lab
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        listed = [
            {"id": agent, "name": agent, "phone": f"PJSIP/{agent}"}
            | {"skills": {SKILLS[each]: 1 for each in ([queue] if queue else QUEUES)}}
            for agent, queue in agents.items()
        ]
        self.config = write_config(directory, lab, agents=listed)
        queues = {
            queue: {
                "label": {"de": queue, "en": queue},
                "needs": {SKILLS[queue]: 1},
                "target_seconds": 20,
                "ring_timeout_seconds": RING_TIMEOUT_SECONDS,
                "wrap_up_seconds": (wrap_up_seconds or {}).get(queue, 0),
                "voicemail": {"longest_seconds": 60},
            }
            for queue in QUEUES
        }
        (self.config / "queues.yaml").write_text(yaml.safe_dump(queues))
        self.engine: Engine
        self.repaired = Counter[str]()
        """What all engines that were killed have counted as repaired, by kind."""
        self.outages: list[tuple[float, float]] = []
        """From an engine's last moment to when the next one was live."""
        self._away_from: float | None = None

    def start(self, launch: Launch = from_scratch) -> Engine:
        """Start the next engine; it is live when this returns."""
        self.engine = Engine(self.config, self.directory, launch)
        if self._away_from is not None:
            self.outages.append((self._away_from, time.time()))
            self._away_from = None
        return self.engine

    def kill(self) -> None:
        """SIGKILL."""
        self._away_from = time.time()
        self.engine.kill()
        self.note_repairs()

    def stop(self) -> int:
        """SIGTERM; return the exit status."""
        self._away_from = time.time()
        status = self.engine.stop()
        self.note_repairs()
        return status

    def note_repairs(self) -> None:
        """Count what the engine's log says of repairs, before the next one's takes its place."""
        text = (self.directory / "acd.log").read_text()
        self.repaired.update({kind: text.count(f"kind={kind}") for kind in KINDS})

    def log_in(self, *agents: str) -> None:
        """Each at his own phone, over HTTP."""
        for agent in agents:
            self.engine.post(f"/api/v1/agents/{agent}/login")

    def listed(self, what: str) -> list[dict[str, object]]:
        """All `calls` or `agents`, as the engine's API tells them."""
        answer = self.engine.get(f"/api/v1/{what}")
        assert isinstance(answer, dict)
        found: list[dict[str, object]] = answer[what]
        return found

    def states(self) -> Counter[str]:
        """How many calls are in which state of which queue, as `fault queued`."""
        return Counter(f"{call['queue']} {call['state']}" for call in self.listed("calls"))

    def places(self) -> dict[str, Place]:
        """Everybody in a queue, by number."""
        return {
            str(call["ani"]): Place(
                call["queue"],
                float(str(call["queued_at"])),
                float(str(call["due_at"])),
            )
            for call in self.listed("calls")
            if call["state"] in ("queued", "ringing")
        }

    def wrap_up_ends(self) -> dict[str, float]:
        """The deadline of each agent who is in wrap-up."""
        return {
            str(agent["agent"]): float(str(agent["wrap_up_ends_at"]))
            for agent in self.listed("agents")
            if agent["activity"] == "wrap_up"
        }


# -- what the phones saw ---------------------------------------------------------------------------


class Leg(NamedTuple):
    """One INVITE at an agent's phone and what came of it; None: not (yet)."""

    agent: str
    number: str
    rung_at: float
    talk_from: float | None
    ended_at: float | None
    ended_by_agent: bool


def legs(phones: SippAgents) -> list[Leg]:
    """Every ring at every phone, in order."""
    by_call: dict[str, list[SipMessage]] = {}
    for message in phones.messages():
        if message.method != "OPTIONS":
            by_call.setdefault(message.call_id, []).append(message)
    return [_leg(messages) for messages in by_call.values()]


def _leg(messages: Sequence[SipMessage]) -> Leg:
    first = messages[0]
    talk_from = ended_at = None
    by_agent = False
    for message in messages:
        if message.method == "INVITE" and message.sent and message.status >= 200:
            if message.status == 200:
                talk_from = talk_from or message.at
            else:
                ended_at = ended_at or message.at
        elif message.kind == "BYE" and ended_at is None:
            ended_at, by_agent = message.at, message.sent
    return Leg(first.to_number, first.from_number, first.at, talk_from, ended_at, by_agent)


def doubled(found: Sequence[Leg]) -> list[str]:
    """Say who had two legs at once: an agent, or a caller; empty when nobody had."""
    wrong = []
    for who in ("agent", "number"):
        by_who: dict[str, list[Leg]] = {}
        for leg in found:
            by_who.setdefault(getattr(leg, who), []).append(leg)
        for name, his in by_who.items():
            for one, following in pairwise(sorted(his, key=lambda leg: leg.rung_at)):
                # A leg is over for the PBX a little before the phone has its last word.
                if one.ended_at is None or following.rung_at < one.ended_at - 0.02:
                    wrong.append(f"{who} {name}: {one} and {following}")
    return wrong


# -- the three witnesses ---------------------------------------------------------------------------


class Booked(NamedTuple):
    """A call's final record, from the store's table."""

    ani: str
    outcome: str
    option: str
    queue: str | None
    agent: str | None
    arrived_at: float
    queued_at: float | None
    answered_at: float | None
    talk_ended_at: float | None


def booked(site: Site) -> list[Booked]:
    """Every final record there is."""
    with closing(sqlite3.connect(site.directory / "var" / "acd.db")) as books:
        columns = ", ".join(Booked._fields)
        return [Booked(*row) for row in books.execute(f"SELECT {columns} FROM ended_calls")]


def cdr_seconds(lab: LabAsterisk) -> Counter[str]:
    """How long each caller's call has lasted from its answer on, by number."""
    seconds = Counter[str]()
    for row in lab.cdr_rows():
        if row.channel.startswith("PJSIP/trunk-"):
            seconds[row.src] += row.talk_seconds
    return seconds


def disagreements(site: Site, callers: Sequence[CallRow], phones: SippAgents) -> list[str]:
    """Say where SIPp, Asterisk's records and ours differ about these callers, who all talked.

    Each has been answered by one agent, once, who hung up; each has one record with each witness.
    Ours says `unseen` of a talk of which no engine was there to hear, and of no other. Where the
    ring for it was not yet written down either, that he gave up is all that ours can say.
    """
    numbers = [row.call.number for row in callers]
    talks = Counter(leg.number for leg in legs(phones) if leg.talk_from and leg.ended_by_agent)
    channels = Counter(number for number, _ in {
        (row.src, row.uniqueid)
        for row in site.lab.cdr_rows()
        if row.channel.startswith("PJSIP/trunk-")
    })  # fmt: skip
    records = Counter(record.ani for record in booked(site))
    excused = {leg.number: _excuses(leg, site.outages) for leg in legs(phones) if leg.talk_from}
    answered = Counter(
        record.ani
        for record in booked(site)
        if record.outcome == "answered" or record.outcome in excused.get(record.ani, ())
    )
    wrong = doubled(legs(phones))
    for row in callers:
        if row.answered_at is None or row.hung_up_by != "pbx":
            wrong.append(f"{row.call.number} was dropped or left alone")
    for name, witness in (
        ("talks at the phones", talks),
        ("channels in Asterisk's records", channels),
        ("final records", records),
        ("final records that say answered", answered),
    ):
        wrong += [f"{witness[n]} {name} of {n}" for n in numbers if witness[n] != 1]
    amiss = [n for n in numbers if answered[n] != 1]
    wrong += [f"{record}" for record in booked(site) if record.ani in amiss]
    wrong += [f"{leg}" for leg in legs(phones) if leg.number in amiss]
    return [*wrong, f"outages: {site.outages}"] if amiss else wrong


def _excuses(leg: Leg, outages: Sequence[tuple[float, float]]) -> frozenset[str]:
    """Return what ours may say of him in place of `answered`: his talk was between two engines."""
    if leg.talk_from is None or leg.ended_at is None:
        return frozenset()
    talk_from, ended_at = leg.talk_from, leg.ended_at
    unwritten_from = [
        killed_at - UNWRITTEN_SECONDS
        for killed_at, live_at in outages
        if killed_at - UNWRITTEN_SECONDS < talk_from and ended_at < live_at
    ]
    if not unwritten_from:
        return frozenset()
    gave_up = {"abandoned", "short_abandoned"} if leg.rung_at > min(unwritten_from) else set()
    return frozenset({"unseen", *gave_up})


def of_kind(rows: Sequence[CallRow], prefix: str) -> Iterator[CallRow]:
    """Yield those whose number begins so."""
    return (row for row in rows if row.call.number.startswith(prefix))
