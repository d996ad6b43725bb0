"""The first tables: agents, living calls, final records and spans."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String, nullable=null)


def _at(name: str, *, null: bool = False) -> sa.Column[float]:
    return sa.Column(name, sa.Double, nullable=null)


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "agents",
        sa.Column("agent", sa.String, primary_key=True),
        *(_text("presence"), _text("reason"), _text("phone"), _at("since")),
        *(_at("logged_in_at", null=True), _at("idle_since")),
        *(_text("wrap_up_queue", null=True), _text("wrap_up_call", null=True)),
        *(_at("wrap_up_started_at", null=True), _at("wrap_up_ends_at", null=True)),
        sa.Column("calls_taken", sa.Integer, nullable=False),
        _at("talk_seconds"),
        sa.Column("calls_in_row", sa.Integer, nullable=False),
    )
    op.create_table(
        "living_calls",
        sa.Column("call", sa.String, primary_key=True),
        *(_text("pbx"), _text("ani"), _text("dnis"), _at("arrived_at")),
        *(_text("language"), _text("option")),
        *(_text("menu", null=True), _text("node", null=True), _text("queue", null=True)),
        *(_at("queued_at", null=True), _at("answered_at", null=True)),
        *_json("attributes", "menu_path", "queue_path", "legs", "place"),
    )
    op.create_table(
        "ended_calls",
        sa.Column("call", sa.String, primary_key=True),
        *(_text("pbx"), _text("outcome"), _text("ani"), _text("dnis")),
        *(_text("language"), _text("option")),
        *(_text("queue", null=True), _text("agent", null=True), _at("arrived_at")),
        *(_at("queued_at", null=True), _at("answered_at", null=True)),
        *(_at("talk_ended_at", null=True), _at("ended_at")),
        *_json("skills", "attributes", "menu_path", "queue_path", "legs"),
    )
    op.create_index("ended_calls_by_end", "ended_calls", ["ended_at"])
    _create_spans("agent_sessions", _text("phone"))
    _create_spans("not_ready_spans", _text("reason"))
    _create_spans(
        "wrap_ups",
        *(_at("ends_at"), _text("how"), _text("queue"), _text("call")),
        _text("outcome_code", null=True),
    )


def _json(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _create_spans(name: str, *columns: sa.Column[str] | sa.Column[float]) -> None:
    op.create_table(
        name,
        sa.Column("agent", sa.String, primary_key=True),
        sa.Column("started_at", sa.Double, primary_key=True),
        _at("ended_at", null=True),
        *columns,
    )
    open_only = sa.text("ended_at IS NULL")
    op.create_index(
        f"{name}_open",
        name,
        ["agent", "started_at"],
        sqlite_where=open_only,
        postgresql_where=open_only,
    )
