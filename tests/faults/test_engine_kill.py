"""The engine is killed with SIGKILL on the real Asterisk: rows 1 to 6 of the matrix.

Rows 1 to 5 look at one house full of people, in menus, waiting, rung for, in talks and in wrap-up,
whose engine is killed KILLS times and started from scratch by turns. Row 6 kills engines at random
moments of a running load, also before they have begun to work. Together that is 50 kills;
ACD_SOAK_KILLS asks for another number of those of row 6.
"""

import os
import random
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.faults.killing import (
    PROMPT_SECONDS,
    QUEUES,
    Booked,
    Leg,
    Place,
    Site,
    booked,
    cdr_seconds,
    disagreements,
    doubled,
    legs,
    of_kind,
    short_prompts,
)
from tests.faults.ledger import Ledger
from tests.faults.nursery import Nursery
from tests.lab.asterisk import LabAsterisk, LabUnavailableError
from tests.lab.rtp import Key, Packet, RtpRecorder, largest_gap_seconds
from tests.lab.sipp import CALLERS_ADDRESS, Call, CallRow, Phone, SippAgents, SippCallers, stop_all
from tests.scenarios.world import until

pytestmark = pytest.mark.asterisk

KILLS: Final = 5
AWAY_SECONDS: Final = 0.2
"""After which systemd starts the next one (RestartSec in acd.service)."""

CROWD: Final[dict[str, list[str]]] = {
    "fault": [str(1001 + n) for n in range(6)],
    "billing": ["1051"],
    "meter": [str(1011 + n) for n in range(4)],
    "house_connection": [str(1021 + n) for n in range(3)],
    "water": [str(1031 + n) for n in range(6)],
    "switchboard": [str(1041 + n) for n in range(6)],
}
AGENTS: Final = {agent: queue for queue, agents in CROWD.items() for agent in agents}
PHONES: Final[dict[str, Phone]] = {
    **dict.fromkeys(CROWD["fault"], Phone(talk_seconds=10)),
    **dict.fromkeys(CROWD["billing"], Phone(talk_seconds=0.6)),
    **dict.fromkeys(CROWD["meter"], Phone(ring_seconds=7, talk_seconds=3)),
    **dict.fromkeys(CROWD["house_connection"], Phone(talk_seconds=0.5)),
    **dict.fromkeys(CROWD["water"], Phone(talk_seconds=2.5)),
    **{agent: Phone(talk_seconds=2.5 + 0.2 * n) for n, agent in enumerate(CROWD["switchboard"])},
}
"""Whoever is answered and let go between the last thing that was written down and the next engine
is not known to have talked, so nobody talks for less than two seconds while engines die. Nobody
at all talks for less than the 0.4 s that acd-ring may wait for the end of a caller's round."""
WRAP_UP_SECONDS: Final = 20.0
CALLERS: Final = {"fault": 6, "billing": 12, "meter": 4, "house_connection": 6, "switchboard": 40}
WITH_EARS: Final = 4
"""Who wait and have recorded what they hear."""
MUSIC: Final = "0800559998"
"""A number at which Asterisk plays music to one more caller, who is no business of acd."""
MUSIC_EXTENSION: Final = (
    f"[acd-inbound](+)\nexten => {MUSIC},1,Answer(,i)\n same => n,MusicOnHold()\n"
)
IN_MENU: Final = 6
"""Callers who come to the menu before each kill."""
PRESSES_AT: Final = (3.5, 4.5, 5.5, 6.5, 7.5)
"""When a caller in the menu presses his key, again and again, after the answer."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabAsterisk]:
    """A lab with everybody's phones, and prompts of a third of a second."""
    prompts = short_prompts(tmp_path_factory.mktemp("prompts"))
    try:
        started = LabAsterisk.start(
            tmp_path_factory.mktemp("lab"),
            AGENTS,
            prompts=prompts,
            extra={"extensions.conf": MUSIC_EXTENSION},
        )
    except LabUnavailableError as reason:
        pytest.skip(f"no lab Asterisk: {reason}")
    with started:
        yield started


@dataclass
class Kill:
    """One kill: when, what was known before and after, and who heard what in the menu."""

    killed_at: float
    started_at: float
    ready_at: float
    first_ring_at: float
    before: dict[str, Place]
    after: dict[str, Place]
    heard: list[list[Packet]] = field(default_factory=list)


class WrapUps(NamedTuple):
    """The deadline of each agent who was in wrap-up, asked for not later than at that time."""

    until: float
    ends: dict[str, float]


@dataclass
class House:
    """What was seen of everybody until the last had left."""

    kills: list[Kill]
    callers: list[CallRow]
    legs: list[Leg]
    booked: dict[str, Booked]
    music: list[list[Packet]]
    wrong: list[str]
    wrap_up_ends: list[WrapUps]
    cdr_seconds: Counter[str]
    repaired: dict[str, int]
    left: int

    def first_rings_ms(self) -> list[float]:
        return [(kill.first_ring_at - kill.started_at) * 1000 for kill in self.kills]


class Filled:
    """The house while people are in it."""

    def __init__(self, site: Site, stack: ExitStack) -> None:
        self.site = site
        self.phones = stack.enter_context(SippAgents(site.lab, PHONES, site.directory / "phones"))
        self.batches: list[SippCallers] = []
        self.music = [RtpRecorder(CALLERS_ADDRESS) for _ in range(WITH_EARS + 1)]
        self.rng = random.Random(6)
        self.wrap_up_ends: list[WrapUps] = []

    def call(self, name: str, calls: list[Call], per_second: float) -> SippCallers:
        batch = SippCallers(self.site.lab, calls, self.site.directory / name, per_second=per_second)
        self.batches.append(batch)
        return batch

    def fill(self) -> None:
        other = Call("0309000000", dnis=MUSIC, media_port=self.music[-1].port)
        SippCallers(self.site.lab, [other], self.site.directory / "music")
        self.site.log_in(*(agent for agent, queue in AGENTS.items() if queue != "billing"))
        for key, queue in enumerate(QUEUES, start=1):
            ears = [ear.port for ear in self.music[:-1]] if queue == "billing" else []
            calls = [
                Call(
                    f"03010{key}{number:03d}",
                    keys=(Key(str(key), 0.3),),
                    keys_by="info",
                    media_port=ears[number] if number < len(ears) else None,
                )
                for number in range(CALLERS.get(queue, 0))
            ]
            if calls:
                self.call(queue, calls, 25)
        until(self._settled, 15, "everybody in his place")
        self._note_wrap_ups()

    def _note_wrap_ups(self) -> None:
        ends = self.site.wrap_up_ends()
        self.wrap_up_ends.append(WrapUps(time.time(), ends))

    def _settled(self) -> bool:
        states = self.site.states()
        return (
            states["fault connected"] == CALLERS["fault"]
            and states["billing queued"] == CALLERS["billing"]
            and states["meter ringing"] == CALLERS["meter"]
            and states["house_connection queued"] == 3
            and len(self.site.wrap_up_ends()) == 3
            and sum(states.values()) >= sum(CALLERS.values()) - 8
        )

    def kill(self, number: int) -> Kill:
        """Let some come to the menu, kill it in their midst, start the next."""
        ears = [RtpRecorder(CALLERS_ADDRESS) for _ in range(IN_MENU)]
        keys = tuple(Key("5", at) for at in PRESSES_AT)
        calls = [
            Call(f"03020{number}{n:03d}", keys=keys, keys_by="info", media_port=ear.port)
            for n, ear in enumerate(ears)
        ]
        batch = self.call(f"menu-{number}", calls, 50)
        until(lambda: all(row.answered_at for row in batch.rows()), 15, "callers in the menu")
        time.sleep(self.rng.uniform(0, 1.5))
        before = self.site.places()
        killed_at = time.time()
        self.site.kill()
        time.sleep(AWAY_SECONDS)
        engine = self.site.start()
        ready_at = engine.started_at + engine.live_seconds
        after = self.site.places()
        self._note_wrap_ups()
        ring_at = until(lambda: self._ring_since(engine.started_at), 15, "a new ring")
        heard = [ear.packets for ear in ears]
        return Kill(killed_at, engine.started_at, ready_at, ring_at, before, after, heard)

    def _ring_since(self, at: float) -> float | None:
        return min((ring.at for ring in self.phones.rings() if ring.at >= at), default=None)

    def empty(self) -> list[CallRow]:
        """Let those come who serve the others; return every caller's row when all have left."""
        self.site.log_in(*CROWD["billing"])
        rows = [row for batch in self.batches for row in batch.wait(60)]
        self.site.lab.hang_up_all()
        return rows


@pytest.fixture(scope="module")
def house(lab: LabAsterisk, tmp_path_factory: pytest.TempPathFactory) -> House:
    """The house, from its filling to its last caller's end."""
    wrap_ups = {"house_connection": WRAP_UP_SECONDS}
    site = Site(lab, tmp_path_factory.mktemp("house"), AGENTS, wrap_ups)
    with ExitStack() as stack:
        site.start()
        stack.callback(lambda: site.engine.stop())
        filled = Filled(site, stack)
        filled.fill()
        kills = [filled.kill(number) for number in range(KILLS)]
        callers = filled.empty()
        lab.wait_until_idle()
        until(lambda: len(booked(site)) >= len(callers), 5, "every record")
        site.note_repairs()
        seen = House(
            kills,
            callers,
            legs(filled.phones),
            {record.ani: record for record in booked(site)},
            [ear.packets for ear in filled.music],
            disagreements(site, callers, filled.phones),
            filled.wrap_up_ends,
            cdr_seconds(lab),
            dict(site.repaired),
            lab.current_calls(),
        )
    stop_all(lab)
    return seen


def test_row_01_callers_in_menus_are_asked_again(house: House, ledger: Ledger) -> None:
    """The question comes soon after the start, and the key then pressed counts."""
    waits, late, asked = [], 0, 0
    for kill in house.kills:
        # What the PBX was still playing ends by itself; it is silent before it is told again.
        until_silent = kill.killed_at + 3 * PROMPT_SECONDS
        for packets in kill.heard:
            again = [each.received_at for each in packets if each.received_at > until_silent]
            asked += 1
            if again:
                waits.append(again[0] - kill.started_at)
                # A busy machine starts slowly; with the callers it must not be slower than that.
                late += again[0] - kill.ready_at > max(1.0, kill.ready_at - kill.started_at)
    served = [house.booked[row.call.number] for row in of_kind(house.callers, "0302")]
    lost = (
        asked
        - len(waits)
        + sum(
            (record.outcome, record.queue, record.option) != ("answered", "water", "5")
            for record in served
        )
    )
    ledger.saw(1, tries=len(served), lost=lost, first_ring_ms=house.first_rings_ms())
    print(f"asked again after {min(waits):.2f} to {max(waits):.2f} s")
    assert lost == 0, served
    assert len(served) == KILLS * IN_MENU
    assert late == 0


def test_row_02_callers_who_wait_keep_music_place_and_clock(house: House, ledger: Ledger) -> None:
    lost, waited = [], 0
    for kill in house.kills:
        taken = {leg.number for leg in house.legs if leg.rung_at < kill.ready_at + 1}
        for number, place in kill.before.items():
            kept = kill.after.get(number)
            waited += 1
            if kept != place and not (kept is None and number in taken):
                lost.append(f"{number}: {place} became {kept}")
    order = [leg.number for leg in house.legs if leg.number.startswith("030102")]
    came = sorted(order, key=lambda number: house.booked[number].queued_at or 0)
    lost += [] if order == came else [f"billing was served as {order}, but they came as {came}"]
    ledger.saw(
        2,
        tries=waited,
        lost=len(lost),
        repaired=house.repaired["waiting_call_adopted"],
        first_ring_ms=house.first_rings_ms(),
    )
    assert not lost, "\n".join(lost)
    assert waited > KILLS * CALLERS["billing"]
    first, last = house.kills[0].killed_at, house.kills[-1].ready_at
    heard = [[each for each in music if first < each.received_at < last] for music in house.music]
    *gaps, without_acd = [largest_gap_seconds(packets) for packets in heard]
    print(f"gaps in the music: {_ms(gaps)} ms, without acd {_ms([without_acd])}")
    assert all(packets[-1].received_at > last - 0.5 for packets in heard)
    # A machine with too much to do sends music late, whoever asked for it.
    assert max(gaps) < without_acd + 0.3


def _ms(seconds: Iterable[float]) -> list[int]:
    return [round(each * 1000) for each in seconds]


def test_row_03_phones_that_ring_go_on_and_ring_once(house: House, ledger: Ledger) -> None:
    """Each phone rang before the first kill; the one who answered it had the call."""
    rung = [leg for leg in house.legs if leg.agent in CROWD["meter"]]
    wrong = doubled(house.legs)
    wrong += [f"{leg} was not answered" for leg in rung if leg.talk_from is None]
    through = [
        leg
        for leg in rung
        for kill in house.kills
        if leg.rung_at < kill.killed_at < (leg.talk_from or leg.rung_at)
    ]
    repaired = house.repaired["ring_adopted"]
    ledger.saw(3, tries=len(through), lost=len(wrong), repaired=repaired)
    assert not wrong, "\n".join(wrong)
    assert len(through) >= len(CROWD["meter"])
    assert repaired >= len(CROWD["meter"])
    assert [leg.agent for leg in sorted(rung)] == CROWD["meter"]


def test_row_04_talks_go_on_and_are_booked_to_the_second(house: House, ledger: Ledger) -> None:
    talks = [leg for leg in house.legs if leg.agent in CROWD["fault"]]
    wrong, through = list(house.wrong), 0
    for leg in talks:
        record = house.booked[leg.number]
        assert leg.talk_from
        assert leg.ended_at
        assert record.answered_at
        assert record.talk_ended_at
        # An end that nobody saw is taken down by the next engine.
        away = max(
            (k.ready_at - k.killed_at for k in house.kills if _within(leg.ended_at, k)), default=0.0
        )
        through += sum(leg.talk_from < k.killed_at < leg.ended_at for k in house.kills)
        # Asterisk counts a caller's seconds from his answer, in the menu, to the end of his talk.
        ours, theirs = record.talk_ended_at - record.arrived_at, house.cdr_seconds[leg.number]
        if abs(ours - theirs) > 1 + away or record.agent != leg.agent:
            wrong.append(f"{record} but Asterisk says {theirs} s")
        talked = record.talk_ended_at - record.answered_at
        if abs(talked - (leg.ended_at - leg.talk_from)) > 1 + away:
            wrong.append(f"{record} but the phone says {leg}")
    repaired = house.repaired["talk_adopted"]
    ledger.saw(4, tries=through, lost=len(wrong), repaired=repaired)
    assert not wrong, "\n".join(wrong)
    assert house.left == 0
    assert len(talks) == CALLERS["fault"]
    assert through >= len(talks)


def _within(at: float, kill: Kill) -> bool:
    """Whether what happened then could not be written down."""
    return kill.killed_at - 0.3 <= at <= kill.ready_at


def test_row_05_wrap_up_ends_when_it_would_have_ended(house: House, ledger: Ledger) -> None:
    """Every engine tells the first one's deadline; the phone is silent until then, not after."""
    first, *later = house.wrap_up_ends
    told = [
        (agent, end, noted.ends.get(agent))
        for noted in later
        for agent, end in first.ends.items()
        if end > noted.until  # On a slow machine the last engines come after the wrap-up.
    ]
    wrong = [f"{agent}: {now} after {end}" for agent, end, now in told if now != end]
    for agent in CROWD["house_connection"]:
        (before, after) = (leg for leg in house.legs if leg.agent == agent)
        assert before.ended_at
        silent = after.rung_at - before.ended_at
        due_at = before.ended_at + WRAP_UP_SECONDS
        away = max((k.ready_at - due_at for k in house.kills if _within(due_at, k)), default=0.0)
        if not WRAP_UP_SECONDS - 0.1 < silent < WRAP_UP_SECONDS + away + 0.5:
            wrong.append(f"{agent} was rung {silent:.3f} s after his talk")
    ledger.saw(5, tries=len(told), lost=len(wrong))
    assert not wrong, "\n".join(wrong)
    assert first.ends.keys() == set(CROWD["house_connection"])
    assert len(told) >= 2 * len(first.ends)


# -- row 6 -----------------------------------------------------------------------------------------

RANDOM_KILLS: Final = int(os.environ.get("ACD_SOAK_KILLS", 50 - KILLS))
AT_WORK: Final = [agent for agent, queue in AGENTS.items() if queue in ("fault", "meter")]
LOAD_PER_SECOND: Final = 3


def test_row_06_kills_at_random_moments_of_a_running_load(
    lab: LabAsterisk, tmp_path: Path, ledger: Ledger
) -> None:
    """Whatever it was about, nobody is rung twice, no call has two legs, and all are answered."""
    site = Site(lab, tmp_path, dict.fromkeys(AT_WORK, ""))
    rng = random.Random(66)
    phones = dict.fromkeys(AT_WORK, Phone(ring_seconds=0.2, talk_seconds=2))
    keys = tuple(Key("1", 0.3 + n) for n in range(10))
    seconds = RANDOM_KILLS * 0.55
    calls = [
        Call(f"0306{n:06d}", keys=keys, keys_by="info")
        for n in range(round(seconds * LOAD_PER_SECOND))
    ]
    with (
        Nursery() as nursery,
        SippAgents(lab, phones, tmp_path / "phones") as at_phones,
    ):
        site.start(nursery.launch)
        site.log_in(*AT_WORK)
        give_up = seconds + 60
        load = SippCallers(
            lab, calls, tmp_path / "load", per_second=LOAD_PER_SECOND, give_up_seconds=give_up
        )
        log = tmp_path / "acd.log"
        kills = 0
        while kills < RANDOM_KILLS:
            time.sleep(rng.uniform(0, 0.5))
            site.kill()
            process = nursery.launch(site.config, log)
            time.sleep(rng.uniform(0, 0.6))
            process.kill()
            process.wait()
            kills += 2
            site.start(nursery.launch)
        rows = load.wait(seconds + 90)
        lab.wait_until_idle()
        site.stop()
        wrong = disagreements(site, rows, at_phones)
    repaired = sum(site.repaired.values())
    ledger.saw(6, tries=kills, lost=len(wrong), repaired=repaired)
    assert not wrong, "\n".join(wrong)
    assert lab.current_calls() == 0
