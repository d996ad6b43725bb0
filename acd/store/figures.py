"""What the books add up to in an interval, in SQL: the sums that reports are made of.

Rules: what is divided by each other is read in one transaction, while an engine writes. A stay in
a queue counts where it began, a talk where it ended, a wrap-up where it began, which is the end of
its talk; so offered is answered, abandoned and the rest, and handling time belongs to whom was
handled. It must not know what is divided by what, nor how it is shown.
"""

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import (
    Connection,
    CursorResult,
    Dialect,
    Double,
    Select,
    Table,
    and_,
    bindparam,
    case,
    func,
    select,
)

from acd.core.ids import AgentId, QueueId
from acd.core.records import CallEnded
from acd.store import schema
from acd.store.daysums import DaySum, DaySums, Row
from acd.store.rows import ended_of

_SPANS: Final[dict[str, Table]] = {
    "sessions": schema.sessions,
    "not_ready": schema.not_ready,
    "wrap_ups": schema.wrap_ups,
}
_AT_ONCE: Final = 10_000
_CALLS_AT_ONCE: Final = 500
_BEGIN: Final = bindparam("begin", type_=Double)
_END: Final = bindparam("end", type_=Double)
_paths: Final = msgspec.json.Decoder(tuple[str, ...])


By = Literal["queue", "agent"]
"""Whose a sum is."""


class Stays(msgspec.Struct, frozen=True):
    """Those who entered one queue in an interval and left it in one way."""

    queue: QueueId
    how: str
    """A word of ``QueueVisit.how``."""
    count: int
    wait_seconds: float
    longest_seconds: float
    within: tuple[int, ...]
    """How many of them waited at most so long as each of the thresholds that were asked for."""


class Handled(msgspec.Struct, frozen=True):
    """Talks that ended in an interval; ``hold_seconds`` is within ``talk_seconds``."""

    whose: QueueId | AgentId
    count: int
    talk_seconds: float
    hold_seconds: float


class Missed(msgspec.Struct, frozen=True):
    """Rings that ended in an interval without a talk, by how (``LegVisit.how``)."""

    agent: AgentId
    how: str
    count: int


class WrappedUp(msgspec.Struct, frozen=True):
    """Wrap-ups that began in an interval; of those that last, until ``now``."""

    whose: QueueId | AgentId
    count: int
    seconds: float


class Chosen(msgspec.Struct, frozen=True):
    """Callers who came in an interval, made the same choices and ended the same way."""

    path: tuple[str, ...]
    outcome: str
    count: int


def _floats() -> "array[float]":
    return array("d")


@dataclass(slots=True)
class AgentSpans:
    """What an agent did, span by span in no order: when each began and when it ended, in turn."""

    sessions: "array[float]" = field(default_factory=_floats)
    not_ready: "array[float]" = field(default_factory=_floats)
    wrap_ups: "array[float]" = field(default_factory=_floats)
    talks: "array[float]" = field(default_factory=_floats)


class Figures:
    """The sums of one store, as they are when the transaction of ``connection`` begins.

    ``beside`` is another one of its transactions, in which ``stays`` are read, and may be by
    another thread: both scan millions of rows.
    """

    def __init__(
        self, connection: Connection, now: float, beside: Connection | None = None
    ) -> None:
        self._connection = connection
        self._beside = beside or connection
        self._now = now
        self._prepared: dict[str, _Prepared] = {}
        self._days = DaySums(connection, now)
        self._days_beside = self._days if beside is None else DaySums(beside, now)

    @property
    def fresh(self) -> list[DaySum]:
        """What was added up of whole days and was not kept yet; for ``acd.store.daysums.keep``."""
        beside = self._days_beside.fresh if self._days_beside is not self._days else []
        return [*self._days.fresh, *beside]

    def kept(self, kind: str, begin: float, end: float) -> list[Row] | None:
        """What somebody has added up himself of this kind, and ``keep`` said; None if it does not
        hold any more."""
        return self._days.get(kind, begin, end)

    def keep(self, kind: str, begin: float, end: float, rows: list[Row]) -> None:
        """Say what was added up; only what depends on rows of the store alone may be kept."""
        self._days.note(kind, begin, end, rows)

    def stays(
        self, begin: float, end: float, thresholds: tuple[float, ...] = ()
    ) -> Iterator[Stays]:
        """Who entered queues, by how it ended. ``thresholds`` are in seconds."""
        visits = schema.queue_visits.c

        def statement() -> Select[Any]:
            within = [func.count(case((visits.wait_seconds <= limit, 1))) for limit in thresholds]
            sums = (func.count(), func.sum(visits.wait_seconds), func.max(visits.wait_seconds))
            wanted = select(visits.queue, visits.how, *sums, *within)
            return _between(wanted, visits.entered_at).group_by(visits.queue, visits.how)

        kind = f"stays {thresholds}"
        rows = self._sums(kind, statement, begin, end, beside=True)
        for queue, how, count, wait, longest, *each in rows:
            yield Stays(queue, how, count, wait, longest, tuple(each))

    def handled(self, begin: float, end: float, by: By) -> Iterator[Handled]:
        """Talks that ended, by queue or by agent."""
        legs = schema.legs.c

        def statement() -> Select[Any]:
            talk = func.sum(legs.ended_at - legs.connected_at)
            wanted = select(legs[by], func.count(), talk, func.sum(legs.hold_seconds))
            wanted = _between(wanted, legs.ended_at).where(legs.connected_at.is_not(None))
            return wanted.group_by(legs[by])

        rows = self._sums(f"handled by {by}", statement, begin, end)
        yield from (Handled(*row) for row in rows)

    def missed(self, begin: float, end: float) -> Iterator[Missed]:
        """Rings that came to nothing."""
        legs = schema.legs.c

        def statement() -> Select[Any]:
            wanted = _between(select(legs.agent, legs.how, func.count()), legs.ended_at)
            wanted = wanted.where(legs.connected_at.is_(None))
            return wanted.group_by(legs.agent, legs.how)

        yield from (Missed(*row) for row in self._sums("missed", statement, begin, end))

    def wrapped_up(self, begin: float, end: float, by: By) -> Iterator[WrappedUp]:
        """After-call work that began, by queue or by agent."""
        wrap_ups = schema.wrap_ups.c

        def statement() -> Select[Any]:
            over_at = func.coalesce(wrap_ups.ended_at, self._now)
            spent = func.sum(over_at - wrap_ups.started_at)
            lasting = func.count() - func.count(wrap_ups.ended_at)
            sums = (func.count(), spent, lasting)
            wanted = _between(select(wrap_ups[by], *sums), wrap_ups.started_at)
            return wanted.group_by(wrap_ups[by])

        rows = self._sums(f"wrapped up by {by}", statement, begin, end, lasting=True)
        yield from (WrappedUp(*row[:3]) for row in rows)

    def chosen(self, begin: float, end: float) -> Iterator[Chosen]:
        """What callers who came chose in menus."""
        calls = schema.ended_calls.c

        def statement() -> Select[Any]:
            wanted = select(calls.menu_path, calls.outcome, func.count())
            return _between(wanted, calls.arrived_at).group_by(calls.menu_path, calls.outcome)

        for path, outcome, count in self._sums("chosen", statement, begin, end):
            yield Chosen(_paths.decode(path), outcome, count)

    def _sums(
        self,
        kind: str,
        statement: Callable[[], Select[Any]],
        begin: float,
        end: float,
        *,
        beside: bool = False,
        lasting: bool = False,
    ) -> Iterator[Row]:
        """The rows of an interval; with ``lasting`` the last of a row is how many are not over."""
        days = self._days_beside if beside else self._days
        rows = days.get(kind, begin, end)
        if rows is None:
            prepared = self._prepared.get(kind)
            if prepared is None:
                prepared = _Prepared(statement(), self._connection.dialect)
                self._prepared[kind] = prepared
            connection = self._beside if beside else self._connection
            rows = [tuple(row) for row in prepared.rows(connection, begin, end)]
            if not (lasting and any(row[-1] for row in rows)):
                days.note(kind, begin, end, rows)
        yield from rows

    def spans(self, begin: float, end: float) -> Mapping[AgentId, AgentSpans]:
        """All that agents did at any time between the two; what lasts, until now."""
        found: dict[AgentId, AgentSpans] = defaultdict(AgentSpans)
        for kind, table in _SPANS.items():
            over_at = func.coalesce(table.c.ended_at, self._now)
            wanted = select(table.c.agent, table.c.started_at, over_at)
            wanted = wanted.where(table.c.started_at < _END, over_at > _BEGIN)
            self._collect(kind, wanted, begin, end, found)
        legs = schema.legs.c
        talks = select(legs.agent, legs.connected_at, legs.ended_at)
        talks = talks.where(and_(legs.ended_at > _BEGIN, legs.connected_at < _END))
        self._collect("talks", talks, begin, end, found)
        return found

    def _collect(
        self,
        kind: str,
        wanted: Select[Any],
        begin: float,
        end: float,
        found: Mapping[AgentId, AgentSpans],
    ) -> None:
        """Millions of rows, so what it does for each of them is next to nothing."""
        prepared = _Prepared(wanted, self._connection.dialect)
        add: dict[AgentId, Callable[[float], None]] = {}
        with prepared.rows(self._connection, begin, end) as result:
            cursor = result.cursor
            assert cursor is not None
            while rows := cursor.fetchmany(_AT_ONCE):
                for agent, at, over_at in rows:
                    append = add.get(agent)
                    if append is None:
                        append = add[agent] = getattr(found[agent], kind).append
                    append(at)
                    append(over_at)

    def calls(self, begin: float, end: float) -> Iterator[CallEnded]:
        """The final records of those who came, in that order; read as they are taken."""
        table = schema.ended_calls
        wanted = (
            select(table)
            .where(table.c.arrived_at >= begin, table.c.arrived_at < end)
            .order_by(table.c.arrived_at, table.c.call)
            .execution_options(yield_per=_CALLS_AT_ONCE)
        )
        for row in self._connection.execute(wanted).mappings():
            yield ended_of({**row})

    def living_count(self, end: float) -> int:
        """How many calls came before ``end`` and are not over, so that nothing counts them yet."""
        living, ended = schema.living_calls.c, schema.ended_calls.c
        over = select(ended.call).where(ended.call == living.call).exists()
        wanted = select(func.count()).where(living.arrived_at < end, ~over)
        count: int = self._connection.execute(wanted).scalar_one()
        return count


class _Prepared:
    """A statement about a time, compiled once: a report asks it for each of its intervals."""

    def __init__(self, statement: Select[Any], dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self._sql = str(compiled)
        self._names = list(compiled.positiontup or ())
        self._values = dict(compiled.params)

    def rows(self, connection: Connection, begin: float, end: float) -> CursorResult[Any]:
        """What it gives for one interval."""
        values = {**self._values, "begin": begin, "end": end}
        return connection.exec_driver_sql(self._sql, tuple(values[name] for name in self._names))


def _between(statement: Select[Any], at: Any) -> Select[Any]:
    return statement.where(at >= _BEGIN, at < _END)
