"""The store over SQLAlchemy Core: one set of statements for SQLite and PostgreSQL.

Rules: every text is a bound parameter; rows that a transaction writes more than once were made one
by ``acd.store.batch``. Whatever the database raises leaves as a ``StoreError`` that names the
store, never its password nor a caller's data. ``acd.store.opening`` makes the engine.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Engine,
    Select,
    Table,
    exists,
    func,
    select,
    true,
)
from sqlalchemy.exc import SQLAlchemyError

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
from acd.store.statements import statements_for

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
        self._statements = statements_for(engine.dialect)

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
