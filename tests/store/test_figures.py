"""The sums of a store are the same in every database."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from acd.core.ids import CallId, QueueId
from acd.core.records import CallEnded, Outcome
from acd.retention import Kind
from acd.store.figures import Chosen, Figures, Handled, Missed, Stays, WrappedUp
from acd.store.opening import open_store
from acd.store.sql import SqlStore
from tests.report.booked import ANNA, BERT, BILLING, EIGHT, SUPPORT, ended
from tests.store import samples
from tests.store.fresh import open_fresh
from tests.store.postgres import Postgres

_names = count()
NOW = EIGHT + 7200.0


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    if request.param == "sqlite":
        made = open_fresh(tmp_path / "acd.db")
    else:
        server: Postgres = request.getfixturevalue("postgres")
        made = open_store(server.new_database(f"figures_{next(_names)}"))
    yield made
    made.close()


def test_what_is_written_is_summed(store: SqlStore) -> None:
    store.write(
        [
            ended(1, wait=10, talk=100, hold=30, missed=[BERT]),
            ended(2, wait=30, talk=50),
            ended(3, wait=2, talk=None, how=Outcome.SHORT_ABANDONED, queue=SUPPORT),
            samples.wrap_up(EIGHT + 110),
            samples.wrap_up_over(EIGHT + 130),
            samples.living(4, at=EIGHT),
        ]
    )
    with store.reading() as connection:
        figures = Figures(connection, NOW)
        at = (EIGHT - 5.0, EIGHT + 3600.0)
        assert sorted(figures.stays(*at, (10.0, 20.0)), key=lambda one: one.queue) == [
            Stays(BILLING, "answered", 2, 40.0, 30.0, (1, 1)),
            Stays(SUPPORT, "short_abandoned", 1, 2.0, 2.0, (1, 1)),
        ]
        assert list(figures.handled(*at, "queue")) == [Handled(BILLING, 2, 150.0, 30.0)]
        assert list(figures.handled(*at, "agent")) == [Handled(ANNA, 2, 150.0, 30.0)]
        assert list(figures.missed(*at)) == [Missed(BERT, "no_answer", 1)]
        assert list(figures.wrapped_up(*at, "queue")) == [WrappedUp(BILLING, 1, 20.0)]
        assert sorted(figures.chosen(*at), key=lambda one: one.outcome) == [
            Chosen(("main:1",), "answered", 2),
            Chosen(("main:1",), "short_abandoned", 1),
        ]
        [(agent, spans)] = figures.spans(*at).items()
        assert agent == ANNA
        assert sorted(spans.talks) == [EIGHT + at for at in (10.0, 30.0, 80.0, 110.0)]
        assert [*spans.wrap_ups] == [EIGHT + 110.0, EIGHT + 130.0]
        assert figures.living_count(NOW) == 1
        found: list[CallEnded] = list(figures.calls(*at))
        assert [call.call for call in found] == [CallId(f"main-{number}") for number in (1, 2, 3)]


def test_a_record_that_is_deleted_is_in_no_sum(store: SqlStore) -> None:
    store.write([ended(1), ended(2, at=EIGHT + 1.0)])
    store.forget(Kind.RECORDS, [(CallId("main-1"),)])
    with store.reading() as connection:
        figures = Figures(connection, NOW)
        assert [one.count for one in figures.stays(EIGHT - 60.0, NOW)] == [1]
        assert [one.count for one in figures.handled(EIGHT - 60.0, NOW, "queue")] == [1]
    store.forget(Kind.RECORDS, [(CallId("main-1"),), (CallId("main-2"),)])
    with store.reading() as connection:
        assert list(Figures(connection, NOW).stays(EIGHT - 60.0, NOW)) == []


def test_an_end_is_not_part_of_an_interval(store: SqlStore) -> None:
    store.write([ended(1), ended(2, at=EIGHT + 900.0, queue=QueueId("other"))])
    with store.reading() as connection:
        figures = Figures(connection, NOW)
        assert [one.queue for one in figures.stays(EIGHT, EIGHT + 900.0)] == [BILLING]
        assert [one.queue for one in figures.stays(EIGHT + 900.0, NOW)] == ["other"]
        assert list(figures.stays(NOW, NOW + 900.0)) == []
