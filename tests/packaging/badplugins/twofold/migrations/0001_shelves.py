"""Create the table of shelves."""

from alembic import op

revision = "twofold_0001"
down_revision = None


def upgrade():
    op.execute("CREATE TABLE twofold_shelf (assetid INTEGER PRIMARY KEY)")
