"""Opening hours as arithmetic: is it open at a moment, and when does that change.

Rules: time is local wall time, read from a table of UTC offsets. An hour that the clocks repeat in
autumn is open twice, one that they skip in spring never comes. A moment belongs to the interval
that begins with it and not to the one that ends with it. Nothing is rounded, so a timer set for a
change finds it done.
This module must not know time zones by name, which days are holidays, or how YAML looks.
"""

from bisect import bisect_right
from collections.abc import Mapping
from math import floor, inf
from operator import itemgetter

import msgspec

Interval = tuple[int, int]
"""From this minute of the local day up to, and without, that one; (0, 1440) is the whole day."""

DAY_MINUTES = 1440
DAY_SECONDS = 86_400

EPOCH_ORDINAL = 719_163
"""``date(1970, 1, 1).toordinal()``."""

HORIZON_SECONDS = 400.0 * DAY_SECONDS
"""How far ahead a change is looked for: over a year, so that what happens once a year is found."""


class Calendar(msgspec.Struct, frozen=True, kw_only=True):
    """When something is open. The intervals of a day are in order and do not overlap."""

    offsets: tuple[tuple[float, int], ...]
    """(from this moment in seconds since the epoch, seconds east of UTC), in order, at least one.
    The first also holds before its moment, the last for ever."""
    weekly: tuple[tuple[Interval, ...], ...]
    """For each weekday from Monday on, seven in all."""
    days: Mapping[int, tuple[Interval, ...]]
    """``date.toordinal()`` -> what holds on that date instead; empty is closed all day."""

    def is_open(self, now: float) -> bool:
        """Say whether it is open at ``now``, in seconds since the epoch."""
        day, minute = self.local_minute(now)
        return any(start <= minute < end for start, end in self.intervals(day))

    def next_change(self, now: float) -> float | None:
        """Return the first moment after ``now`` at which ``is_open`` says otherwise than now.

        In seconds since the epoch; None when nothing changes within 400 days.
        """
        if self._is_constant():
            return None
        before = self.is_open(now)
        limit = now + HORIZON_SECONDS
        moment = now
        while True:
            offset, until = self._offset(moment)
            day, second = divmod(floor(moment) + offset, DAY_SECONDS)
            midnight = floor(moment) - second
            edge = _next_edge(self.intervals(day + EPOCH_ORDINAL), second // 60)
            moment = min(float(midnight + edge * 60), until)
            if moment > limit:
                return None
            if self.is_open(moment) is not before:
                return moment

    def local_minute(self, now: float) -> tuple[int, int]:
        """Return the local date (its ``date.toordinal()``) and the minute of that day, 0 to 1439.

        ``now`` is in seconds since the epoch.
        """
        # Whole seconds first: a sum of floats could round up into the next minute.
        day, second = divmod(floor(now) + self._offset(now)[0], DAY_SECONDS)
        return day + EPOCH_ORDINAL, second // 60

    def intervals(self, day: int) -> tuple[Interval, ...]:
        """Return when it is open on the date whose ``date.toordinal()`` is ``day``."""
        own = self.days.get(day)
        return self.weekly[(day - 1) % 7] if own is None else own

    def _is_constant(self) -> bool:
        """Say whether every day is open all day, or every day closed: spares a walk of 400 days."""
        kinds = {*self.weekly, *self.days.values()}
        return kinds in ({()}, {((0, DAY_MINUTES),)})

    def _offset(self, now: float) -> tuple[int, float]:
        """Return the seconds east of UTC at ``now`` and the moment from which others count."""
        after = bisect_right(self.offsets, now, key=itemgetter(0))
        until = self.offsets[after][0] if after < len(self.offsets) else inf
        return self.offsets[max(after - 1, 0)][1], until


def _next_edge(intervals: tuple[Interval, ...], minute: int) -> int:
    """Return the first minute after ``minute`` at which an interval or the day begins or ends."""
    return min((edge for both in intervals for edge in both if edge > minute), default=DAY_MINUTES)


ALWAYS = Calendar(offsets=((0.0, 0),), weekly=(((0, DAY_MINUTES),),) * 7, days={})
"""Open day and night."""
