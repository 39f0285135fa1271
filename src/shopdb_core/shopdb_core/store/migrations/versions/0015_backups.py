"""Add the table of backups."""

import sqlalchemy as sa
from alembic import op

from shopdb_core.store.statement import RowId, UtcDateTime

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "backup",
        sa.Column("backupid", RowId, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("file", sa.String(255), nullable=False, comment="the name of the archive, without folder"),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column(
            "verified", sa.Boolean, nullable=False, comment="restored into a scratch database, and verified"
        ),
        sa.PrimaryKeyConstraint("backupid", name="pk_backup"),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("backup")
