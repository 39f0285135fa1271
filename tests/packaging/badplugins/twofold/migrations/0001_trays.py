"""Create the table of trays, under the revision that the shelves have."""

from alembic import op

revision = "twofold_0001"
down_revision = None


def upgrade():
    op.execute("CREATE TABLE twofold_tray (assetid INTEGER PRIMARY KEY)")
