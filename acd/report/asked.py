"""What a report is about, and what all three have in common.

Rules: what an interval does not hold yet is said in a note, never left to be guessed.
"""

from collections.abc import Iterable
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from acd.core.plan import Plan
from acd.report.intervals import Interval, name_of
from acd.report.sheet import Column
from acd.report.sums import Handling
from acd.retention import DAY_SECONDS
from acd.store.figures import Figures

TOTAL: Final = "total"
ALL: Final = "all"


class Asked(msgspec.Struct, frozen=True):
    """What somebody wants to know."""

    intervals: tuple[Interval, ...]
    """At least one."""
    plan: Plan
    zone: str
    """The name of the time zone."""
    now: float
    within_seconds: float | None = None
    """T of every queue, instead of its own."""
    records_days: int | None = None
    """For how many days records are kept; None: for ever."""
    agents_shown: bool = False
    """Whether agents may be shown one by one."""

    @property
    def begin(self) -> float:
        """When the first interval begins."""
        return self.intervals[0].begin

    @property
    def end(self) -> float:
        """When the last one ends."""
        return self.intervals[-1].end

    @property
    def range(self) -> str:
        """From when to when, in words."""
        first, last = self.intervals[0].name, self.intervals[-1].name
        if len(first) > len("2026-11-01"):
            zone = ZoneInfo(self.zone)
            return f"{name_of(self.begin, zone)} to {name_of(self.end, zone)}"
        return f"{first} to {last}" if first != last else first

    def begun(self) -> list[Interval]:
        """The intervals that have begun; what has not happened has no row."""
        return [one for one in self.intervals if one.begin <= self.now]


HANDLING: Final[tuple[Column[Handling], ...]] = (
    Column("handled", "handled", "count", lambda one: one.handled, "talks that ended"),
    Column("average_talk_seconds", "ATT s", "seconds", Handling.average_talk_seconds,
           "talk without hold / handled", detail=True),
    Column("average_hold_seconds", "hold s", "seconds", Handling.average_hold_seconds,
           "hold / handled", detail=True),
    Column("average_wrap_up_seconds", "wrap-up s", "seconds", Handling.average_wrap_up_seconds,
           "wrap-up / handled", detail=True),
    Column("average_handle_seconds", "AHT s", "seconds", Handling.average_handle_seconds,
           "(talk + hold + wrap-up) / handled"),
)  # fmt: skip
"""What both queues and agents have."""


def notes(figures: Figures, asked: Asked, counted: int) -> Iterable[str]:
    """What a reader must know before he believes the figures."""
    yield f"Times are those of {asked.zone}."
    days = asked.records_days
    if days is not None and asked.begin < asked.now - days * DAY_SECONDS:
        yield f"Records are kept for {days} days: of what is older calls may be missing here."
    if not counted:
        yield "Nothing was counted in this range."
    if asked.begin <= asked.now and (living := figures.living_count(min(asked.end, asked.now))):
        calls = "1 call is" if living == 1 else f"{living} calls are"
        yield f"{calls} not over and not counted yet: the last rows will change."
    elif asked.end > asked.now:
        yield "The range is not over: the last rows will change."
