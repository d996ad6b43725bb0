"""The report on queues: who entered them, how long he waited, and how it ended.

Rules: every interval has a row for every queue of the plan and of the books, so a queue that was
renamed stands under both names. T, the threshold of the service level, is the queue's present
``target_seconds``; of a queue that is no more it is not known, and then neither is its level.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from acd.core.states import Outcome
from acd.report.asked import ALL, HANDLING, TOTAL, Asked, notes
from acd.report.intervals import Interval
from acd.report.sheet import Cell, Column, Head, Sheet
from acd.report.sums import QueueSums
from acd.store.figures import Figures, Stays

_QUEUE: Final[tuple[Column[QueueSums], ...]] = (
    Column("offered", "offered", "count", lambda one: one.offered, "calls that entered the queue"),
    Column("answered", "answered", "count", lambda one: one.answered),
    Column("abandoned", "abandoned", "count", lambda one: one.abandoned,
           "hung up in the queue, short abandons included"),
    Column("short_abandoned", "short", "count", lambda one: one.short_abandoned,
           "hung up before the short threshold"),
    Column("other_outcomes", "other", "count", lambda one: one.others,
           "left by a rule, a key, with a message, or lost", detail=True),
    Column("answered_within", "in T", "count",
           lambda one: None if one.answered_unmeasured else one.answered_within,
           "answered within T", detail=True),
    Column("service_level_e", "SL (E)", "share", QueueSums.service_level_e,
           "service level, variant E: answered within T / (offered - short abandons)"),
    Column("abandonment", "abandonment", "share", QueueSums.abandonment, "abandoned / offered"),
    Column("average_speed_of_answer_seconds", "ASA s", "seconds",
           QueueSums.average_speed_of_answer_seconds, "wait of those answered / answered"),
    Column("average_wait_seconds", "AWT s", "seconds", QueueSums.average_wait_seconds,
           "wait of all / offered"),
    Column("average_time_to_abandon_seconds", "ATA s", "seconds",
           QueueSums.average_time_to_abandon_seconds, "wait of those who hung up / abandoned"),
    Column("longest_wait_seconds", "longest s", "seconds",
           lambda one: one.longest_seconds if one.offered else None, detail=True),
)  # fmt: skip


def queue_report(figures: Figures, asked: Asked) -> Sheet:
    """Each queue in each interval."""
    counting = _Counting(figures, asked)
    counted = counting.count(asked.begun())
    names = counting.names()
    columns: tuple[Column[QueueSums], ...] = (*_QUEUE, *HANDLING)

    def row(name: str, queue: str, limit: float | None, sums: QueueSums) -> tuple[Cell, ...]:
        return (name, queue, limit, *(one.cell(sums) for one in columns))

    def rows(name: str, found: Mapping[str, QueueSums]) -> list[tuple[Cell, ...]]:
        none = QueueSums()
        limits = counting.limits
        return [row(name, one, limits.get(one), found.get(one, none)) for one in names]

    totals, whole, charted = {queue: QueueSums() for queue in names}, QueueSums(), []
    for name, found in counted:
        together = QueueSums()
        for queue, sums in found.items():
            totals[queue].add(sums)
            together.add(sums)
        whole.add(together)
        charted.append((name, row(name, ALL, None, together)))
    common = {counting.limits.get(queue) for queue in names}
    shared = common.pop() if len(common) == 1 else None
    return Sheet(
        "Queues",
        asked.range,
        (
            Head("interval", "interval", "text"),
            Head("queue", "queue", "text"),
            Head("threshold_seconds", "T s", "seconds", "the threshold of the service level"),
            *(one.heading for one in columns),
        ),
        tuple(row for name, found in counted for row in rows(name, found)),
        (*rows(TOTAL, totals), row(TOTAL, ALL, shared, whole)),
        tuple(charted),
        (*notes(figures, asked, whole.offered + whole.handled), *counting.notes()),
    )


class _Counting:
    """Adds up interval after interval."""

    def __init__(self, figures: Figures, asked: Asked) -> None:
        self._figures = figures
        self._planned = sorted(asked.plan.queues)
        self._seen: set[str] = set()
        own = asked.within_seconds
        self.limits: dict[str, float] = {
            queue.id: queue.target_seconds if own is None else own
            for queue in asked.plan.queues.values()
        }
        """T of each queue, as far as it is known."""
        self._own = own
        self._thresholds = tuple(sorted({own} if own is not None else {*self.limits.values()}))
        self._place = {limit: number for number, limit in enumerate(self._thresholds)}

    def names(self) -> list[str]:
        """The queues of the plan, and after them those that only the books know."""
        return [*self._planned, *sorted(self._seen.difference(self._planned))]

    def notes(self) -> Iterable[str]:
        """Why some have no service level."""
        unknown = [queue for queue in self.names() if queue not in self.limits]
        if unknown:
            yield (
                f"Not in the configuration any more, so no T is known: {', '.join(unknown)};"
                " --within says one."
            )

    def count(self, intervals: list[Interval]) -> list[tuple[str, dict[str, QueueSums]]]:
        """The sums of each queue that anything happened in, interval by interval."""
        # Both halves are millions of rows, and a database works for two at once.
        with ThreadPoolExecutor(1, "report") as beside:
            all_stays = beside.submit(self._stays, intervals)
            counted = [(one.name, self._handling(one)) for one in intervals]
            for (_, found), each in zip(counted, all_stays.result(), strict=True):
                for stays in each:
                    self._count_stays(found[stays.queue], stays)
        self._seen = {queue for _, found in counted for queue in found}
        if self._own is not None:
            self.limits.update(dict.fromkeys(self._seen, self._own))
        return [(name, found) for name, found in counted]

    def _stays(self, intervals: list[Interval]) -> list[list[Stays]]:
        return [[*self._figures.stays(one.begin, one.end, self._thresholds)] for one in intervals]

    def _handling(self, interval: Interval) -> "defaultdict[str, QueueSums]":
        found: defaultdict[str, QueueSums] = defaultdict(QueueSums)
        for talks in self._figures.handled(interval.begin, interval.end, "queue"):
            found[talks.whose].count_talks(talks)
        for wrapped in self._figures.wrapped_up(interval.begin, interval.end, "queue"):
            found[wrapped.whose].count_wrap_ups(wrapped)
        return found

    def _count_stays(self, sums: QueueSums, stays: Stays) -> None:
        sums.ways[stays.how] = sums.ways.get(stays.how, 0) + stays.count
        sums.wait_seconds += stays.wait_seconds
        sums.longest_seconds = max(sums.longest_seconds, stays.longest_seconds)
        if stays.how in (Outcome.ABANDONED, Outcome.SHORT_ABANDONED):
            sums.abandoned_wait_seconds += stays.wait_seconds
        elif stays.how == Outcome.ANSWERED:
            sums.answered_wait_seconds += stays.wait_seconds
            limit = self._own if self._own is not None else self.limits.get(stays.queue)
            if limit is None:
                sums.answered_unmeasured += stays.count
            else:
                sums.answered_within += stays.within[self._place[limit]]
