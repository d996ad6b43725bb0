"""Sums of whole days that are kept: what a report has added up once it need not add up again.

Theory of operation: the database counts, in ``day_changes``, each change of a row that reports add
up, between the quarters of a day in which that row counts; by triggers, in the transaction of the
change. What a report finds of a day that is over goes into ``day_sums`` with the number of changes
that concerned the day. It holds as long as that number is the same, and is added up anew otherwise:
after a late record, a deletion, an engine that was killed, whichever way the clock was set.

Rules: both are read in the transaction that reads the rows. The rows are the truth, and what is
kept can be thrown away at any time. It must not know what a sum is of.
"""

import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import accumulate
from typing import Any, Final, Protocol

import msgspec
from sqlalchemy import Connection, bindparam, select
from sqlalchemy.dialects.sqlite import insert

from acd.store import schema

QUARTER_SECONDS: Final = 21_600.0
_LEAST_SECONDS: Final = 20 * 3600.0
"""The shortest day has 23 hours; what is shorter is soon added up again."""
_AT_ONCE_BYTES: Final = 200_000
_PAUSE_SECONDS: Final = 0.02
_SUMS: Final = schema.day_sums.c

Row = tuple[Any, ...]
"""Texts and numbers."""
_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(list[Row]).decode


class DaySum(msgspec.Struct, frozen=True):
    """What was added up of one day, and how many changes had concerned it then."""

    begins_at: float
    ends_at: float
    kind: str
    changes: int
    sums: str


class Store(Protocol):
    """Where they are kept."""

    def writing(self) -> AbstractContextManager[Connection]:
        """One transaction, to change something."""


class DaySums:
    """What is kept of the days that were over at ``now``, as one transaction sees it."""

    def __init__(self, connection: Connection, now: float) -> None:
        self._connection = connection
        self._now = now
        self._there = connection.dialect.name == "sqlite"
        self._changes: _Changes | None = None
        self.fresh: list[DaySum] = []
        """What was added up meanwhile and could be kept: see ``keep``."""

    def get(self, kind: str, begin: float, end: float) -> list[Row] | None:
        """The rows that are kept of it; None when it has to be added up."""
        if not self._keeps(begin, end):
            return None
        day = {"begin": begin, "end": end, "kind": kind}
        found = self._connection.execute(_WANTED, day).one_or_none()
        if found is None or found.changes != self.changes(begin, end):
            return None
        return _decode(found.sums)

    def note(self, kind: str, begin: float, end: float, rows: Sequence[Row]) -> None:
        """These were added up; no change of theirs may depend on when somebody asks."""
        if not self._keeps(begin, end):
            return
        sums = _encode(rows)
        if _decode(sums) == [*rows]:  # JSON has no infinity.
            changes = self.changes(begin, end)
            self.fresh.append(DaySum(begin, end, kind, changes, sums.decode()))

    def changes(self, begin: float, end: float) -> int:
        """How many have concerned any time between the two."""
        if self._changes is None:
            self._changes = _Changes(self._connection)
        return self._changes.between(begin, end)

    def _keeps(self, begin: float, end: float) -> bool:
        return self._there and end <= self._now and end - begin >= _LEAST_SECONDS


_WANTED: Final = select(_SUMS.changes, _SUMS.sums).where(
    _SUMS.begins_at == bindparam("begin"),
    _SUMS.ends_at == bindparam("end"),
    _SUMS.kind == bindparam("kind"),
)


class _Changes:
    """All changes, so that those of any time are counted at once."""

    def __init__(self, connection: Connection) -> None:
        table = schema.day_changes.c
        rows = connection.execute(select(table.first, table.last, table.changes)).all()
        self._firsts, self._begun = _added(sorted((first, count) for first, _, count in rows))
        self._lasts, self._over = _added(sorted((last, count) for _, last, count in rows))

    def between(self, begin: float, end: float) -> int:
        """Those that begin before its end, without those that are over before its beginning."""
        begun = self._begun[bisect_right(self._firsts, int(end / QUARTER_SECONDS))]
        return begun - self._over[bisect_left(self._lasts, int(begin / QUARTER_SECONDS))]


def _added(rows: Sequence[tuple[int, int]]) -> tuple[list[int], list[int]]:
    """The places, and how many changes there are before each of them and after the last."""
    return [at for at, _ in rows], [*accumulate((count for _, count in rows), initial=0)]


def keep(
    store: Store, fresh: Sequence[DaySum], pause: Callable[[float], object] = time.sleep
) -> None:
    """Keep what was added up, unless it has changed since then.

    A little in each transaction, with pauses, so that the writer of records never waits long.
    Raises StoreError; what is not kept is added up again.
    """
    for some in _parts(fresh):
        with store.writing() as connection:
            changes = _Changes(connection)
            rows = [
                msgspec.structs.asdict(one)
                for one in some
                if changes.between(one.begins_at, one.ends_at) == one.changes
            ]
            if rows:
                new = insert(schema.day_sums)
                again = {"changes": new.excluded.changes, "sums": new.excluded.sums}
                keys = ["begins_at", "ends_at", "kind"]
                connection.execute(new.on_conflict_do_update(index_elements=keys, set_=again), rows)
        pause(_PAUSE_SECONDS)


def _parts(fresh: Sequence[DaySum]) -> Iterator[list[DaySum]]:
    some: list[DaySum] = []
    size = 0
    for one in fresh:
        some.append(one)
        size += len(one.sums)
        if size >= _AT_ONCE_BYTES:
            yield some
            some, size = [], 0
    if some:
        yield some
