"""The statements that write a store, compiled once for each kind of database.

SQLAlchemy compiles a statement again for each engine that executes it; a process that opens several
stores, or one store again, would spend more on that than on the files.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import (
    ARRAY,
    Connection,
    Delete,
    Dialect,
    Double,
    String,
    Table,
    Text,
    Update,
    any_,
    bindparam,
    cast,
    delete,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.sql.dml import Insert

from acd.core.ids import CallId
from acd.store import schema
from acd.store.rows import Row

_encode: Final = msgspec.json.Encoder().encode

_ASKED_AT_ONCE: Final = 500

_made: Final[dict[str, "Statements"]] = {}


def statements_for(dialect: Dialect) -> "Statements":
    """Return those for the database that this dialect speaks to: SQLite's or PostgreSQL's."""
    made = _made.get(dialect.name)
    if made is None:
        made = _made[dialect.name] = Statements(dialect)
    return made


class Statements:
    """What is executed, made once for each kind of database."""

    def __init__(self, dialect: Dialect) -> None:
        insert = _insert(dialect)
        self.end_calls = _Rows(dialect, insert, schema.ended_calls, replace=False)
        self.keep_visits = _Rows(dialect, insert, schema.queue_visits, replace=False)
        self.keep_legs = _Rows(dialect, insert, schema.legs, replace=False)
        self._forget = _forget(dialect)
        call = schema.ended_calls.c.call
        self._ended_before = select(call).where(call.in_(bindparam("over", expanding=True)))
        self.keep_calls = _Rows(dialect, insert, schema.living_calls)
        self.keep_voicemails = _Rows(dialect, insert, schema.voicemails)
        self.keep_agents = _Rows(dialect, insert, schema.agents)
        # Who said what a call came to is not known here, and must not be unsaid.
        self.keep_wrap_ups = _Rows(dialect, insert, schema.wrap_ups, leaves={"outcome_code"})
        self.end_wrap_ups = _Many(dialect, _end(schema.wrap_ups).values(how=bindparam("word")))
        self.keep_answers = _Rows(dialect, insert, schema.survey_answers)
        kept = schema.ended_calls.c.recording_deleted_at.is_(None)
        marked = update(schema.ended_calls).where(call == bindparam("over"), kept)
        self.mark_recordings = _Many(dialect, marked.values(recording_deleted_at=bindparam("at")))
        self.keep_forms = _Rows(dialect, insert, schema.forms)
        self.keep_not_ready = _Rows(dialect, insert, schema.not_ready)
        self.keep_incidents = _Rows(dialect, insert, schema.incidents)
        incident = schema.incidents.c.incident
        ended = incident.in_(bindparam("over", expanding=True))
        self.end_incidents = delete(schema.incidents).where(ended)
        self.end_not_ready = _end(schema.not_ready)
        self.start_session = _start_session(insert(schema.sessions))
        self.end_session = _end(schema.sessions)

    def ended_before(self, connection: Connection, calls: list[CallId]) -> set[CallId]:
        """Which of these have their final record already."""
        found: set[CallId] = set()
        for first in range(0, len(calls), _ASKED_AT_ONCE):
            some = {"over": calls[first : first + _ASKED_AT_ONCE]}
            found.update(connection.execute(self._ended_before, some).scalars())
        return found

    def forget(self, connection: Connection, calls: list[CallId]) -> None:
        """Take these calls from the living."""
        if isinstance(self._forget, _Many):
            self._forget.run(connection, [{"over": call} for call in calls])
        else:
            connection.execute(self._forget, {"over": calls})


def _insert(dialect: Dialect) -> Callable[[Table], Any]:
    """The database's own INSERT, which knows what to do about a row that is there already."""
    # Only one of the two is ever wanted, and a start consists of little but imports.
    if dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as of_postgresql

        return of_postgresql
    from sqlalchemy.dialects.sqlite import insert as of_sqlite

    return of_sqlite


def _forget(dialect: Dialect) -> "_Many | Delete":
    """What takes ended calls from the living: one by one where that is at next to no cost."""
    living = schema.living_calls.c.call
    gone = delete(schema.living_calls)
    if dialect.name == "postgresql":
        return gone.where(living == any_(bindparam("over", type_=ARRAY(String))))
    return _Many(dialect, gone.where(living == bindparam("over")))


class _Many:
    """A statement that is run for many values; compiled once, because SQLAlchemy's own way costs
    more for each of them than the database does."""

    def __init__(self, dialect: Dialect, statement: Update | Delete) -> None:
        compiled = statement.compile(dialect=dialect)
        self._sql = str(compiled)
        self._names: list[str] = list(compiled.positiontup or ())

    def run(self, connection: Connection, values: Sequence[Mapping[str, Any]]) -> None:
        """Run it for each."""
        rows = [tuple(one[name] for name in self._names) for one in values]
        connection.exec_driver_sql(self._sql, rows)


class _Rows:
    """Inserts rows, or replaces those that are there; or leaves them, without ``replace``.

    SQLite takes one row after the other at next to no cost. PostgreSQL takes all of them as one
    JSON text and unpacks it itself: its driver would spend more on each row than we may hold up
    the event loop.
    """

    def __init__(
        self,
        dialect: Dialect,
        insert: Callable[[Table], Any],
        table: Table,
        *,
        replace: bool = True,
        leaves: frozenset[str] | set[str] = frozenset(),
    ) -> None:
        columns = [column for column in table.c if column.name not in leaves]
        names = [column.name for column in columns]
        self._as_json = dialect.name == "postgresql"
        if self._as_json:
            from sqlalchemy.dialects.postgresql import JSONB

            rows = cast(bindparam("rows", type_=Text), JSONB)
            row = func.jsonb_array_elements(rows).column_valued("row")
            fields = [
                cast(row.op("->>")(literal_column(str(number))), column.type)
                for number, column in enumerate(columns)
            ]
            new = insert(table).from_select(names, select(*fields))
        else:
            new = insert(table).values({name: bindparam(name) for name in names})
        keys = [column.name for column in table.primary_key]
        rest = {name: new.excluded[name] for name in names if name not in keys}
        new = (
            new.on_conflict_do_update(index_elements=keys, set_=rest)
            if replace
            else new.on_conflict_do_nothing(index_elements=keys)
        )
        self._statement: Insert = new
        if not self._as_json:
            compiled = new.compile(dialect=dialect)
            self._sql = str(compiled)
            assert compiled.positiontup == names

    def run(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Write them all."""
        if not rows:
            return
        if self._as_json:
            connection.execute(self._statement, {"rows": _encode(rows).decode()})
        else:
            connection.exec_driver_sql(self._sql, list(rows))


def _end(table: Table) -> Update:
    """Close what is open of an agent; the index of open spans finds it."""
    return (
        update(table)
        .where(
            table.c.agent == bindparam("who"),
            table.c.started_at <= bindparam("at"),
            table.c.ended_at.is_(None),
        )
        .values(ended_at=bindparam("at"))
    )


def _start_session(insert: Any) -> Insert:
    """Begin a session, unless one of the agent's covers the moment; his last one tells."""
    table = schema.sessions
    who, at = bindparam("who", type_=String), bindparam("at", type_=Double)
    other = table.alias()
    last = (
        select(func.max(other.c.started_at))
        .where(other.c.agent == who, other.c.started_at <= at)
        .scalar_subquery()
    )
    covered = exists().where(
        table.c.agent == who,
        table.c.started_at == last,
        or_(table.c.ended_at.is_(None), table.c.ended_at > at),
    )
    new = select(who, at, literal(None, Double), bindparam("phone", type_=String)).where(~covered)
    start: Insert = insert.from_select(
        ["agent", "started_at", "ended_at", "phone"], new
    ).on_conflict_do_update(
        index_elements=["agent", "started_at"],
        set_={"ended_at": None, "phone": insert.excluded.phone},
    )
    return start
