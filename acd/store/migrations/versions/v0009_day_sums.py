"""Sums of whole days, kept until anything of that day changes, and what tells that it has.

The database itself counts the changes, by triggers, so that no way of writing can forget it. None
of them looks at what is there already: a store of any size is upgraded at once.
"""

from collections.abc import Iterator
from typing import NamedTuple

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_QUARTER_SECONDS = 21_600
_FOR_EVER = 2**31 - 1


class _Counted(NamedTuple):
    """A table that reports add up."""

    name: str
    first: str
    """The time from which on a row counts, with ``{row}`` for the row."""
    last: str
    """And until when; NULL while it lasts."""
    columns: str
    """Without a change of one of these a row counts as before."""


_SPAN = ("{row}.started_at", "{row}.ended_at")
_TABLES = (
    _Counted("queue_visits", "{row}.entered_at", "{row}.entered_at",
             "entered_at, queue, wait_seconds, how"),
    _Counted("legs", "min({row}.ended_at, coalesce({row}.connected_at, {row}.ended_at))",
             "{row}.ended_at", "ended_at, agent, queue, connected_at, hold_seconds, how"),
    _Counted("ended_calls", "{row}.arrived_at", "{row}.arrived_at",
             "arrived_at, menu_path, outcome"),
    _Counted("agent_sessions", *_SPAN, "agent, started_at, ended_at"),
    _Counted("not_ready_spans", *_SPAN, "agent, started_at, ended_at"),
    _Counted("wrap_ups", *_SPAN, "agent, started_at, ended_at, queue"),
)  # fmt: skip

_ENDS = (
    "OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL"
    " AND OLD.agent = NEW.agent AND OLD.started_at = NEW.started_at"
)
"""What lasted counted until whoever asked for it; so before its end nothing changes."""


def upgrade() -> None:
    """Make the tables, and in SQLite the triggers."""
    op.create_table(
        "day_sums",
        sa.Column("begins_at", sa.Double, primary_key=True),
        sa.Column("ends_at", sa.Double, primary_key=True),
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("changes", sa.Integer, nullable=False),
        sa.Column("sums", sa.Text, nullable=False),
    )
    op.create_table(
        "day_changes",
        sa.Column("first", sa.Integer, primary_key=True),
        sa.Column("last", sa.Integer, primary_key=True),
        sa.Column("changes", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "sqlite":
        for table in _TABLES:
            for trigger in _triggers(table):
                op.execute(sa.text(trigger))


def _triggers(table: _Counted) -> Iterator[str]:
    name, columns = table.name, table.columns
    yield _trigger(f"{name}_more", f"AFTER INSERT ON {name}", _count(table, "NEW"))
    kept = (
        f"DELETE FROM day_sums WHERE begins_at <= coalesce({_of(table.last, 'OLD')}, 9e999)"
        f" AND ends_at >= {_of(table.first, 'OLD')}"
    )
    yield _trigger(f"{name}_fewer", f"AFTER DELETE ON {name}", _count(table, "OLD"), kept)
    both = (_count(table, "OLD"), _count(table, "NEW"))
    when = f"AFTER UPDATE OF {columns} ON {name}"
    if table.last == table.first or name == "legs":
        yield _trigger(f"{name}_other", when, *both)
    else:
        yield _trigger(f"{name}_other", f"{when} WHEN NOT ({_ENDS})", *both)
        over = _upsert(_quarter("NEW.ended_at"), str(_FOR_EVER))
        yield _trigger(f"{name}_over", f"{when} WHEN {_ENDS}", over)


def _trigger(name: str, when: str, *what: str) -> str:
    return f"CREATE TRIGGER {name} {when} BEGIN {'; '.join(what)}; END"


def _count(table: _Counted, row: str) -> str:
    last = _of(table.last, row)
    return _upsert(
        _quarter(_of(table.first, row)),
        f"CASE WHEN {last} IS NULL THEN {_FOR_EVER} ELSE {_quarter(last)} END",
    )


def _upsert(first: str, last: str) -> str:
    return (
        f"INSERT INTO day_changes (first, last, changes) VALUES ({first}, {last}, 1)"
        " ON CONFLICT (first, last) DO UPDATE SET changes = changes + 1"
    )


def _of(time: str, row: str) -> str:
    return time.replace("{row}", row)


def _quarter(time: str) -> str:
    return f"CAST({time} / {_QUARTER_SECONDS} AS INTEGER)"
