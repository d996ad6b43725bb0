"""What a store deletes or cuts when its time is over, or when a caller asks for it.

Rules: what is due is looked for without a lock; only what was found is written, a few rows a
transaction, so that the writer of records never waits long. All of it can be done again.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    bindparam,
    delete,
    func,
    or_,
    select,
    tuple_,
    update,
)

from acd.core.ids import CallId, VoicemailId
from acd.retention import Kind
from acd.store import schema
from acd.store.cutting import LEFT, cut_once, left_of
from acd.store.port import OVER, Key, OfNumber
from acd.store.rows import ended_of, form_of, voicemail_of

_LIVING: Final = schema.living_calls.c
_ENDED: Final = schema.ended_calls.c
_LEFT: Final = schema.voicemails.c
_FORMS: Final = schema.forms.c

_DELETED: Final[Mapping[Kind, tuple[Table, str]]] = {
    Kind.RECORDS: (schema.ended_calls, "ended_at"),
    Kind.SESSIONS: (schema.sessions, "ended_at"),
    Kind.NOT_READY: (schema.not_ready, "ended_at"),
    Kind.WRAP_UPS: (schema.wrap_ups, "ended_at"),
    Kind.VOICEMAILS: (schema.voicemails, "changed_at"),
    Kind.SURVEYS: (schema.survey_answers, "answered_at"),
    Kind.FORMS: (schema.forms, "filled_at"),
}
"""Where each kind is, and the time its days count from; what lasts has none."""


class Forgetting(ABC):
    """The part of a store that forgets; see ``acd.store.port.Store`` for each."""

    @abstractmethod
    def reading(self) -> AbstractContextManager[Connection]:
        """A connection to look with, which takes no lock."""

    @abstractmethod
    def writing(self) -> AbstractContextManager[Connection]:
        """One transaction, to change something."""

    @contextmanager
    def _wiping(self) -> Iterator[Connection]:
        """A transaction that leaves nothing of what it deletes in the file.

        SQLite only unlinks what is deleted, unless it is told otherwise before.
        """
        with self.writing() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA secure_delete=ON").fetchall()
            yield connection

    def due(self, kind: Kind, before: float, most: int) -> tuple[Key, ...]:
        """See ``Store``."""
        if kind is Kind.NUMBERS:
            table, at, keys = schema.ended_calls, _ENDED.ended_at, [_ENDED.call]
            wanted = and_(at < before, or_(_is_whole(), _ENDED.attributes.not_in(LEFT)))
        else:
            table, name = _DELETED[kind]
            at, keys = table.c[name], list(table.primary_key)
            wanted = at < before
            if kind is Kind.VOICEMAILS:
                wanted = and_(wanted, _LEFT.state.in_(OVER))
        looked = select(*keys).select_from(table).where(wanted).order_by(at, *keys).limit(most)
        with self.reading() as connection:
            return tuple(tuple(row) for row in connection.execute(looked))

    def forget(self, kind: Kind, keys: Sequence[Key]) -> None:
        """See ``Store``."""
        if not keys:
            return
        with self._wiping() as connection:
            if kind is Kind.NUMBERS:
                self._cut(connection, [CallId(str(key[0])) for key in keys])
                return
            table, _ = _DELETED[kind]
            if kind is Kind.RECORDS:
                _forget_reported(connection, [key[0] for key in keys])
            connection.execute(delete(table).where(_is_one_of(table, keys)))

    def _cut(self, connection: Connection, calls: Sequence[CallId]) -> None:
        columns = (_ENDED.call, _ENDED.ani, _ENDED.attributes)
        rows = connection.execute(select(*columns).where(_ENDED.call.in_(calls))).all()
        connection.execute(
            update(schema.ended_calls)
            .where(_ENDED.call == bindparam("which"))
            .values(ani=bindparam("cut"), attributes=bindparam("left")),
            [
                {"which": call, "cut": cut_once(ani), "left": left_of(attributes)}
                for call, ani, attributes in rows
            ],
        )

    def of_number(self, ending: str) -> OfNumber:
        """See ``Store``."""
        like = f"%{ending}"
        inside = f"%{ending}%"
        of_ended = or_(_ENDED.ani.like(like), _ENDED.attributes.like(inside))
        with self.reading() as connection:
            ended = connection.execute(
                select(schema.ended_calls).where(of_ended).order_by(_ENDED.arrived_at, _ENDED.call)
            ).mappings()
            calls = tuple(ended_of({**row}) for row in ended)
            living = connection.execute(
                select(_LIVING.call, _LIVING.ani).where(_LIVING.ani.like(like))
            ).all()
            left = connection.execute(
                select(schema.voicemails)
                .where(or_(_LEFT.ani.like(like), _LEFT.attributes.like(inside)))
                .order_by(_LEFT.begun_at, _LEFT.id)
            ).mappings()
            voicemails = tuple(voicemail_of({**row}) for row in left)
            own = select(_ENDED.call).where(of_ended)
            given = connection.execute(
                select(schema.forms)
                .where(or_(_FORMS.entries.like(inside), _FORMS.call.in_(own)))
                .order_by(_FORMS.filled_at, _FORMS.call)
            ).mappings()
            forms = tuple(form_of({**row}) for row in given)
        there = {one.call for one in calls}
        alive = tuple((CallId(call), ani) for call, ani in living if call not in there)
        return OfNumber(calls, alive, voicemails, forms)

    def erase(self, calls: Sequence[CallId], voicemails: Sequence[VoicemailId], at: float) -> None:
        """See ``Store``."""
        with self._wiping() as connection:
            for some in _parts(calls):
                own = _ENDED.call.in_(some)
                connection.execute(
                    update(schema.ended_calls).where(own).values(ani="", attributes="[]")
                )
                connection.execute(
                    update(schema.ended_calls)
                    .where(own, _ENDED.recording != "", _ENDED.recording_deleted_at.is_(None))
                    .values(recording_deleted_at=at)
                )
                for table in (schema.survey_answers, schema.forms):
                    connection.execute(delete(table).where(table.c.call.in_(some)))
            for some in _parts(voicemails):
                connection.execute(delete(schema.voicemails).where(_LEFT.id.in_(some)))


def _forget_reported(connection: Connection, calls: Sequence[Any]) -> None:
    """Delete what reports read of these calls; by time, because these rows are found by nothing
    else."""
    times = select(func.min(_ENDED.arrived_at), func.max(_ENDED.ended_at))
    first, last = connection.execute(times.where(_ENDED.call.in_(calls))).one()
    if first is None:
        return
    for table, at in (
        (schema.queue_visits, schema.queue_visits.c.entered_at),
        (schema.legs, schema.legs.c.ended_at),
    ):
        connection.execute(delete(table).where(at >= first, at <= last, table.c.call.in_(calls)))


def _parts(keys: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """No database takes any number of values in one statement."""
    return (keys[at : at + 500] for at in range(0, len(keys), 500))


def _is_one_of(table: Table, keys: Sequence[Key]) -> ColumnElement[bool]:
    columns = list(table.primary_key)
    if len(columns) == 1:
        return columns[0].in_([key[0] for key in keys])
    return tuple_(*columns).in_(keys)


def _is_whole() -> ColumnElement[bool]:
    """Whether a number was not cut yet, and could be."""
    return and_(func.length(_ENDED.ani) > 3, _ENDED.ani.not_like("...%"))
