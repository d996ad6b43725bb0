"""Where agents' time went: seconds of presence and of work in each interval.

Rules: a second counts once and where it was spent, cut at the intervals' ends. Work beats presence:
who is logged out in the middle of a talk is staffed until it is over, and who is not ready in it
works. What was added up of a whole day once is kept (``acd.store.daysums``).
"""

from array import array
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from acd.report.intervals import Interval
from acd.retention import DAY_SECONDS
from acd.store.figures import Figures

_KIND: Final = "times"
_MOST_AT_ONCE_SECONDS: Final = 31 * DAY_SECONDS
"""All spans of so long are in memory at the same time."""

_Spans = list[tuple[float, float]]
"""In order and apart."""


class AgentTime(msgspec.Struct, frozen=True):
    """An agent's seconds in one interval."""

    agent: str
    staffed_seconds: float
    """Logged in, or still at work for a call."""
    not_ready_seconds: float
    """Not ready and not at work for a call."""
    work_seconds: float
    """Talk, hold and wrap-up."""


def times(
    figures: Figures, intervals: Sequence[Interval], now: float
) -> Iterator[Sequence[AgentTime]]:
    """For each interval, all of which follow one another, the agents who had any time in it."""
    missing: list[Interval] = []
    for interval in intervals:
        kept = figures.kept(_KIND, interval.begin, interval.end)
        if missing and (
            kept is not None or interval.end - missing[0].begin > _MOST_AT_ONCE_SECONDS
        ):
            yield from _added_up(figures, missing, now)
            missing = []
        if kept is None:
            missing.append(interval)
        else:
            yield [AgentTime(*row) for row in kept]
    if missing:
        yield from _added_up(figures, missing, now)


def _added_up(figures: Figures, intervals: Sequence[Interval], now: float) -> list[list[AgentTime]]:
    found: list[list[AgentTime]] = [[] for _ in intervals]
    begin, end = intervals[0].begin, min(intervals[-1].end, now)
    ends = [min(one.end, now) for one in intervals]
    for agent, spans in sorted(figures.spans(begin, end).items()):
        work = _joined(spans.talks, spans.wrap_ups)
        staffed = _joined(spans.sessions, array("d", (at for one in work for at in one)))
        not_ready = _without(_joined(spans.not_ready), work)
        each = (_cut(one, begin, ends) for one in (staffed, not_ready, work))
        for number, seconds in enumerate(zip(*each, strict=True)):
            if any(seconds):
                found[number].append(AgentTime(agent, *seconds))
    for interval, rows in zip(intervals, found, strict=True):
        figures.keep(_KIND, interval.begin, interval.end, [*map(msgspec.structs.astuple, rows)])
    return found


def _joined(*flat: "array[float]") -> _Spans:
    """Spans, given as their ends one after the other, joined where they touch."""
    spans: _Spans = []
    for one in flat:
        spans += zip(one[::2], one[1::2], strict=True)
    spans.sort()
    joined: _Spans = []
    first, last = 0.0, 0.0
    for begin, end in spans:
        if begin > last or first == last:
            if first < last:
                joined.append((first, last))
            first, last = begin, max(begin, end)
        elif end > last:
            last = end
    if first < last:
        joined.append((first, last))
    return joined


def _without(spans: _Spans, others: _Spans) -> _Spans:
    """What is left of spans when others are taken out."""
    left: _Spans = []
    place = 0
    for begin, end in spans:
        while place < len(others) and others[place][1] <= begin:
            place += 1
        at = place
        while at < len(others) and others[at][0] < end:
            if begin < others[at][0]:
                left.append((begin, others[at][0]))
            begin = max(begin, others[at][1])
            at += 1
        if begin < end:
            left.append((begin, end))
    return left


def _cut(spans: _Spans, first: float, ends: Sequence[float]) -> list[float]:
    """How much of them lies in each of the intervals that follow one another from ``first`` on."""
    seconds = [0.0] * len(ends)
    number, begin, end = 0, first, ends[0]
    for at, over_at in spans:
        while at >= end:
            number += 1
            if number == len(ends):
                return seconds
            begin, end = end, ends[number]
        at = max(at, begin)
        while over_at > end:
            seconds[number] += end - at
            number += 1
            if number == len(ends):
                return seconds
            at, begin, end = end, end, ends[number]
        if over_at > at:
            seconds[number] += over_at - at
    return seconds
