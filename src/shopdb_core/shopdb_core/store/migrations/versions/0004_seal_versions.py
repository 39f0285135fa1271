"""Add the version of the seal to audit entries and checkpoints; existing rows have version 1."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_SEALED = {"auditentry": "of the hash", "auditcheckpoint": "of the seal"}


def upgrade() -> None:
    """Add the columns; rows that an older server writes meanwhile have version 1, too."""
    for table, comment in _SEALED.items():
        column = sa.Column(
            "sealversion", sa.SmallInteger, nullable=False, server_default="1", comment=comment
        )
        op.add_column(table, column)


def downgrade() -> None:
    """Drop the columns; an older server verifies every seal as version 1."""
    for table in _SEALED:
        op.drop_column(table, "sealversion")
