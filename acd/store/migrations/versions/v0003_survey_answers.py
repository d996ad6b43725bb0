"""What callers said in the survey after their talk."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "survey_answers",
        sa.Column("call", sa.String, primary_key=True),
        sa.Column("question", sa.String, primary_key=True),
        sa.Column("answer", sa.String, nullable=False),
        sa.Column("queue", sa.String, nullable=False),
        sa.Column("agent", sa.String, nullable=False),
        sa.Column("answered_at", sa.Double, nullable=False),
    )
    op.create_index("survey_answers_by_time", "survey_answers", ["answered_at"])
