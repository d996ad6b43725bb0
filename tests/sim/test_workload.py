"""Callers and agents as they behave at a PBX where nobody answers their wishes but this test."""

from collections import Counter
from itertools import pairwise
from random import Random

import pytest

from acd.sim.facts import Fact, Happening
from acd.sim.pbx import Options, VirtualPbx
from acd.sim.workload import Load, Worker, Workload, build_load

START = 1_700_000_000.0
BUSY = Load(
    calls=600,
    staffed=1.0,
    talk_seconds=60.0,
    patience_seconds=60.0,
    early_wrap_up=0.5,
    mischief=0.05,
)


class Town:
    """A PBX with a beating heart and no engine: callers stay in the menu, codes are not heard."""

    def __init__(self, load: Load = BUSY, seed: int = 1) -> None:
        self.facts: list[Fact] = []
        self.asked: list[tuple[str, str, str, str]] = []
        self.written: list[bytes] = []
        self.workers = [Worker(f"10{n:02d}", f"PJSIP/10{n:02d}", "7000") for n in range(1, 21)]
        self.pbx = VirtualPbx(
            seed=seed,
            phones=[*(worker.phone for worker in self.workers), "PJSIP/1901"],
            start=START,
            # Nobody drives the menu, so nobody would put off the dead-man timer either.
            options=Options(stale_after_seconds=1e9, dead_man_seconds=90.0),
            on_fact=self.happened,
        )
        self.workload = Workload(
            self.pbx,
            self.workers,
            ["PJSIP/1901"],
            load,
            Random(seed),
            lambda *wish: self.asked.append(wish),
        )

    def happened(self, fact: Fact) -> None:
        self.facts.append(fact)
        self.workload.happened(fact)

    def live(self, seconds: float) -> "Town":
        self.pbx.action(b"Action: Setvar\r\nVariable: ACD_HEARTBEAT\r\nValue: 1700000000", START)
        self.workload.start(START, seconds)
        self.until(START + seconds)
        return self

    def until(self, end: float) -> None:
        while (due := self.pbx.next_deadline()) is not None and due <= end:
            self.written += self.pbx.advance(due)

    def count(self, kind: Happening) -> int:
        return sum(fact.kind is kind for fact in self.facts)


def test_the_same_seed_makes_the_same_hour() -> None:
    one, other = Town().live(900.0), Town().live(900.0)
    assert one.facts == other.facts
    assert one.asked == other.asked
    assert one.facts != Town(seed=2).live(900.0).facts


def test_as_many_call_as_were_drawn_and_at_all_times() -> None:
    town = Town().live(3600.0)
    arrivals = [fact.at for fact in town.facts if fact.kind is Happening.CALLER_ARRIVED]
    assert len(arrivals) == 600
    quarters = Counter(int((at - START) // 900) for at in arrivals)
    assert all(100 < quarters[quarter] < 200 for quarter in range(4))
    gaps = [later - earlier for earlier, later in pairwise(arrivals)]
    # In a Poisson process 1 - 1/e of the gaps are shorter than the average.
    average = sum(gaps) / len(gaps)
    assert 0.57 < sum(gap < average for gap in gaps) / len(gaps) < 0.69


def test_an_hour_has_its_250_calls_whatever_the_seed() -> None:
    loads = [build_load(Random(seed)) for seed in range(300)]
    assert min(load.calls for load in loads) > 250
    assert max(load.calls for load in loads) > 300
    assert {load.mischief for load in loads} == {0.0, 0.01, 0.05, 0.15}


def test_some_press_right_some_wrong_some_nothing_and_some_too_fast() -> None:
    town = Town().live(3600.0)
    ends: dict[str, list[str]] = {}
    begins = 0
    for message in town.written:
        lines = dict(line.split(": ", 1) for line in message.decode().split("\r\n") if ": " in line)
        if lines.get("Event") == "DTMFEnd":
            ends.setdefault(lines["Uniqueid"], []).append(lines["Digit"])
        begins += lines.get("Event") == "DTMFBegin"
    pressed = {"".join(digits) for digits in ends.values()}
    assert set("123456") <= pressed
    assert any(digits[0] in "078*#" and len(digits) == 2 for digits in pressed)
    assert any(digits.startswith("9") and digits[1:] in ("11", "22", "33") for digits in pressed)
    assert sum(map(len, ends.values())) > begins
    silent = town.count(Happening.CALLER_ARRIVED) - len(ends)
    assert 20 < silent < 120


def test_agents_say_everything_they_can_by_telephone_and_in_the_browser() -> None:
    town = Town().live(3600.0)
    dialled = {fact.detail for fact in town.facts if fact.kind is Happening.CODE_DIALLED}
    assert {"*30", "*31", "*32"} <= dialled
    assert {"*331", "*332"} & dialled
    said = {action for _, action, _, _ in town.asked}
    assert {"login", "logout", "ready", "not-ready"} <= said
    assert all(reason in ("break", "meeting") for _, a, reason, _ in town.asked if a == "not-ready")


@pytest.mark.slow
def test_somebody_moves_to_a_phone_that_is_nobodys_and_comes_back() -> None:
    town = Town().live(10 * 3600.0)
    elsewhere = [wish for wish in town.asked if wish[3] == "PJSIP/1901"]
    by_code = [fact for fact in town.facts if fact.detail == "*35"]
    assert elsewhere
    assert by_code
    assert {fact.phone for fact in by_code} == {"PJSIP/1901"}
    assert [wish for wish in town.asked if wish[3] not in ("", "PJSIP/1901")]


def test_phones_have_calls_of_their_own_and_lose_contact() -> None:
    town = Town().live(3600.0)
    assert town.count(Happening.PHONE_BUSY) > 10
    assert town.count(Happening.PHONE_FREE) > 10
    assert any(b"State: UNAVAILABLE" in message for message in town.written)


def test_an_agent_who_missed_a_call_says_that_he_is_back() -> None:
    town = Town()
    town.workload.happened(
        Fact(START, Happening.RING_ENDED, phone="PJSIP/1001", leg="acd-1", detail="19")
    )
    town.until(START + 1200.0)
    by_code = [fact.detail for fact in town.facts if fact.kind is Happening.CODE_DIALLED]
    assert by_code == ["*32"] or town.asked == [("1001", "ready", "", "")]


def test_when_the_house_closes_everybody_leaves_and_nobody_comes() -> None:
    town = Town().live(1800.0)
    assert any(channel.phone is None for channel in town.pbx.channels.values())
    town.workload.close(START + 1800.0, 30.0)
    arrived = town.count(Happening.CALLER_ARRIVED)
    town.until(START + 1800.0 + 95.0)
    assert not town.pbx.channels
    town.until(START + 3600.0)
    assert town.count(Happening.CALLER_ARRIVED) == arrived
