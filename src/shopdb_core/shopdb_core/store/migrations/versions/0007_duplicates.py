"""Create the tables of findings about duplicates, and of how secondary identities moved between assets."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from shopdb_core.store.statement import Key, RowId, UtcDateTime, exact_text

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create the tables, and record the pairs that have a secondary identity in common."""
    _moves()
    _record_pairs(_duplicates())


def downgrade() -> None:
    """Drop the tables; an older server finds the pairs of assets by itself."""
    op.drop_table("assetduplicate")
    op.drop_table("evidencemove")


def _moves() -> None:
    op.create_table(
        "evidencemove",
        sa.Column("moveid", RowId, nullable=False),
        sa.Column("assettype", exact_text(40), nullable=False),
        sa.Column("field", exact_text(64), nullable=False),
        sa.Column("value", Key, nullable=False),
        sa.Column("assetid", RowId, nullable=False, comment="which had the value"),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("moveid", name="pk_evidencemove"),
    )
    op.create_index("ix_evidencemove_value", "evidencemove", ["assettype", "field", "value"])
    op.create_index("ix_evidencemove_assetid", "evidencemove", ["assetid"])


def _duplicates() -> sa.Table:
    table = op.create_table(
        "assetduplicate",
        sa.Column("duplicateid", RowId, nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("assettype", exact_text(40), nullable=False),
        sa.Column("field", exact_text(64), nullable=False),
        sa.Column("value", sa.String(255), comment="of the field; null: found by the identities"),
        sa.Column("othervalue", sa.String(255), comment="which a collision alternates with"),
        sa.Column("assetid", RowId, nullable=False),
        sa.Column("otherassetid", RowId, nullable=False, comment="the newer one; of a collision, the same"),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("ignoredat", UtcDateTime),
        sa.Column("ignoredby", sa.String(255), comment="null: listed"),
        sa.PrimaryKeyConstraint("duplicateid", name="pk_assetduplicate"),
        sa.UniqueConstraint(
            "assetid", "otherassetid", "kind", name="uq_assetduplicate_assetid_otherassetid_kind"
        ),
    )
    op.create_index("ix_assetduplicate_otherassetid", "assetduplicate", ["otherassetid"])
    return table


def _record_pairs(duplicate: sa.Table) -> None:
    """Record what `GET /api/duplicates` listed before: a value of exactly two assets."""
    evidence = sa.table("assetevidence", *map(sa.column, ("assettype", "field", "value", "assetid")))
    newer = sa.func.max(evidence.c.assetid)
    pairs = (
        sa.select(
            sa.literal("renamed"),
            evidence.c.assettype,
            evidence.c.field,
            sa.func.min(evidence.c.assetid),
            newer,
            sa.literal(datetime.now(UTC), UtcDateTime),
        )
        .group_by(evidence.c.assettype, evidence.c.field, evidence.c.value)
        .having(sa.func.count() == 2)  # noqa: PLR2004  # a pair
        .order_by(newer)
    )
    names = ("kind", "assettype", "field", "assetid", "otherassetid", "at")
    op.execute(sa.insert(duplicate).from_select(names, pairs, include_defaults=False))
