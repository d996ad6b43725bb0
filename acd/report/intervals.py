"""The intervals of a report: from when to when, in whose time, and what each is called.

Rules: a day runs from one local midnight to the next, so it has 23 or 25 hours where the clock is
changed; shorter intervals are counted from midnight in time that passes, so none is missing and
none comes twice, and the hour that the wall clock shows twice has its offset in its name.
It must not know what is counted.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from acd.errors import OperatorError

LENGTHS: Final = {"15m": 900, "30m": 1800, "1h": 3600, "day": None}
"""What ``--interval`` may say, in seconds."""

MOST: Final = 40_000
"""Intervals of one report: a year of quarters of an hour has 35,040."""

_HOW: Final = 'write a day, "2026-11-01", or a time of it, "2026-11-01T08:00"'


class Interval(msgspec.Struct, frozen=True):
    """From ``begin`` up to, and without, ``end``, in seconds since the epoch."""

    begin: float
    end: float
    name: str
    """Its beginning on the wall clock: ``2026-11-01 08:00+01:00``, of a day ``2026-11-01``."""


def read_range(since: str, until: str, zone: ZoneInfo, now: float) -> tuple[float, float]:
    """Return from when to when is meant, in seconds since the epoch; today without either.

    A day as ``until`` is part of it, a time is not. Raises OperatorError.
    """
    today = datetime.fromtimestamp(now, UTC).astimezone(zone).date()
    begin = _moment("--from", since, zone, last=False) if since else _midnight(today, zone)
    if until:
        end = _moment("--to", until, zone, last=True)
    else:
        end = _midnight(_day_of(begin, zone, today) + timedelta(days=1), zone)
    if end <= begin:
        what = f"the range from {name_of(begin, zone)} to {name_of(end, zone)} is empty"
        raise OperatorError(f"{what}: --to must be later than --from")
    return begin, end


def make_intervals(begin: float, end: float, length: str, zone: ZoneInfo) -> tuple[Interval, ...]:
    """Cut the range at what the wall clock says; its first and last may be shorter.

    Raises OperatorError when they are too many, or ``length`` is no word of ``LENGTHS``.
    """
    if length not in LENGTHS:
        raise OperatorError(f"--interval {length!r}: write {', '.join(LENGTHS)}")
    seconds = LENGTHS[length]
    if (end - begin) / (seconds or 86_400) > MOST:
        most = f"more than {MOST:,} intervals; take a longer --interval or a shorter range"
        raise OperatorError(f"from {name_of(begin, zone)} to {name_of(end, zone)} there are {most}")
    found: list[Interval] = []
    day = datetime.fromtimestamp(begin, UTC).astimezone(zone).date()
    while (midnight := _midnight(day, zone)) < end:
        day += timedelta(days=1)
        following = _midnight(day, zone)
        step = seconds or following - midnight
        at = midnight
        while at < following:
            cut = min(at + step, following)
            if cut > begin and at < end:
                name = name_of(at, zone) if seconds else name_of(at, zone)[:10]
                found.append(Interval(max(at, begin), min(cut, end), name))
            at = cut
    return tuple(found)


def _moment(option: str, text: str, zone: ZoneInfo, *, last: bool) -> float:
    """A day's midnight, with ``last`` its end; or a time, without an offset on the wall clock."""
    try:
        if len(text) == len("2026-11-01"):
            day = date.fromisoformat(text)
            return _midnight(day + timedelta(days=1) if last else day, zone)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise OperatorError(f"{option} {text!r} is no time: {_HOW}") from None
    if moment.tzinfo is not None:
        return moment.timestamp()
    local = moment.replace(tzinfo=zone)
    if local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != moment:
        what = f"the clock of {zone.key} is put forward then, and never shows it"
        raise OperatorError(f"{option} {text!r} is no time: {what}")
    if local.utcoffset() != local.replace(fold=1).utcoffset():
        both = " or ".join(local.replace(fold=fold).isoformat() for fold in (0, 1))
        raise OperatorError(f"{option} {text!r} comes twice in {zone.key}: write {both}")
    return local.timestamp()


def _midnight(day: date, zone: ZoneInfo) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()


def _day_of(begin: float, zone: ZoneInfo, today: date) -> date:
    day = datetime.fromtimestamp(begin, UTC).astimezone(zone).date()
    return max(day, today)


def name_of(at: float, zone: ZoneInfo) -> str:
    """Return a moment as the wall clock shows it, with its offset, which makes it the only one."""
    moment = datetime.fromtimestamp(at, UTC).astimezone(zone)
    return moment.isoformat(" ", "minutes")
