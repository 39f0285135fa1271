"""Add the hash of the asset's own row to audit entries; those of earlier releases lack it."""

import sqlalchemy as sa
from alembic import op

from shopdb_core.store.statement import Digest

revision = "0006"
down_revision = "0004"


def upgrade() -> None:
    """Add the column."""
    op.add_column(
        "auditentry", sa.Column("rowhash", Digest, comment="of the asset's own row after this entry")
    )


def downgrade() -> None:
    """Drop the column; entries that have it then do not verify."""
    op.drop_column("auditentry", "rowhash")
