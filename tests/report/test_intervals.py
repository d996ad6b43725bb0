"""Days of 23 and 25 hours, and what is no time at all."""

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from acd.errors import OperatorError
from acd.report.intervals import LENGTHS, MOST, Interval, make_intervals, read_range

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 23, 10, tzinfo=BERLIN).timestamp()


def intervals(since: str, until: str, length: str, zone: ZoneInfo = BERLIN) -> tuple[Interval, ...]:
    return make_intervals(*read_range(since, until, zone, NOW), length, zone)


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-07-01", 24)]
)
def test_a_day_has_the_hours_that_pass_in_it(day: str, hours: int) -> None:
    [whole] = intervals(day, day, "day")
    assert whole.end - whole.begin == hours * 3600
    assert len(intervals(day, day, "1h")) == hours
    assert len(intervals(day, day, "30m")) == 2 * hours
    assert len(intervals(day, day, "15m")) == 4 * hours


def test_the_hour_that_comes_twice_has_two_names_and_the_one_that_is_left_out_has_none() -> None:
    autumn = [one.name for one in intervals("2026-10-25", "2026-10-25", "1h")]
    assert autumn[1:5] == [
        "2026-10-25 01:00+02:00",
        "2026-10-25 02:00+02:00",
        "2026-10-25 02:00+01:00",
        "2026-10-25 03:00+01:00",
    ]
    spring = [one.name for one in intervals("2026-03-29", "2026-03-29", "1h")]
    assert spring[1:3] == ["2026-03-29 01:00+01:00", "2026-03-29 03:00+02:00"]


@pytest.mark.slow
@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "Australia/Lord_Howe", "America/Havana", "Asia/Kathmandu", "UTC"]
)
def test_intervals_follow_each_other_and_no_name_comes_twice(zone: str, length: str) -> None:
    """Lord Howe moves by half an hour, Havana at midnight."""
    found = intervals("2026-02-25", "2026-11-05", length, ZoneInfo(zone))
    assert all(one.end == other.begin for one, other in pairwise(found))
    assert len({one.name for one in found}) == len(found)
    begin, end = read_range("2026-02-25", "2026-11-05", ZoneInfo(zone), NOW)
    assert (found[0].begin, found[-1].end) == (begin, end)


def test_a_range_that_begins_in_an_hour_keeps_the_hours_of_the_clock() -> None:
    found = intervals("2026-11-02T08:10", "2026-11-02T10:00", "1h")
    assert [one.end - one.begin for one in found] == [50 * 60, 3600]
    assert [one.name[11:16] for one in found] == ["08:00", "09:00"]


def test_without_a_range_it_is_today() -> None:
    [today] = intervals("", "", "day")
    assert today.name == "2026-11-23"
    assert len(intervals("2026-11-20", "", "day")) == 4


@pytest.mark.parametrize(
    ("since", "until", "why"),
    [
        ("2026-11-02", "2026-11-01", "is empty"),
        ("2026-11-02T08:00", "2026-11-02T08:00", "is empty"),
        ("soon", "", "is no time"),
        ("2026-02-30", "", "is no time"),
        ("2026-11-02T25:00", "", "is no time"),
        ("2026-03-29T02:30", "", "never shows it"),
        ("2026-10-25T02:30", "", "02:30:00\\+02:00 or 2026-10-25T02:30:00\\+01:00"),
        ("9999-12-31", "9999-12-31", "is no time"),
    ],
)
def test_what_is_no_range_is_told(since: str, until: str, why: str) -> None:
    with pytest.raises(OperatorError, match=why):
        read_range(since, until, BERLIN, NOW)


def test_a_time_that_comes_twice_can_be_said_with_its_offset() -> None:
    begin, _ = read_range("2026-10-25T02:30+01:00", "", BERLIN, NOW)
    assert datetime.fromtimestamp(begin, UTC).isoformat() == "2026-10-25T01:30:00+00:00"


def test_too_many_intervals_are_refused_before_they_are_made() -> None:
    with pytest.raises(OperatorError, match=f"{MOST:,} intervals"):
        intervals("1970-01-01", "2026-01-01", "15m")
