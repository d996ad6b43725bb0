"""The report on agents: how much of their time was work, and what the work was.

Rules: seconds of presence and work count where they were spent, cut at the interval's ends; talks,
and what is an average of them, count where the talk ended. Work beats presence: who is not ready
in the middle of a talk works. One by one agents are shown only where the configuration allows it;
else all of them are one row, called ``all``.
"""

from collections import defaultdict
from typing import Final

from acd.report.asked import ALL, HANDLING, TOTAL, Asked, notes
from acd.report.sheet import Cell, Column, Head, Sheet
from acd.report.sums import AgentSums
from acd.report.times import times
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
    for one in totals.values():
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
    for number, each in enumerate(times(figures, asked.begun(), asked.now)):
        for one in each:
            at = sums[number, one.agent if asked.agents_shown else ALL]
            at.staffed_seconds += one.staffed_seconds
            at.not_ready_seconds += one.not_ready_seconds
            at.work_seconds += one.work_seconds
