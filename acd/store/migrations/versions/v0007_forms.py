"""What callers gave in menus, without an agent."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "forms",
        sa.Column("call", sa.String, primary_key=True),
        sa.Column("form", sa.String, primary_key=True),
        sa.Column("filled_at", sa.Double, primary_key=True),
        sa.Column("entries", sa.Text, nullable=False),
    )
    op.create_index("forms_by_time", "forms", ["form", "filled_at"])
