"""Where agents' time went: each second once, and where it was spent."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from acd.core.records import Presence, Record
from acd.report.intervals import Interval
from acd.report.times import times
from acd.store.figures import Figures
from tests.report.booked import ANNA, BERT, ended
from tests.store.fresh import open_fresh
from tests.store.samples import presence, wrap_up, wrap_up_over

WEEK = 7 * 86_400.0
Seconds = tuple[float, float, float]
TENS = tuple(Interval(at, at + 10.0, str(at)) for at in (0.0, 10.0, 20.0))


def spent(
    folder: Path, records: list[Record], now: float = 99.0, of: Sequence[Interval] = TENS
) -> list[dict[str, Seconds]]:
    """Staffed, not ready and at work, by agent, in each ten seconds."""
    store = open_fresh(folder / "acd.db")
    store.write(records)
    try:
        with store.reading() as connection:
            return [
                {
                    one.agent: (one.staffed_seconds, one.not_ready_seconds, one.work_seconds)
                    for one in each
                }
                for each in times(Figures(connection, now), of, now)
            ]
    finally:
        store.close()


def talk(number: int, begin: float, end: float) -> Record:
    return ended(number, at=begin, wait=0.0, talk=end - begin)


def test_a_span_is_cut_where_intervals_end(tmp_path: Path) -> None:
    found = spent(tmp_path, [talk(1, 5.0, 25.0)])
    assert found == [{ANNA: (5, 0, 5)}, {ANNA: (10, 0, 10)}, {ANNA: (5, 0, 5)}]


def test_what_touches_the_range_from_outside_is_cut_off(tmp_path: Path) -> None:
    found = spent(tmp_path, [talk(1, 1.0, 10.0), talk(2, 28.0, 60.0), talk(3, 30.0, 40.0)])
    assert found == [{ANNA: (9, 0, 9)}, {}, {ANNA: (2, 0, 2)}]


@pytest.mark.parametrize(
    ("talks", "seconds"),
    [
        ([(1, 4), (3, 6)], 5),
        ([(1, 9), (3, 6)], 8),
        ([(1, 4), (4, 6)], 5),
        ([(1, 1), (4, 6)], 2),
        ([(1, 4), (1, 4)], 3),
    ],
)
def test_no_second_counts_twice(
    tmp_path: Path, talks: list[tuple[float, float]], seconds: float
) -> None:
    found = spent(tmp_path, [talk(number, *one) for number, one in enumerate(talks)])
    assert found[0] == {ANNA: (seconds, 0, seconds)}


def test_work_beats_presence(tmp_path: Path) -> None:
    records = [
        presence(0.0, Presence.NOT_READY, "break"),
        talk(1, 2.0, 5.0),
        wrap_up(7.0),
        wrap_up_over(8.0),
        presence(9.0, Presence.LOGGED_OUT),
        talk(2, 9.0, 12.0),
        presence(15.0, Presence.READY, who=BERT),
    ]
    found = spent(tmp_path, records, now=18.0)
    assert found == [{ANNA: (10, 5, 5)}, {ANNA: (2, 0, 2), BERT: (3, 0, 0)}, {}]


def test_a_talk_of_months_is_cut_in_each_of_them(tmp_path: Path) -> None:
    """However long a range is, some weeks of it are read at once."""
    weeks = [Interval(at * WEEK, (at + 1) * WEEK, str(at)) for at in range(12)]
    found = spent(tmp_path, [talk(1, 1.5 * WEEK, 10.5 * WEEK)], 12 * WEEK, weeks)
    work = [each[ANNA][2] / WEEK if each else 0.0 for each in found]
    assert work == [0, 0.5, *[1] * 8, 0.5, 0]
