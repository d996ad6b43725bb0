"""Which talk was recorded into which file, and when that was deleted."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the columns; of calls of before nothing was recorded."""
    op.add_column(
        "ended_calls", sa.Column("recording", sa.String, nullable=False, server_default="")
    )
    op.add_column("ended_calls", sa.Column("recording_deleted_at", sa.Double, nullable=True))
