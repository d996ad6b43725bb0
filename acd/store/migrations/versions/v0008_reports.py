"""What reports add up: stays in queues and rings as narrow rows, in the order of time.

A final record has both as JSON text, of which a report over millions of calls would read gigabytes.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_AT_ONCE = 2_000


def upgrade() -> None:
    """Make the tables and fill them from the calls that have ended already."""
    # Without a rowid SQLite keeps the rows themselves in the order of the key, that of time.
    visits = op.create_table(
        "queue_visits",
        *_key("entered_at"),
        *(_text("queue"), _at("wait_seconds"), _text("how")),
        sqlite_with_rowid=False,
    )
    legs = op.create_table(
        "legs",
        *_key("ended_at"),
        *(_text("agent"), _text("queue"), _at("rung_at"), _at("connected_at", null=True)),
        *(_at("hold_seconds"), _text("how")),
        sqlite_with_rowid=False,
    )
    by_arrival = ["arrived_at", "menu_path", "outcome"]
    op.create_index("ended_calls_by_arrival", "ended_calls", by_arrival)
    by_start = ["started_at", "agent", "queue", "ended_at"]
    op.create_index("wrap_ups_by_start", "wrap_ups", by_start)
    calls = op.get_bind().execute(
        sa.text("SELECT call, queued_at, ended_at, queue_path, legs FROM ended_calls"),
        execution_options={"yield_per": _AT_ONCE},
    )
    for some in _batched(calls):
        for table, rows in ((visits, _visits(some)), (legs, _legs(some))):
            if rows:
                op.bulk_insert(table, rows)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String, nullable=False)


def _at(name: str, *, null: bool = False) -> sa.Column[float]:
    return sa.Column(name, sa.Double, nullable=null)


def _key(at: str) -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column(at, sa.Double, primary_key=True),
        sa.Column("call", sa.String, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
    )


def _visits(calls: Iterable[Any]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for call in calls:
        path = json.loads(call.queue_path)
        for number, one in enumerate(path):
            left_at = call.ended_at if one["left_at"] is None else one["left_at"]
            began_at = one["entered_at"]
            # The wait clock may have gone on from queue to queue.
            if number == len(path) - 1 and call.queued_at is not None:
                began_at = min(began_at, call.queued_at)
            rows.append(
                {
                    "entered_at": one["entered_at"],
                    "call": call.call,
                    "number": number,
                    "queue": one["queue"],
                    "wait_seconds": max(0.0, left_at - began_at),
                    "how": one["how"],
                }
            )
    return rows


def _legs(calls: Iterable[Any]) -> list[dict[str, object]]:
    return [
        {
            "ended_at": max(
                call.ended_at if one["ended_at"] is None else one["ended_at"],
                one["connected_at"] or 0.0,
            ),
            "call": call.call,
            "number": number,
            **{name: one[name] for name in ("agent", "queue", "rung_at", "connected_at", "how")},
            "hold_seconds": one["hold_seconds"],
        }
        for call in calls
        for number, one in enumerate(json.loads(call.legs))
    ]


def _batched(calls: Iterable[Any]) -> Iterator[list[Any]]:
    some: list[Any] = []
    for call in calls:
        some.append(call)
        if len(some) == _AT_ONCE:
            yield some
            some = []
    yield some
