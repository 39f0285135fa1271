"""Record on which day a program appeared, and on which day its last computer lost it."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "computers_0003"
down_revision = "computers_0002"
branch_labels = None
depends_on = None

COLUMNS = (
    ("computers_software", "appearedon"),
    ("computers_software", "vanishedon"),
    ("computers_uncounted", "markedon"),
)
INDEXES = ("appearedon", "vanishedon")
HAS_VANISHED = sa.text("vanishedon IS NOT NULL")


def upgrade() -> None:
    """Add the days; those of what is there already stay unknown.

    MySQL and MariaDB commit at each step, so a second run leaves out what the first one did.
    """
    inspector = sa.inspect(op.get_bind())
    for table, column in COLUMNS:
        if column not in {each["name"] for each in inspector.get_columns(table)}:
            op.add_column(table, sa.Column(column, sa.Date))
    present = {each["name"] for each in inspector.get_indexes("computers_software")}
    for column in INDEXES:
        if f"ix_computers_software_{column}" not in present:
            # A new program is not in an index of those that vanished, which saves writing it there.
            only: dict[str, Any] = {"sqlite_where": HAS_VANISHED, "postgresql_where": HAS_VANISHED}
            options = only if column == "vanishedon" else {}
            op.create_index(f"ix_computers_software_{column}", "computers_software", [column], **options)


def downgrade() -> None:
    """Forget the days."""
    for column in INDEXES:
        op.drop_index(f"ix_computers_software_{column}", "computers_software")
    for table, column in COLUMNS:
        op.drop_column(table, column)
