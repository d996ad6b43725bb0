"""Voicemails: messages in queues' boxes."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make their table."""
    texts = ("state", "call", "queue", "ani", "dnis", "language")
    op.create_table(
        "voicemails",
        sa.Column("id", sa.String, primary_key=True),
        *(sa.Column(name, sa.String, nullable=False) for name in texts),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.Column("begun_at", sa.Double, nullable=False),
        sa.Column("left_at", sa.Double, nullable=True),
        sa.Column("seconds", sa.Double, nullable=True),
        sa.Column("agent", sa.String, nullable=True),
        sa.Column("changed_at", sa.Double, nullable=False),
    )
    op.create_index("voicemails_by_state", "voicemails", ["state"])
