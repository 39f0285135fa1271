"""Create the table of shelves, then fail."""

from alembic import op

revision = "failing_0001"
down_revision = None


def upgrade():
    op.execute("CREATE TABLE failing_shelf (assetid INTEGER PRIMARY KEY)")
    op.execute("INSERT INTO nosuchtable VALUES (1)")
