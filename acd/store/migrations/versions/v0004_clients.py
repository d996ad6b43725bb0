"""For which client a call is."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the client to calls; of those there are already it is not known."""
    for table in ("living_calls", "ended_calls"):
        op.add_column(table, sa.Column("client", sa.String, nullable=True))
