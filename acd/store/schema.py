"""The tables, as this version of acd knows them; ``migrations`` makes them, step by step.

Rules: what people query is a column of its own, what they read is JSON text. Times are seconds
since the epoch, double precision. A change here needs a new file in ``migrations/versions`` and a
new ``HEAD``; tests/store/test_schema.py compares the two.
"""

from typing import Any, Final

from sqlalchemy import Column, Double, Index, Integer, MetaData, String, Table, Text

HEAD: Final = "0009"
"""The version of the tables below."""

VERSION_TABLE: Final = "acd_version"

metadata = MetaData()


def _text(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, String, nullable=null)


def _at(name: str, *, null: bool = False) -> Column[float]:
    return Column(name, Double, nullable=null)


def _json(name: str, default: str | None = None) -> Column[str]:
    return Column(name, Text, nullable=False, server_default=default)


def _spans(name: str, *columns: Column[Any]) -> Table:
    """A table of one kind of span, an agent's by their start, with a way to the open ones."""
    table = Table(
        name,
        metadata,
        Column("agent", String, primary_key=True),
        Column("started_at", Double, primary_key=True),
        _at("ended_at", null=True),
        *columns,
    )
    # Of open spans only: the migration says so. Said here, SQLAlchemy would load what it knows of
    # both databases at each start.
    Index(f"{name}_open", table.c.agent, table.c.started_at)
    return table


agents = Table(
    "agents",
    metadata,
    Column("agent", String, primary_key=True),
    _text("presence"),
    _text("reason"),
    _text("phone"),
    _at("since"),
    _at("logged_in_at", null=True),
    _at("idle_since"),
    _text("wrap_up_queue", null=True),
    _text("wrap_up_call", null=True),
    _at("wrap_up_started_at", null=True),
    _at("wrap_up_ends_at", null=True),
    Column("calls_taken", Integer, nullable=False),
    _at("talk_seconds"),
    Column("calls_in_row", Integer, nullable=False),
)
"""Every agent as he is now."""

living_calls = Table(
    "living_calls",
    metadata,
    Column("call", String, primary_key=True),
    _text("pbx"),
    _text("ani"),
    _text("dnis"),
    _at("arrived_at"),
    _text("language"),
    _text("option"),
    _text("menu", null=True),
    _text("node", null=True),
    _text("queue", null=True),
    _at("queued_at", null=True),
    _at("answered_at", null=True),
    _json("attributes"),
    _json("menu_path"),
    _json("queue_path"),
    _json("legs"),
    _json("place"),
    _json("heard", default="[]"),
    _text("client", null=True),
)
"""Every call that is not over, as it is now."""

ended_calls = Table(
    "ended_calls",
    metadata,
    Column("call", String, primary_key=True),
    _text("pbx"),
    _text("outcome"),
    _text("ani"),
    _text("dnis"),
    _text("language"),
    _text("option"),
    _text("queue", null=True),
    _text("agent", null=True),
    _at("arrived_at"),
    _at("queued_at", null=True),
    _at("answered_at", null=True),
    _at("talk_ended_at", null=True),
    _at("ended_at"),
    _json("skills"),
    _json("attributes"),
    _json("menu_path"),
    _json("queue_path"),
    _json("legs"),
    _json("heard", default="[]"),
    _text("client", null=True),
    _text("recording"),
    _at("recording_deleted_at", null=True),
)
"""One final record for each call that is over."""

Index("ended_calls_by_end", ended_calls.c.ended_at)
# What a report on menus reads, without the wide rows beside it.
Index(
    "ended_calls_by_arrival",
    ended_calls.c.arrived_at,
    ended_calls.c.menu_path,
    ended_calls.c.outcome,
)

queue_visits = Table(
    "queue_visits",
    metadata,
    Column("entered_at", Double, primary_key=True),
    Column("call", String, primary_key=True),
    Column("number", Integer, primary_key=True),
    _text("queue"),
    _at("wait_seconds"),
    _text("how"),
)
"""Each stay of an ended call in a queue, as in its ``queue_path``, counted from 0: for reports."""

legs = Table(
    "legs",
    metadata,
    Column("ended_at", Double, primary_key=True),
    Column("call", String, primary_key=True),
    Column("number", Integer, primary_key=True),
    _text("agent"),
    _text("queue"),
    _at("rung_at"),
    _at("connected_at", null=True),
    _at("hold_seconds"),
    _text("how"),
)
"""Each ring for an ended call with its talk, as in its ``legs``, counted from 0: for reports."""

incidents = Table(
    "incidents",
    metadata,
    Column("incident", String, primary_key=True),
    _at("begins_at"),
    _at("ends_at", null=True),
    _json("told"),
)
"""Every incident that somebody has set and nobody ended."""

survey_answers = Table(
    "survey_answers",
    metadata,
    Column("call", String, primary_key=True),
    Column("question", String, primary_key=True),
    _text("answer"),
    _text("queue"),
    _text("agent"),
    _at("answered_at"),
)
"""What callers said after their talk."""

Index("survey_answers_by_time", survey_answers.c.answered_at)

voicemails = Table(
    "voicemails",
    metadata,
    Column("id", String, primary_key=True),
    _text("state"),
    _text("call"),
    _text("queue"),
    _text("ani"),
    _text("dnis"),
    _text("language"),
    _json("attributes"),
    _at("begun_at"),
    _at("left_at", null=True),
    _at("seconds", null=True),
    _text("agent", null=True),
    _at("changed_at"),
)
"""Every message in a queue's box; its file is named by its id."""

Index("voicemails_by_state", voicemails.c.state)

forms = Table(
    "forms",
    metadata,
    Column("call", String, primary_key=True),
    Column("form", String, primary_key=True),
    Column("filled_at", Double, primary_key=True),
    Column("entries", Text, nullable=False),
)
"""What callers gave in menus without an agent, as JSON: meter readings."""

Index("forms_by_time", forms.c.form, forms.c.filled_at)

sessions = _spans("agent_sessions", _text("phone"))
not_ready = _spans("not_ready_spans", _text("reason"))
wrap_ups = _spans(
    "wrap_ups",
    _at("ends_at"),
    _text("how"),
    _text("queue"),
    _text("call"),
    _text("outcome_code", null=True),
)

Index(
    "wrap_ups_by_start",
    wrap_ups.c.started_at,
    wrap_ups.c.agent,
    wrap_ups.c.queue,
    wrap_ups.c.ended_at,
)

day_sums = Table(
    "day_sums",
    metadata,
    Column("begins_at", Double, primary_key=True),
    Column("ends_at", Double, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("changes", Integer, nullable=False),
    Column("sums", Text, nullable=False),
)
"""What a report has added up of a whole day, as JSON; see ``acd.store.daysums``."""

day_changes = Table(
    "day_changes",
    metadata,
    Column("first", Integer, primary_key=True),
    Column("last", Integer, primary_key=True),
    Column("changes", Integer, nullable=False),
)
"""How often anything that reports add up was written or deleted between two quarters of a day.

Triggers of the database write it, in the transaction of the change itself; SQLite only.
"""
