"""What is kept of a day is what its rows come to, whatever happens to them."""

import random
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from acd.core.ids import AgentId, CallId
from acd.core.records import (
    Outcome,
    Presence,
    Record,
)
from acd.report.agents import agent_report
from acd.report.asked import Asked
from acd.report.intervals import make_intervals
from acd.report.menus import menu_report
from acd.report.queues import queue_report
from acd.report.sheet import Sheet
from acd.retention import Kind
from acd.store.daysums import DaySums, keep
from acd.store.figures import Figures
from acd.store.sql import SqlStore
from tests.report.booked import ANNA, BERLIN, BERT, BILLING, EIGHT, NIGHT, SUPPORT, ended, plan
from tests.store import samples
from tests.store.fresh import open_fresh

DAY = 86_400.0
DAYS = 4
END = NIGHT + DAYS * DAY
KINDS = 8
"""Of sums in these three."""
TOPICS = (queue_report, agent_report, menu_report)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    made = open_fresh(tmp_path / "acd.db")
    yield made
    made.close()


def asked(now: float) -> Asked:
    intervals = make_intervals(NIGHT, END, "day", BERLIN)
    return Asked(intervals, plan(BILLING, SUPPORT), BERLIN.key, now, agents_shown=True)


def reports(store: SqlStore, now: float) -> list[Sheet]:
    """All three, with what is kept; and what they added up is kept."""
    sheets = []
    for make in TOPICS:
        with store.reading() as connection, store.reading() as beside:
            figures = Figures(connection, now, beside)
            sheets.append(make(figures, asked(now)))
        keep(store, figures.fresh, pause=lambda seconds: None)
    return sheets


def from_rows(store: SqlStore, now: float) -> list[Sheet]:
    """All three, when nothing is kept."""
    with store.reading() as connection:
        connection.exec_driver_sql("DELETE FROM day_sums")
        sheets = [make(Figures(connection, now), asked(now)) for make in TOPICS]
        connection.rollback()
    return sheets


def kept(store: SqlStore) -> int:
    with store.reading() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM day_sums").scalar_one())


def stays(store: SqlStore, day: int) -> tuple[int, bool]:
    """How many entered on a day, and whether that was kept."""
    with store.reading() as connection:
        figures = Figures(connection, END)
        begin = NIGHT + day * DAY
        count = sum(one.count for one in figures.stays(begin, begin + DAY, (20.0,)))
        return count, not figures.fresh


def test_a_day_is_added_up_once(store: SqlStore) -> None:
    store.write([ended(1), ended(2, at=EIGHT + DAY)])
    first = reports(store, END)
    with store.reading() as connection:
        figures = Figures(connection, END)
        assert [make(figures, asked(END)) for make in TOPICS] == first
        assert figures.fresh == []
    assert kept(store) == DAYS * KINDS


def test_a_day_that_is_not_over_is_not_kept(store: SqlStore) -> None:
    store.write([ended(1, at=EIGHT + DAY)])
    reports(store, NIGHT + 1.5 * DAY)
    assert kept(store) == KINDS


def test_one_who_is_written_late_is_counted(store: SqlStore) -> None:
    store.write([ended(1), ended(2, at=EIGHT + 2 * DAY)])
    reports(store, END)
    store.write([ended(3)])
    assert stays(store, 0) == (2, False)
    assert stays(store, 2) == (1, True), "only the days that it concerns are added up anew"


def test_who_writes_past_acd_is_noticed(store: SqlStore, tmp_path: Path) -> None:
    store.write([ended(1), ended(2)])
    reports(store, END)
    with sqlite3.connect(tmp_path / "acd.db") as connection:
        connection.execute("DELETE FROM queue_visits WHERE call = 'main-1'")
        connection.execute("UPDATE ended_calls SET outcome = 'abandoned' WHERE call = 'main-2'")
    assert stays(store, 0) == (1, False)
    assert reports(store, END) == from_rows(store, END)


def test_nothing_is_kept_of_a_day_whose_records_are_deleted(store: SqlStore) -> None:
    store.write([ended(1), ended(2, at=EIGHT + DAY)])
    reports(store, END)
    store.forget(Kind.RECORDS, [(CallId("main-1"),)])
    assert kept(store) == (DAYS - 1) * KINDS
    assert stays(store, 0) == (0, False)


def test_what_was_read_before_a_change_is_not_kept_after_it(store: SqlStore) -> None:
    store.write([ended(1)])
    with store.reading() as connection:
        figures = Figures(connection, END)
        queue_report(figures, asked(END))
        store.write([ended(2)])
    keep(store, figures.fresh, pause=lambda seconds: None)
    assert stays(store, 0) == (2, False)
    assert stays(store, 1) == (0, True)


def test_a_caller_who_is_forgotten_changes_no_sum(store: SqlStore) -> None:
    store.write([ended(1)])
    reports(store, END)
    store.erase([CallId("main-1")], [], END)
    store.forget(Kind.NUMBERS, [(CallId("main-1"),)])
    assert stays(store, 0) == (1, True)


def test_sums_that_are_no_numbers_are_not_kept(store: SqlStore) -> None:
    with store.reading() as connection:
        days = DaySums(connection, END)
        days.note("x", NIGHT, NIGHT + DAY, [("a", float("inf"))])
        days.note("y", NIGHT, NIGHT + DAY, [("a", 0.1 + 0.2, 3)])
        assert [one.kind for one in days.fresh] == ["y"]


def test_a_whole_year_is_kept_in_small_transactions(store: SqlStore) -> None:
    with store.reading() as connection:
        days = DaySums(connection, END)
        for day in range(9):
            days.note("x", NIGHT - day * DAY, NIGHT - (day - 1) * DAY, [("a" * 90_000,)])
    pauses: list[float] = []
    keep(store, days.fresh, pause=pauses.append)
    assert (len(pauses), kept(store)) == (3, 9)


class Life:
    """Things that happen to a store at random, in no order of time."""

    def __init__(self, store: SqlStore, seed: int) -> None:
        self.store = store
        self.chance = random.Random(seed)
        self.calls = 0
        self.ways: list[Callable[[], None]] = [
            self.call, self.call, self.call, self.wrap_up, self.wrap_up_ends, self.presence,
            self.presence, self.deletion,
        ]  # fmt: skip

    def at(self) -> float:
        return NIGHT + self.chance.uniform(-0.2, DAYS + 0.2) * DAY

    def who(self) -> AgentId:
        return self.chance.choice([ANNA, BERT])

    def write(self, *records: Record) -> None:
        self.store.write([*records])

    def call(self) -> None:
        self.calls += 1
        self.write(
            ended(
                self.calls,
                at=self.at(),
                queue=self.chance.choice([BILLING, SUPPORT]),
                talk=self.chance.choice([None, 30.0, 5 * 3600.0, 60 * 3600.0]),
                how=Outcome.ANSWERED,
                agent=self.who(),
                missed=[self.who()],
            )
        )

    def wrap_up(self) -> None:
        self.write(samples.wrap_up(self.at(), self.who()))

    def wrap_up_ends(self) -> None:
        self.write(samples.wrap_up_over(self.at(), who=self.who()))

    def presence(self) -> None:
        said = self.chance.choice([*Presence])
        self.write(samples.presence(self.at(), said, "break", self.who()))

    def deletion(self) -> None:
        kinds = [Kind.RECORDS, Kind.SESSIONS, Kind.NOT_READY, Kind.WRAP_UPS]
        kind = self.chance.choice(kinds)
        keys = self.store.due(kind, self.at(), 3)
        self.store.forget(kind, keys)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_the_sums_are_those_of_the_rows(store: SqlStore, seed: int) -> None:
    life = Life(store, seed)
    for _ in range(15):
        for _ in range(life.chance.randrange(1, 4)):
            life.chance.choice(life.ways)()
        now = NIGHT + life.chance.uniform(0.5, DAYS + 1.0) * DAY
        assert reports(store, now) == from_rows(store, now), f"seed {seed}"
    assert kept(store)
