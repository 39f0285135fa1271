"""Create the table of the declarations that were served last, and of their breaking changes."""

import sqlalchemy as sa
from alembic import op

from shopdb_core.store.statement import JsonText, UtcDateTime, exact_text

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "serveddeclaration",
        sa.Column("plugin", exact_text(40), nullable=False),
        sa.Column("distribution", sa.String(255), nullable=False),
        sa.Column("version", sa.String(255), nullable=False),
        sa.Column("declaration", JsonText, nullable=False),
        sa.Column("since", UtcDateTime, nullable=False),
        sa.Column("previousversion", sa.String(255), comment="that served another one; null: none did"),
        sa.Column("breakingchanges", JsonText, nullable=False, comment="against that one, as sentences"),
        sa.PrimaryKeyConstraint("plugin", name="pk_serveddeclaration"),
    )


def downgrade() -> None:
    """Drop the table; the next declarations are then not compared."""
    op.drop_table("serveddeclaration")
