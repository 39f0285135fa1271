"""Add the digest of the last body, by which the same body finds its asset again."""

import sqlalchemy as sa
from alembic import op

from shopdb_core.store.statement import Digest

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the column and its index; the next body of each asset fills it in."""
    op.add_column(
        "asset",
        sa.Column("bodydigest", Digest, comment="of the last body, if the same bytes would change nothing"),
    )
    op.create_index("ix_asset_bodydigest", "asset", ["bodydigest"])


def downgrade() -> None:
    """Drop the column and its index."""
    op.drop_index("ix_asset_bodydigest", "asset")
    op.drop_column("asset", "bodydigest")
