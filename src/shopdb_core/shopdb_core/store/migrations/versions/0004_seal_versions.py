"""Which version of the seal each audit entry and each checkpoint has; those that exist have the first."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_SEALED = {"auditentry": "of the hash", "auditcheckpoint": "of the seal"}


def upgrade() -> None:
    """Add the columns; what an older server writes meanwhile has the first version, too."""
    for table, comment in _SEALED.items():
        column = sa.Column(
            "sealversion", sa.SmallInteger, nullable=False, server_default="1", comment=comment
        )
        op.add_column(table, column)


def downgrade() -> None:
    """Drop the columns: an older server takes every seal for one of the first version."""
    for table in _SEALED:
        op.drop_column(table, "sealversion")
