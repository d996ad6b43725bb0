"""Surges as they are found: in the store, by the house's clock, told once, with no incident on."""

import asyncio
import io
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from acd.core.ids import CallId, IncidentId, Language, PromptId, QueueId
from acd.core.incident import Clip, Incident
from acd.core.memory import QueueVisit
from acd.core.records import IncidentView, Snapshot
from acd.core.surge import Surge, SurgeRule
from acd.errors import StoreAwayError
from acd.log import open_log
from acd.store.inmemory import InMemoryStore
from acd.store.port import Store
from acd.surges import Board, look, same_hours, watch
from tests.store.samples import ended

FAULT = QueueId("fault")
BERLIN = SurgeRule(time_zone="Europe/Berlin", weeks=3, least_calls=5)
WEEK = 7 * 86_400.0
NOW = 1_800_000_000.0


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin")).timestamp()


def store_with(*arrivals: float) -> InMemoryStore:
    """A store with callers for the fault service who overflowed in the end."""
    store = InMemoryStore()
    for number, came in enumerate(arrivals):
        path = (QueueVisit(FAULT, came), QueueVisit(QueueId("switchboard"), came + 10))
        one = ended(number, came + 60, arrived_at=came, queue=path[1].queue, queue_path=path)
        store.write([msgspec.structs.replace(one, call=CallId(f"main-{number}"))])
    return store


def burst(now: float, calls: int) -> list[float]:
    """That many callers within the last minutes, and a little of a past."""
    return [now - 3 * WEEK - 7200, *(now - 300.0 - number for number in range(calls))]


def snapshot(now: float, *incidents: Incident) -> Snapshot:
    views = tuple(IncidentView(one, True, False) for one in incidents)
    return Snapshot(now, (), (), (), incidents=views)


def test_a_surge_is_found_of_the_queue_callers_came_for() -> None:
    assert look(store_with(*burst(NOW, 5)), snapshot(NOW), BERLIN) == (Surge(FAULT, 5, 0.0),)
    assert look(store_with(*burst(NOW, 4)), snapshot(NOW), BERLIN) == ()
    assert look(InMemoryStore(), snapshot(NOW), BERLIN) == ()


def test_what_is_usual_at_this_hour_is_none() -> None:
    usual = [NOW - week * WEEK - 300.0 - n for week in (1, 2, 3) for n in range(20)]
    assert look(store_with(*usual, *burst(NOW, 8)), snapshot(NOW), BERLIN) == ()


def test_weeks_before_the_first_call_are_not_a_quiet_past() -> None:
    young = store_with(NOW - WEEK, *burst(NOW, 9)[1:])
    assert look(young, snapshot(NOW), BERLIN) == ()


def test_what_an_incident_tells_already_is_not_suggested() -> None:
    clip = Clip(Language("de"), PromptId("incident/a"), 5.0)
    known = Incident(id=IncidentId("a"), queues=(FAULT,), text=(clip,))
    assert look(store_with(*burst(NOW, 9)), snapshot(NOW, known), BERLIN) == ()


@pytest.mark.parametrize(
    ("now", "begin"),
    [
        ("2026-11-23 10:00", "2026-11-16 09:22:30"),
        # The clocks went back on 25 October and forward on 29 March: it is the same hour by them.
        ("2026-10-28 10:00", "2026-10-21 09:22:30"),
        ("2026-03-31 10:00", "2026-03-24 09:22:30"),
        ("2027-01-05 00:10", "2026-12-28 23:32:30"),
    ],
)
def test_the_same_hour_is_that_of_the_houses_clock(now: str, begin: str) -> None:
    hours = same_hours(at(now), BERLIN)
    assert hours[0] == at(begin)
    assert len(hours) == BERLIN.weeks


async def test_it_is_told_once_and_a_store_that_is_away_is_told_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("acd.surges.EVERY_SECONDS", 0.0)
    stream, board, looks = io.StringIO(), Board(), 0
    log, writer = open_log("text", lambda: NOW, stream=stream)
    store, enough = store_with(*burst(NOW, 9)), asyncio.Event()

    class Engine:
        def snapshot(self) -> Snapshot:
            nonlocal looks
            looks += 1
            if looks == 4:
                enough.set()
            return snapshot(NOW + looks)

    away = iter([True, True])

    def open_store() -> Store:
        if next(away, False):
            raise StoreAwayError("the database is away")
        return store

    watching = asyncio.create_task(watch(open_store, Engine(), lambda: BERLIN, board, log))
    async with asyncio.timeout(10):
        await enough.wait()
    watching.cancel()
    writer.close()
    assert board.surges == (Surge(FAULT, 9, 0.0),)
    lines = stream.getvalue().splitlines()
    assert [line.split()[2] for line in lines] == ["surges_not_watched", "surge"]
    assert "queue=fault calls=9" in lines[1]
