"""Opening hours made calendars: time zones, weekdays, public holidays and special days.

Rules: hours belong to the day on which they begin, with all that goes past midnight, so a holiday
takes away its own night and leaves the rest of the one before. ``always`` is built in. The tables
reach from the year before ``today`` to ten years after it; there is no clock here. The package of
holidays is imported only when somebody names some, and of its countries only that one.
This module must not know what anybody does with a calendar.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from itertools import pairwise
from typing import TYPE_CHECKING, cast
from zoneinfo import ZoneInfo, available_timezones

from acd.config.explain import did_you_mean, one_of
from acd.config.schema import WEEKDAYS, HoursEntry
from acd.config.source import Key, Source
from acd.core.calendar import ALWAYS, DAY_MINUTES, DAY_SECONDS, Calendar, Interval

if TYPE_CHECKING:
    from holidays import HolidayBase

ALWAYS_NAME = "always"
"""The calendar that nobody has to write."""

WEEK_SECONDS = 7 * DAY_SECONDS

Hours = tuple[Interval, ...]
"""What begins on one day, in order; a minute from 1440 on is on the day after."""


def compile_hours(
    entries: Mapping[str, HoursEntry | None], source: Source, today: date
) -> Mapping[str, Calendar]:
    """Make a calendar of each entry of ``hours.yaml``, besides the one that is built in.

    ``source`` is the file, which gets the problems; what has some must not be used. ``today`` says
    for which years, in any time zone.
    """
    years = range(today.year - 1, today.year + 11)
    calendars = {ALWAYS_NAME: ALWAYS}
    for name, entry in entries.items():
        if name == ALWAYS_NAME:
            what = f'"{name}" is built in: day and night'
            source.blame((name,), what, "remove it, or give these hours another name", key=True)
        elif entry is not None:
            calendars[name] = _calendar(source, name, entry, years)
    return calendars


def _calendar(source: Source, name: str, entry: HoursEntry, years: range) -> Calendar:
    zone = find_zone(source, (name, "time_zone"), entry.time_zone)
    by_weekday = _weekly(source, (name, "weekly"), entry.weekly)
    differing: dict[int, Hours] = {}
    if entry.holidays is not None:
        found = _public_holidays(source, (name, "holidays"), entry.holidays, years)
        differing.update(dict.fromkeys(found, ()))
    differing.update(_special_days(source, (name, "special_days"), entry.special_days))

    weekly = tuple(_whole_day(by_weekday[day - 1], by_weekday[day]) for day in range(7))
    days: dict[int, Hours] = {}
    # What differs also changes the morning after, when hours go past midnight.
    for day in sorted(differing.keys() | {day + 1 for day in differing}):
        before, own = (differing.get(at, by_weekday[(at - 1) % 7]) for at in (day - 1, day))
        held = _whole_day(before, own)
        if held != weekly[(day - 1) % 7]:
            days[day] = held
    return Calendar(offsets=_offsets(zone, years), weekly=weekly, days=days)


# -- hours and days ------------------------------------------------------------------------------


def _weekly(source: Source, path: tuple[Key, ...], weekly: Mapping[str, str]) -> list[Hours]:
    """Return what begins on each weekday."""
    found: dict[int, tuple[str, Hours]] = {}
    for key, text in weekly.items():
        hours = _hours(source, (*path, key), text)
        again = [weekday for weekday in _weekdays(key) if weekday in found]
        if again:
            first = source.place(*path, found[again[0]][0], key=True)[0]
            what = f'"{key}" names {", ".join(WEEKDAYS[weekday] for weekday in again)} again'
            source.blame((*path, key), what, f"first in line {first}: keep one", key=True)
        found.update((weekday, (key, hours)) for weekday in _weekdays(key) if weekday not in found)
    by_weekday = [found[weekday][1] if weekday in found else () for weekday in range(7)]
    for weekday, (key, hours) in found.items():
        after = (weekday + 1) % 7
        if hours and by_weekday[after] and hours[-1][1] - DAY_MINUTES > by_weekday[after][0][0]:
            names = f'"{WEEKDAYS[weekday]}" overlaps "{WEEKDAYS[after]}"'
            begins = _clock(by_weekday[after][0][0] + DAY_MINUTES)
            source.blame((*path, key), f"{names} after midnight", f"end it by {begins}")
    return by_weekday


def _weekdays(key: str) -> list[int]:
    """Return the weekdays that ``mon`` or ``mon-thu`` names, from 0 for Monday."""
    first, _, last = key.partition("-")
    start = WEEKDAYS.index(first)
    count = (WEEKDAYS.index(last or first) - start) % 7
    return [(start + step) % 7 for step in range(count + 1)]


def _special_days(
    source: Source, path: tuple[Key, ...], special_days: Mapping[str, str]
) -> dict[int, Hours]:
    found = {}
    for key, text in special_days.items():
        hours = _hours(source, (*path, key), text)
        try:
            found[date.fromisoformat(key).toordinal()] = hours
        except ValueError:
            what = f'there is no day "{key}"'
            source.blame((*path, key), what, "a date is year, month, day: 2026-12-24", key=True)
    return found


def _hours(source: Source, path: tuple[Key, ...], text: str) -> Hours:
    """Read ``closed`` or ``07:30-12:00, 13:00-17:00``, the shape of which is known to be right."""
    if text == "closed":
        return ()
    found = []
    for part in text.split(","):
        start, end = (_minutes(clock) for clock in part.split("-"))
        shown = f'"{part.strip()}"'
        if start >= DAY_MINUTES:
            source.blame(path, f"{shown} begins on another day", "begin it before 24:00")
        elif end <= start:
            what = f"{shown} does not end after it begins"
            hint = f"{_clock(start)}-{_clock(end + DAY_MINUTES)}"
            source.blame(path, what, f"if it ends on the next day, write {hint}")
        elif end > 2 * DAY_MINUTES:
            what = f"{shown} is longer than to the end of the next day"
            source.blame(path, what, "at most 48:00")
        else:
            found.append((start, end))
    found.sort()
    for (start, end), (following, last) in pairwise(found):
        if following < end:
            first = f'"{_clock(start)}-{_clock(end)}"'
            what = f'{first} and "{_clock(following)}-{_clock(last)}" overlap'
            source.blame(path, what, "let one end before the other begins")
    return tuple(found)


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _whole_day(before: Hours, own: Hours) -> Hours:
    """Return a date's intervals: what is left of the day ``before``, and what begins on it."""
    left = [(0, end - DAY_MINUTES) for _, end in before if end > DAY_MINUTES]
    joined: list[Interval] = []
    for start, end in sorted([*left, *((start, min(end, DAY_MINUTES)) for start, end in own)]):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return tuple(joined)


# -- time zones ----------------------------------------------------------------------------------


def find_zone(source: Source, path: tuple[Key, ...], name: str) -> ZoneInfo | None:
    """Return the time zone ``name``; blame ``path`` and return None when there is no such."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # Not there, not a name, a folder of zones.
        known = sorted(available_timezones())
    if known:
        what = f'unknown time zone "{name}"{did_you_mean(name, known)}'
        source.blame(path, what, "write it as the tz database does, for example Europe/Berlin")
    else:
        what = "this machine has no time zones"
        source.blame(path, what, "install the system's package tzdata")
    return None


@cache
def _offsets(zone: ZoneInfo | None, years: range) -> tuple[tuple[float, int], ...]:
    """Return each UTC offset of ``years`` in seconds with the moment from which it counts.

    No zone changes twice within a week: even those that suspend summer time do it for a month.
    """
    if zone is None:
        return ALWAYS.offsets
    begin, end = (
        int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (years.start, years.stop)
    )
    found = [(float(begin), _offset(zone, begin))]
    for week in range(begin, end, WEEK_SECONDS):
        before, after = week, week + WEEK_SECONDS
        offset = _offset(zone, after)
        if offset == found[-1][1]:
            continue
        while after - before > 1:
            middle = (before + after) // 2
            if _offset(zone, middle) == offset:
                after = middle
            else:
                before = middle
        found.append((float(after), offset))
    return tuple(found)


def _offset(zone: ZoneInfo, moment: int) -> int:
    offset = datetime.fromtimestamp(moment, zone).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


# -- public holidays -----------------------------------------------------------------------------


def _public_holidays(
    source: Source, path: tuple[Key, ...], place: str, years: Iterable[int]
) -> list[int]:
    """Return the public holidays of ``DE`` or ``DE-BE`` as ordinals."""
    code, _, state = place.partition("-")
    country = _country(code)
    if country is None:
        what = f'no holidays are known of a country "{code}"'
        source.blame(path, what, "write its code of ISO 3166, with or without a state: DE, DE-BE")
        return []
    states: Sequence[str] = country.subdivisions
    if state and state not in states:
        what = f'"{code}" has no state "{state}" with holidays of its own'
        source.blame(path, what, one_of([code, *(f"{code}-{known}" for known in states)]))
        return []
    return [day.toordinal() for day in country(subdiv=state or None, years=years)]


def _country(code: str) -> "type[HolidayBase] | None":
    """Return the class that knows a country's holidays, None when there is none."""
    import holidays
    from holidays.registry import EntityLoader

    loader = getattr(holidays, code, None)
    if not isinstance(loader, EntityLoader):
        return None
    _import_alone(loader.module_name)
    return cast("type[HolidayBase]", loader.get_entity())


def _import_alone(country_module: str) -> None:
    """Import ``holidays.countries.germany`` without the package around it.

    The package imports all 250 countries, which costs 90 ms and 7 MB. If it is built otherwise
    one day, nothing is imported here and the loader goes the long way.
    """
    package = country_module.rpartition(".")[0]
    spec = find_spec(package)
    if package in sys.modules or spec is None:
        return
    sys.modules[package] = module_from_spec(spec)
    try:
        import_module(country_module)
    except ImportError:
        pass
    finally:
        del sys.modules[package]
