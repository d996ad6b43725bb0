"""The report on agents: how much of their time was work, and what the work was.

Rules: seconds of presence and work count where they were spent, cut at the interval's ends; talks,
and what is an average of them, count where the talk ended. Work beats presence: who is not ready
in the middle of a talk works. One by one agents are shown only where the configuration allows it;
else all of them are one row, called ``all``.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from acd.report.asked import ALL, HANDLING, TOTAL, Asked, notes
from acd.report.intervals import Cutting
from acd.report.sheet import Cell, Column, Head, Sheet
from acd.report.sums import AgentSums
from acd.store.figures import Figures

_AGENT: Final[tuple[Column[AgentSums], ...]] = (
    Column("staffed_seconds", "staffed s", "seconds", lambda one: one.staffed_seconds,
           "logged in, or at work for a call"),
    Column("not_ready_seconds", "not ready s", "seconds", lambda one: one.not_ready_seconds,
           "not ready and not at work"),
    Column("work_seconds", "work s", "seconds", lambda one: one.work_seconds,
           "talk, hold and wrap-up"),
    Column("occupancy", "occupancy", "share", AgentSums.occupancy,
           "work / (staffed - not ready)"),
    Column("utilisation", "utilisation", "share", AgentSums.utilisation, "work / staffed"),
    Column("rings_unanswered", "RONA", "count", AgentSums.unanswered,
           "rings that ran out unanswered"),
)  # fmt: skip

Sums = dict[tuple[int, str], AgentSums]
"""By number of the interval and agent."""


def agent_report(figures: Figures, asked: Asked) -> Sheet:
    """Each agent, or all together, in each interval."""
    intervals = asked.begun()
    sums: Sums = defaultdict(AgentSums)
    _count_calls(figures, asked, sums)
    if intervals:
        _count_time(figures, asked, sums)
    agents = sorted({agent for _, agent in sums}) if asked.agents_shown else [ALL]
    columns: tuple[Column[AgentSums], ...] = (*_AGENT, *HANDLING)

    def row(name: str, agent: str, one: AgentSums) -> tuple[Cell, ...]:
        return (name, agent, *(column.cell(one) for column in columns))

    totals, whole = {agent: AgentSums() for agent in agents}, AgentSums()
    together = [AgentSums() for _ in intervals]
    for (number, agent), one in sums.items():
        totals[agent].add(one)
        together[number].add(one)
        whole.add(one)
    none = AgentSums()
    more = () if asked.agents_shown else (
        "Figures of single agents are off: see `reporting` in acd.yaml.",
    )  # fmt: skip
    return Sheet(
        "Agents",
        asked.range,
        (
            Head("interval", "interval", "text"),
            Head("agent", "agent", "text"),
            *(one.heading for one in columns),
        ),
        tuple(
            row(interval.name, agent, sums.get((number, agent), none))
            for number, interval in enumerate(intervals)
            for agent in agents
        ),
        (
            *(row(TOTAL, agent, totals[agent]) for agent in agents if agent != ALL),
            row(TOTAL, ALL, whole),
        ),
        tuple(
            (interval.name, row(interval.name, ALL, one))
            for interval, one in zip(intervals, together, strict=True)
        ),
        (*notes(figures, asked, whole.handled + round(whole.staffed_seconds)), *more),
    )


def _count_calls(figures: Figures, asked: Asked, sums: Sums) -> None:
    def of(number: int, agent: str) -> AgentSums:
        return sums[number, agent if asked.agents_shown else ALL]

    for number, interval in enumerate(asked.begun()):
        for talks in figures.handled(interval.begin, interval.end, "agent"):
            of(number, talks.whose).count_talks(talks)
        for missed in figures.missed(interval.begin, interval.end):
            of(number, missed.agent).count_missed(missed)
        for wrapped in figures.wrapped_up(interval.begin, interval.end, "agent"):
            of(number, wrapped.whose).count_wrap_ups(wrapped)


def _count_time(figures: Figures, asked: Asked, sums: Sums) -> None:
    cutting = Cutting(asked.begun())
    begin, end = asked.begin, min(asked.end, asked.now)
    spans: dict[str, dict[str, array[float]]] = defaultdict(lambda: defaultdict(_floats))
    for span in figures.spans(begin, end):
        spans[span.agent][span.kind].extend((max(span.begin, begin), min(span.end, end)))
    for agent, kinds in spans.items():
        work = [*_joined(kinds["talk"], kinds["wrap_up"])]
        flat = array("d", (at for one in work for at in one))
        staffed = _joined(kinds["session"], flat)
        pauses = _without(_joined(kinds["not_ready"]), work)
        who = agent if asked.agents_shown else ALL
        for name, times in (
            ("staffed_seconds", staffed),
            ("work_seconds", work),
            ("not_ready_seconds", pauses),
        ):
            for one in times:
                for number, seconds in cutting.cut(*one):
                    at = sums[number, who]
                    setattr(at, name, getattr(at, name) + seconds)


def _floats() -> "array[float]":
    return array("d")


def _joined(*flat: "array[float]") -> Iterator[tuple[float, float]]:
    """Spans, given as their ends one after the other, in order and none over another."""
    spans = sorted((one[place], one[place + 1]) for one in flat for place in range(0, len(one), 2))
    last: tuple[float, float] | None = None
    for begin, end in spans:
        if last is not None and begin <= last[1]:
            last = (last[0], max(last[1], end))
        elif begin < end:
            if last is not None:
                yield last
            last = (begin, end)
    if last is not None:
        yield last


def _without(
    spans: Iterable[tuple[float, float]], others: list[tuple[float, float]]
) -> Iterator[tuple[float, float]]:
    """What is left of spans when others are taken out; both in order and apart."""
    place = 0
    for begin, end in spans:
        while place < len(others) and others[place][1] <= begin:
            place += 1
        at = place
        while at < len(others) and others[at][0] < end:
            if begin < others[at][0]:
                yield begin, others[at][0]
            begin = max(begin, others[at][1])
            at += 1
        if begin < end:
            yield begin, end
