"""Add the hash of the asset's own row to audit entries, what may be pruned, and the heads."""

import sqlalchemy as sa
from alembic import op

from shopdb_core.store.statement import Digest, RowId, UtcDateTime

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the columns and the table; entries of earlier releases have no `rowhash`."""
    op.add_column(
        "auditentry", sa.Column("rowhash", Digest, comment="of the asset's own row after this entry")
    )
    op.add_column(
        "auditpruning",
        sa.Column("since", UtcDateTime, comment="when the day began that `allowed` is for"),
    )
    op.add_column(
        "auditpruning",
        sa.Column("allowed", RowId, comment="the last auditid that may be looked at on that day"),
    )
    op.create_table(
        "audithead",
        sa.Column("auditid", RowId, nullable=False, autoincrement=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("auditid", name="pk_audithead"),
    )


def downgrade() -> None:
    """Drop the columns and the table; entries that have a `rowhash` then do not verify."""
    op.drop_table("audithead")
    op.drop_column("auditpruning", "allowed")
    op.drop_column("auditpruning", "since")
    op.drop_column("auditentry", "rowhash")
