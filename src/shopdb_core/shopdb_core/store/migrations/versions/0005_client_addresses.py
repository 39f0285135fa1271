"""Add the client's address to audit entries; existing entries have none."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column; an older server leaves it null, and seals its entries without it."""
    op.add_column(
        "auditentry", sa.Column("clientaddress", sa.String(45), comment="null: unknown, or no client")
    )


def downgrade() -> None:
    """Drop the column; an older server cannot verify the entries that were sealed with it."""
    op.drop_column("auditentry", "clientaddress")
