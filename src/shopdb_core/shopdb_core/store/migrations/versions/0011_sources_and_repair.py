"""Add the sources of submissions, the state of assets, the fields of people, and merges.

The fields of people and merges are written from this release on; every asset is active.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from shopdb_core.store.statement import JsonText, RowId, UtcDateTime, exact_text

revision = "0011"
down_revision = "0010"

_NOT_ACTIVE = sa.text("state != 'active'")


def upgrade() -> None:
    """Add the columns and tables."""
    for column in _columns():
        op.add_column("asset", column)
    op.create_index("ix_asset_mergedinto", "asset", ["mergedinto"])
    op.create_index(
        "ix_asset_state_assetid",
        "asset",
        ["state", "assetid"],
        sqlite_where=_NOT_ACTIVE,
        postgresql_where=_NOT_ACTIVE,
    )
    op.add_column(
        "auditentry",
        sa.Column("source", exact_text(40), comment="the name of the key; null: it has none"),
    )
    op.create_table(
        "assetsitefields",
        _assetid("assetsitefields"),
        sa.Column("sitefields", JsonText, nullable=False),
        sa.PrimaryKeyConstraint("assetid", name="pk_assetsitefields"),
    )
    op.create_table(
        "assetsource",
        _assetid("assetsource"),
        sa.Column("source", exact_text(40), nullable=False, comment="empty: a key without a name"),
        sa.Column("lastseenat", UtcDateTime, nullable=False, comment="as the device was then"),
        sa.Column("fields", JsonText, comment="what it gave, where the site ranks the sources of the plugin"),
        sa.PrimaryKeyConstraint("assetid", "source", name="pk_assetsource"),
    )
    op.create_table(
        "assetmerge",
        sa.Column("mergeid", RowId, nullable=False),
        sa.Column("assetid", RowId, nullable=False, comment="which was kept"),
        sa.Column("goneassetid", RowId, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("actor", sa.String(255), nullable=False),
        sa.Column("undo", JsonText, nullable=False, comment="what undoing it needs beside the rows of both"),
        sa.Column("undoneat", UtcDateTime),
        sa.Column("undoneby", sa.String(255), comment="null: in force"),
        sa.PrimaryKeyConstraint("mergeid", name="pk_assetmerge"),
    )
    op.create_index("ix_assetmerge_assetid", "assetmerge", ["assetid"])
    op.create_index("ix_assetmerge_goneassetid", "assetmerge", ["goneassetid"])


def downgrade() -> None:
    """Drop them."""
    for table in ("assetmerge", "assetsource", "assetsitefields"):
        op.drop_table(table)
    op.drop_column("auditentry", "source")
    op.drop_index("ix_asset_state_assetid", "asset")
    op.drop_index("ix_asset_mergedinto", "asset")
    for column in _columns():
        op.drop_column("asset", column.name)


def _columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("state", exact_text(8), nullable=False, server_default="active"),
        sa.Column("reason", sa.String(255), comment="why it is retired"),
        sa.Column("mergedinto", RowId, comment="the asset that it was merged into"),
        sa.Column(
            "hassources", sa.Boolean, nullable=False, server_default=sa.false(), comment="in assetsource"
        ),
    ]


def _assetid(table: str) -> sa.Column[int]:
    target = f"fk_{table}_assetid_asset"
    return sa.Column(
        "assetid",
        RowId,
        sa.ForeignKey("asset.assetid", ondelete="RESTRICT", name=target),
        nullable=False,
    )
