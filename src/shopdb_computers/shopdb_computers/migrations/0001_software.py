"""Create the tables of installed software."""

import sqlalchemy as sa
from alembic import op

from shopdb_computers.tables import exact_text

revision = "computers_0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create `computers_software` and `computers_installation`."""
    op.create_table(
        "computers_software",
        sa.Column("softwareid", ID, primary_key=True, autoincrement=False),
        sa.Column("name", exact_text(400), nullable=False),
        sa.Column("version", exact_text(200), nullable=False),
    )
    op.create_index("ix_computers_software_name_version", "computers_software", ["name", "version"])
    op.create_table(
        "computers_installation",
        sa.Column("bucket", ID, primary_key=True, autoincrement=False),
        sa.Column("softwareid", ID, sa.ForeignKey("computers_software.softwareid"), primary_key=True),
        sa.Column("assetid", ID, sa.ForeignKey("asset.assetid", ondelete="CASCADE"), primary_key=True),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Drop both tables; the software lists stay in the assets' attributes."""
    op.drop_table("computers_installation")
    op.drop_table("computers_software")
