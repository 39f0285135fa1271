"""Add what a printer says that somebody must refill."""

import sqlalchemy as sa
from alembic import op

revision = "printers_0003"
down_revision = "printers_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; the next submission that changes a printer fills it, or `shopdb plugin rebuild`."""
    op.add_column("printers_device", sa.Column("needs", sa.String(100)))
    op.create_index("ix_printers_device_needs", "printers_device", ["needs"])


def downgrade() -> None:
    """Drop the column; the errors stay in the assets' attributes."""
    op.drop_index("ix_printers_device_needs", "printers_device")
    op.drop_column("printers_device", "needs")
