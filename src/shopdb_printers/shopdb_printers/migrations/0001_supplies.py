"""Create the tables of page counts and supplies."""

import sqlalchemy as sa
from alembic import op

revision = "printers_0001"
down_revision = None
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create `printers_device` and `printers_supply`."""
    op.create_table(
        "printers_device",
        sa.Column("assetid", NUMBER, sa.ForeignKey("asset.assetid", ondelete="CASCADE"), primary_key=True),
        sa.Column("model", sa.String(255)),
        sa.Column("location", sa.String(255)),
        sa.Column("pagecount", NUMBER),
        sa.Column("colorpagecount", NUMBER),
    )
    op.create_table(
        "printers_supply",
        sa.Column("assetid", NUMBER, sa.ForeignKey("asset.assetid", ondelete="CASCADE"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("colorant", sa.String(255)),
        sa.Column("levelpercent", sa.Double),
        sa.Column("levelstate", sa.String(20)),
    )
    op.create_index("ix_printers_supply_levelpercent", "printers_supply", ["levelpercent"])


def downgrade() -> None:
    """Drop both tables; counts and supplies stay in the assets' attributes."""
    op.drop_table("printers_supply")
    op.drop_table("printers_device")
