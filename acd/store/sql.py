"""The store over SQLAlchemy Core: one set of statements for SQLite and PostgreSQL.

Rules: every text is a bound parameter; rows that a transaction writes more than once were made one
by ``acd.store.batch``. Whatever the database raises leaves as a ``StoreError`` that names the
store, never its password nor a caller's data. ``acd.store.opening`` makes the engine.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import msgspec
from sqlalchemy import (
    ARRAY,
    Connection,
    Delete,
    Dialect,
    Double,
    Engine,
    Select,
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
    true,
    update,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql.dml import Insert

from acd.core.ids import AgentId, CallId, QueueId, VoicemailId
from acd.core.memory import Memory, VoicemailMemory
from acd.core.records import AgentChanged, CallEnded, FormFilled, Presence, Record, SurveyAnswered
from acd.errors import StoreError
from acd.store import schema
from acd.store.batch import Batch
from acd.store.forgetting import Forgetting
from acd.store.port import (
    LONGEST_SECONDS,
    OVER,
    NotReadySpan,
    Session,
    Spans,
    WrapUpSpan,
)
from acd.store.rows import (
    Row,
    agent_of,
    agent_row,
    answer_of,
    answer_row,
    clean,
    ended_of,
    ended_row,
    form_of,
    form_row,
    incident_of,
    incident_row,
    leg_rows,
    living_of,
    living_row,
    visit_rows,
    visits_of,
    voicemail_of,
    voicemail_row,
    wrap_up_row,
)

_encode: Final = msgspec.json.Encoder().encode

_ASKED_AT_ONCE: Final = 500

READS: Final = {"acd_reads": True}
"""Execution options of a connection that takes no lock (see ``acd.store.opening``)."""


class SqlStore(Forgetting):
    """A store in a database whose tables are of this version."""

    def __init__(
        self, engine: Engine, name: str, blame: Callable[[SQLAlchemyError], StoreError]
    ) -> None:
        """Keep to ``engine``; ``blame`` turns what it raises into what operators read."""
        self.name = name
        self._engine = engine
        self._blame = blame
        self._statements = _Statements(engine.dialect)

    def write(self, records: Sequence[Record]) -> None:
        """See ``Store``."""
        batch = Batch(records)
        with self.writing() as connection:
            self._write(connection, batch)

    def _write(self, connection: Connection, batch: Batch) -> None:
        to = self._statements
        if batch.ended:
            self._end_calls(connection, list(batch.ended.values()))
        if batch.living:
            to.keep_calls.run(connection, [living_row(one) for one in batch.living.values()])
        if batch.voicemails:
            rows = [voicemail_row(one) for one in batch.voicemails.values()]
            to.keep_voicemails.run(connection, rows)
        if batch.agents:
            to.keep_agents.run(connection, [agent_row(one) for one in batch.agents.values()])
        if batch.wrap_up_ends:
            to.end_wrap_ups.run(
                connection,
                [
                    {"who": one.agent, "at": one.at, "word": one.how.value}
                    for one in batch.wrap_up_ends.values()
                ],
            )
        if batch.wrap_ups:
            to.keep_wrap_ups.run(connection, [wrap_up_row(*one) for one in batch.wrap_ups.values()])
        if batch.incidents:
            connection.execute(to.end_incidents, {"over": list(batch.incidents)})
            rows = [incident_row(one) for one in batch.incidents.values() if one is not None]
            if rows:
                to.keep_incidents.run(connection, rows)
        if batch.answers:
            to.keep_answers.run(connection, [answer_row(one) for one in batch.answers.values()])
        if batch.recordings_gone:
            gone = [{"over": one.call, "at": one.at} for one in batch.recordings_gone.values()]
            to.mark_recordings.run(connection, gone)
        if batch.forms:
            to.keep_forms.run(connection, [form_row(one) for one in batch.forms.values()])
        for presence in batch.presences:
            self._presence(connection, presence)

    def _end_calls(self, connection: Connection, ended: list[CallEnded]) -> None:
        to = self._statements
        over = to.ended_before(connection, [one.call for one in ended])
        fresh = [one for one in ended if one.call not in over]
        to.end_calls.run(connection, [ended_row(one) for one in fresh])
        to.keep_visits.run(connection, [row for one in fresh for row in visit_rows(one)])
        to.keep_legs.run(connection, [row for one in fresh for row in leg_rows(one)])
        to.forget(connection, [one.call for one in ended])

    def _presence(self, connection: Connection, new: AgentChanged) -> None:
        run, to = connection.execute, self._statements
        when = {"who": new.agent, "at": new.at}
        run(to.end_not_ready, when)
        if new.presence is Presence.LOGGED_OUT:
            run(to.end_session, when)
            return
        run(to.start_session, {**when, "phone": clean(new.phone)})
        if new.presence is Presence.NOT_READY:
            row = (new.agent, new.at, None, clean(new.reason))
            to.keep_not_ready.run(connection, [row])

    def remember(self) -> Memory:
        """See ``Store``."""
        living, ended = schema.living_calls, schema.ended_calls
        over = exists().where(ended.c.call == living.c.call)
        waiting = select(schema.voicemails).where(schema.voicemails.c.state.not_in(OVER))
        with self.reading() as connection:
            agents = connection.execute(select(schema.agents)).mappings()
            calls = connection.execute(select(living).where(~over)).mappings()
            incidents = connection.execute(select(schema.incidents)).mappings()
            left = connection.execute(waiting).mappings()
            return Memory(
                tuple(sorted((agent_of({**row}) for row in agents), key=lambda one: one.agent)),
                tuple(sorted((living_of({**row}) for row in calls), key=lambda one: one.call)),
                tuple(sorted((incident_of({**row}) for row in incidents), key=lambda one: one.id)),
                tuple(sorted((voicemail_of({**row}) for row in left), key=lambda one: one.id)),
            )

    def ended(self, call: CallId) -> CallEnded | None:
        """See ``Store``."""
        wanted = select(schema.ended_calls).where(schema.ended_calls.c.call == call)
        with self.reading() as connection:
            row = connection.execute(wanted).mappings().one_or_none()
        return None if row is None else ended_of({**row})

    def voicemail(self, voicemail: VoicemailId) -> VoicemailMemory | None:
        """See ``Store``."""
        wanted = select(schema.voicemails).where(schema.voicemails.c.id == voicemail)
        with self.reading() as connection:
            row = connection.execute(wanted).mappings().one_or_none()
        return None if row is None else voicemail_of({**row})

    def ended_count(self) -> int:
        """See ``Store``."""
        with self.reading() as connection:
            return connection.execute(
                select(func.count()).select_from(schema.ended_calls)
            ).scalar_one()

    def first_end(self) -> float | None:
        """See ``Store``."""
        wanted = select(func.min(schema.ended_calls.c.ended_at))
        with self.reading() as connection:
            ended_at: float | None = connection.execute(wanted).scalar_one()
        return ended_at

    def arrivals(self, since: float, until: float) -> Counter[QueueId]:
        """See ``Store``."""
        living, ended = schema.living_calls.c, schema.ended_calls.c
        over = ended.ended_at.between(since, until + LONGEST_SECONDS)
        paths: dict[str, str] = {}
        with self.reading() as connection:
            for of, among in ((living, true()), (ended, over)):
                came = (of.arrived_at >= since) & (of.arrived_at < until) & among
                rows = connection.execute(select(of.call, of.queue_path).where(came))
                paths.update((call, path) for call, path in rows)
        return Counter(visited[0].queue for visited in map(visits_of, paths.values()) if visited)

    def survey(self, call: CallId) -> tuple[SurveyAnswered, ...]:
        """See ``Store``."""
        table = schema.survey_answers
        wanted = select(table).where(table.c.call == call)
        with self.reading() as connection:
            rows = connection.execute(wanted.order_by(table.c.answered_at, table.c.question))
            return tuple(answer_of({**row}) for row in rows.mappings())

    def forms(self, form: str, since: float = 0.0) -> tuple[FormFilled, ...]:
        """See ``Store``."""
        table = schema.forms
        wanted = select(table).where(table.c.form == form, table.c.filled_at >= since)
        with self.reading() as connection:
            rows = connection.execute(wanted.order_by(table.c.filled_at, table.c.call))
            return tuple(form_of({**row}) for row in rows.mappings())

    def spans(self, agent: AgentId) -> Spans:
        """See ``Store``."""

        def of(table: Table) -> Select[Any]:
            columns = [column for column in table.c if column.name != "agent"]
            return select(*columns).where(table.c.agent == agent).order_by(table.c.started_at)

        with self.reading() as connection:
            rows = [
                connection.execute(of(table)).mappings().all()
                for table in (schema.sessions, schema.not_ready, schema.wrap_ups)
            ]
        return Spans(
            tuple(Session(**row) for row in rows[0]),
            tuple(NotReadySpan(**row) for row in rows[1]),
            tuple(WrapUpSpan(**row) for row in rows[2]),
        )

    def close(self) -> None:
        """See ``Store``."""
        self._engine.dispose()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction, for whoever changes something. Raises StoreError."""
        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise self._blame(error) from None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads, for ``acd.store.figures`` and for what is here."""
        try:
            with self._engine.connect().execution_options(**READS) as connection:
                yield connection
        except SQLAlchemyError as error:
            raise self._blame(error) from None


class _Statements:
    """What is executed, made once."""

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
        compiled = new.compile(dialect=dialect)
        self._sql = str(compiled)
        assert self._as_json or compiled.positiontup == names

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
