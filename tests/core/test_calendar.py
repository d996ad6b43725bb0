"""A calendar beside a naive reading of the same hours with the standard library's time zones."""

from datetime import UTC, date, datetime
from math import inf, nextafter
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from acd.core.calendar import ALWAYS, Calendar, Interval

BERLIN = ZoneInfo("Europe/Berlin")
CLOSED: tuple[Interval, ...] = ()
WHOLE: tuple[Interval, ...] = ((0, 1440),)
NEVER = (CLOSED,) * 7
OFFICE = (((450, 1020),),) * 4 + (((450, 780),), CLOSED, CLOSED)


def utc(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def berlin(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


SPRING = utc("2026-03-29T01:00")
AUTUMN = utc("2026-10-25T01:00")
OFFSETS = ((utc("2025-10-26T01:00"), 3600), (SPRING, 7200), (AUTUMN, 3600))


def calendar(
    weekly: tuple[tuple[Interval, ...], ...] = NEVER,
    days: dict[str, tuple[Interval, ...]] | None = None,
) -> Calendar:
    """Berlin's hours in 2026."""
    by_ordinal = {date.fromisoformat(day).toordinal(): held for day, held in (days or {}).items()}
    return Calendar(offsets=OFFSETS, weekly=weekly, days=by_ordinal)


def naive_open(held: Calendar, now: float) -> bool:
    local = datetime.fromtimestamp(now, BERLIN)
    by_weekday = held.weekly[local.weekday()]
    intervals = held.days.get(local.date().toordinal(), by_weekday)
    return any(start <= local.hour * 60 + local.minute < end for start, end in intervals)


def changes(held: Calendar, since: str, count: int) -> list[str]:
    """The next changes in local time, written with the offset that tells a repeated hour."""
    now: float | None = berlin(since)
    found = []
    for _ in range(count):
        assert now is not None
        now = held.next_change(now)
        found.append("never" if now is None else str(datetime.fromtimestamp(now, BERLIN)))
    return found


# -- beside the naive reading --------------------------------------------------------------------

EDGES = st.lists(st.integers(0, 1440), unique=True, max_size=8).map(sorted)
INTERVALS = EDGES.map(lambda edges: tuple(zip(edges[::2], edges[1::2], strict=False)))
DAYS = st.one_of(INTERVALS, st.just(CLOSED), st.just(WHOLE))
YEAR = st.floats(utc("2026-01-01T00:00"), utc("2026-12-01T00:00"))
NEAR_A_SHIFT = st.builds(
    lambda shift, seconds: shift + seconds,
    st.sampled_from([SPRING, AUTUMN]),
    st.floats(-90_000, 90_000),
)
MOMENTS = st.one_of(YEAR, NEAR_A_SHIFT)
CALENDARS = st.builds(
    Calendar,
    offsets=st.just(OFFSETS),
    weekly=st.tuples(*[DAYS] * 7),
    days=st.dictionaries(
        st.one_of(
            st.integers(date(2026, 1, 1).toordinal(), date(2026, 12, 31).toordinal()),
            st.sampled_from([date(2026, 3, 29).toordinal(), date(2026, 10, 25).toordinal()]),
        ),
        DAYS,
        max_size=4,
    ),
)


@pytest.mark.slow
@settings(deadline=None)
@given(CALENDARS, MOMENTS)
def test_open_is_what_the_wall_clock_in_berlin_says(held: Calendar, now: float) -> None:
    assert held.is_open(now) == naive_open(held, now)


@pytest.mark.slow
@settings(deadline=None)
@given(CALENDARS, MOMENTS)
@example(calendar((((120, 180),),) * 7), SPRING - 60)
@example(calendar((((120, 180),),) * 7), AUTUMN - 60)
@example(calendar((WHOLE,) * 7), AUTUMN)
def test_the_next_change_is_the_first_one(held: Calendar, now: float) -> None:
    """Within three days every minute is looked at; every edge in Berlin is on a whole minute."""
    change = held.next_change(now)
    first = next(
        (
            minute
            for minute in (now // 60 * 60 + 60 * step for step in range(1, 3 * 1440))
            if naive_open(held, minute) != naive_open(held, now)
        ),
        None,
    )
    if first is not None or (change is not None and change < now + 2.9 * 86_400):
        assert change == first


@settings(deadline=None)
@given(CALENDARS, MOMENTS)
def test_a_timer_set_for_the_change_finds_it_done(held: Calendar, now: float) -> None:
    change = held.next_change(now)
    if change is not None:
        assert change > now
        assert held.is_open(change) != held.is_open(now)
        assert held.is_open(nextafter(change, -inf)) == held.is_open(now)


# -- examples ------------------------------------------------------------------------------------


def test_an_office_opens_and_closes() -> None:
    assert changes(calendar(OFFICE), "2026-11-19T12:00", 4) == [
        "2026-11-19 17:00:00+01:00",
        "2026-11-20 07:30:00+01:00",
        "2026-11-20 13:00:00+01:00",
        "2026-11-23 07:30:00+01:00",
    ]


def test_an_interval_belongs_to_its_beginning_and_not_to_its_end() -> None:
    office = calendar(OFFICE)
    assert not office.is_open(berlin("2026-11-19T07:29:59.999"))
    assert office.is_open(berlin("2026-11-19T07:30"))
    assert office.is_open(berlin("2026-11-19T16:59:59.999"))
    assert not office.is_open(berlin("2026-11-19T17:00"))


def test_a_day_of_its_own_replaces_its_weekday() -> None:
    days = {"2026-11-19": CLOSED, "2026-11-21": ((600, 660),)}
    assert changes(calendar(OFFICE, days), "2026-11-18T12:00", 5) == [
        "2026-11-18 17:00:00+01:00",
        "2026-11-20 07:30:00+01:00",
        "2026-11-20 13:00:00+01:00",
        "2026-11-21 10:00:00+01:00",
        "2026-11-21 11:00:00+01:00",
    ]


def test_a_night_in_two_halves_is_one_time() -> None:
    night = ((0, 360), (1320, 1440))
    assert changes(calendar((night,) * 7), "2026-11-19T12:00", 3) == [
        "2026-11-19 22:00:00+01:00",
        "2026-11-20 06:00:00+01:00",
        "2026-11-20 22:00:00+01:00",
    ]


def test_an_interval_that_begins_in_the_skipped_hour_begins_with_the_next() -> None:
    held = calendar(days={"2026-03-29": ((150, 240),)})
    assert changes(held, "2026-03-28T12:00", 2) == [
        "2026-03-29 03:00:00+02:00",
        "2026-03-29 04:00:00+02:00",
    ]


def test_an_interval_inside_the_skipped_hour_never_comes() -> None:
    held = calendar(days={"2026-03-29": ((120, 180),)})
    assert held.next_change(berlin("2026-03-28T12:00")) is None


def test_an_interval_inside_the_repeated_hour_comes_twice() -> None:
    held = calendar(days={"2026-10-25": ((150, 165),)})
    assert changes(held, "2026-10-24T12:00", 5) == [
        "2026-10-25 02:30:00+02:00",
        "2026-10-25 02:45:00+02:00",
        "2026-10-25 02:30:00+01:00",
        "2026-10-25 02:45:00+01:00",
        "never",
    ]


@pytest.mark.parametrize("held", [calendar((WHOLE,) * 7), calendar(), ALWAYS])
def test_what_is_always_or_never_open_never_changes(held: Calendar) -> None:
    for now in (0.0, SPRING - 1, SPRING, AUTUMN, utc("2040-01-01T00:00")):
        assert held.next_change(now) is None
        assert held.is_open(now) is (held.weekly[0] == WHOLE)


def test_a_change_is_looked_for_400_days_ahead() -> None:
    held = calendar(days={"2027-11-01": WHOLE})
    opens = berlin("2027-11-01T00:00")
    assert held.next_change(opens - 400 * 86_400) == opens
    assert held.next_change(opens - 400 * 86_400 - 1) is None


def test_the_first_offset_holds_before_and_the_last_for_ever() -> None:
    held = calendar(OFFICE)
    assert held.local_minute(utc("2001-07-02T12:00"))[1] == 13 * 60
    assert held.local_minute(utc("2050-07-02T12:00"))[1] == 13 * 60


def test_the_local_minute_is_told_with_its_date() -> None:
    held = calendar()
    evening = date(2026, 7, 1).toordinal()
    assert held.local_minute(utc("2026-07-01T21:59:59.9")) == (evening, 1439)
    assert held.local_minute(utc("2026-07-01T22:00")) == (evening + 1, 0)
    assert held.intervals(evening) == CLOSED
