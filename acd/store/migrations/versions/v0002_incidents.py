"""Incidents that people have set, and what of them each call has heard."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table and the columns; calls of before have heard of none."""
    op.create_table(
        "incidents",
        sa.Column("incident", sa.String, primary_key=True),
        sa.Column("begins_at", sa.Double, nullable=False),
        sa.Column("ends_at", sa.Double, nullable=True),
        sa.Column("told", sa.Text, nullable=False),
    )
    for table in ("living_calls", "ended_calls"):
        op.add_column(table, sa.Column("heard", sa.Text, nullable=False, server_default="[]"))
