"""Create the tables of what was refused, and of how many submissions of a day had each outcome."""

import sqlalchemy as sa
from alembic import op

from shopdb_core.store.statement import JsonText, RowId, UtcDateTime, exact_text

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Create the tables; days before the upgrade have no counts."""
    op.create_table(
        "refusal",
        sa.Column("refusalid", RowId, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("plugin", exact_text(40), comment="null: none that is installed"),
        sa.Column("source", exact_text(40), comment="the name of the key; null: none"),
        sa.Column("clientaddress", sa.String(45), comment="null: unknown"),
        sa.Column("requestid", sa.String(64), nullable=False),
        sa.Column("status", sa.SmallInteger, nullable=False),
        sa.Column("errors", JsonText, nullable=False, comment="pointer and keyword of each, no value"),
        sa.Column("identityvalue", sa.String(255), comment="null: could not be read"),
        sa.PrimaryKeyConstraint("refusalid", name="pk_refusal"),
    )
    op.create_table(
        "submissioncount",
        sa.Column("countid", RowId, nullable=False),
        sa.Column("day", sa.Date, nullable=False, comment="in UTC"),
        sa.Column("plugin", exact_text(40), nullable=False),
        sa.Column("source", exact_text(40), nullable=False),
        sa.Column("outcome", exact_text(60), nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("countid", name="pk_submissioncount"),
        sa.UniqueConstraint(
            "day", "plugin", "source", "outcome", name="uq_submissioncount_day_plugin_source_outcome"
        ),
    )


def downgrade() -> None:
    """Drop the tables, with what was counted."""
    op.drop_table("submissioncount")
    op.drop_table("refusal")
