"""Create the tables of devices and their ports."""

import sqlalchemy as sa
from alembic import op

revision = "network_0001"
down_revision = None
branch_labels = None
depends_on = None

ASSET_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create `network_device` and `network_port`."""
    op.create_table(
        "network_device",
        sa.Column("assetid", ASSET_ID, sa.ForeignKey("asset.assetid", ondelete="CASCADE"), primary_key=True),
        sa.Column("sysname", sa.String(255)),
        sa.Column("vendor", sa.String(255)),
        sa.Column("model", sa.String(255)),
        sa.Column("firmware", sa.String(255)),
        sa.Column("location", sa.String(255)),
    )
    op.create_table(
        "network_port",
        sa.Column("assetid", ASSET_ID, sa.ForeignKey("asset.assetid", ondelete="CASCADE"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("ifindex", sa.Integer, nullable=False),
        sa.Column("name", sa.String(255)),
        sa.Column("adminstatus", sa.String(20)),
        sa.Column("operstatus", sa.String(20)),
        sa.Column("speedmbps", sa.BigInteger),
        sa.Column("vlan", sa.Integer),
    )


def downgrade() -> None:
    """Drop both tables; what they held stays in the assets' attributes."""
    op.drop_table("network_port")
    op.drop_table("network_device")
