"""Add the class of supplies, and how much is left: of a receptacle, the room."""

import sqlalchemy as sa
from alembic import op

revision = "printers_0002"
down_revision = "printers_0001"
branch_labels = None
depends_on = None

SUPPLY = sa.table("printers_supply", sa.column("levelpercent"), sa.column("leftpercent"))


def upgrade() -> None:
    """Add the columns; no supply had a class until now."""
    op.add_column("printers_supply", sa.Column("supplyclass", sa.String(30)))
    op.add_column("printers_supply", sa.Column("leftpercent", sa.Double))
    op.execute(sa.update(SUPPLY).values(leftpercent=SUPPLY.c.levelpercent))
    op.create_index("ix_printers_supply_leftpercent", "printers_supply", ["leftpercent"])
    op.drop_index("ix_printers_supply_levelpercent", "printers_supply")


def downgrade() -> None:
    """Drop the columns; classes stay in the assets' attributes."""
    op.create_index("ix_printers_supply_levelpercent", "printers_supply", ["levelpercent"])
    op.drop_index("ix_printers_supply_leftpercent", "printers_supply")
    op.drop_column("printers_supply", "leftpercent")
    op.drop_column("printers_supply", "supplyclass")
