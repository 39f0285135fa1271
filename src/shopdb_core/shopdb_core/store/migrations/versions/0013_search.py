"""Add the index of words; every asset is marked, so that a search looks at it until it is indexed."""

import sqlalchemy as sa
from alembic import op

from shopdb_core.store.statement import AssetSet, RowId, Word

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Create the tables, and mark every asset; `shopdb db upgrade` or the server indexes them."""
    op.create_table(
        "assetword",
        sa.Column("block", sa.Integer, nullable=False, autoincrement=False, comment="assetid / 4096"),
        sa.Column("word", Word, nullable=False),
        sa.Column("assets", AssetSet, nullable=False, comment="their positions in the block, or a bitmap"),
        sa.PrimaryKeyConstraint("block", "word", name="pk_assetword"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "assetmark",
        sa.Column("assetid", RowId, nullable=False, autoincrement=False),
        sa.Column("auditid", RowId, nullable=False, autoincrement=False, comment="0: index the whole asset"),
        sa.PrimaryKeyConstraint("assetid", "auditid", name="pk_assetmark"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "wordindex",
        sa.Column("wordindexid", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("writes", sa.BigInteger, nullable=False, comment="how many transactions wrote the index"),
        sa.PrimaryKeyConstraint("wordindexid", name="pk_wordindex"),
    )
    op.execute("INSERT INTO wordindex (wordindexid, writes) VALUES (1, 0)")
    op.execute("INSERT INTO assetmark (assetid, auditid) SELECT assetid, 0 FROM asset")


def downgrade() -> None:
    """Drop them."""
    for table in ("wordindex", "assetmark", "assetword"):
        op.drop_table(table)
