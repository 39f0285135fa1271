"""Create the tables of checkpoints, which replace pruned audit entries, and of the positions of pruning."""

import sqlalchemy as sa
from alembic import op

from shopdb_core.store.statement import Digest, JsonText, RowId, UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables; drop an index that no query uses and every submission updates."""
    _checkpoints()
    _pruning()
    op.drop_index("ix_auditentry_at", "auditentry")


def downgrade() -> None:
    """Drop the tables; the pruned entries are then missing, and verification reports them."""
    op.create_index("ix_auditentry_at", "auditentry", ["at"])
    op.drop_table("auditpruning")
    op.drop_table("auditcheckpoint")


def _checkpoints() -> None:
    op.create_table(
        "auditcheckpoint",
        sa.Column("lastauditid", RowId, nullable=False, autoincrement=False),
        sa.Column("firstauditid", RowId, nullable=False),
        sa.Column("assetid", RowId, nullable=False),
        sa.Column("entries", sa.Integer, nullable=False),
        sa.Column("firstat", UtcDateTime, nullable=False),
        sa.Column("lastat", UtcDateTime, nullable=False),
        sa.Column(
            "previoushash", Digest, comment="of the entry before the first; null: the asset's beginning"
        ),
        sa.Column("lasthash", Digest, nullable=False, comment="of the last entry"),
        sa.Column("seal", Digest, nullable=False),
        sa.Column("diff", JsonText, nullable=False, comment="the net change of all entries"),
        sa.PrimaryKeyConstraint("lastauditid", name="pk_auditcheckpoint"),
        sa.ForeignKeyConstraint(
            ["assetid"], ["asset.assetid"], name="fk_auditcheckpoint_assetid_asset", ondelete="RESTRICT"
        ),
    )
    op.create_index("ix_auditcheckpoint_assetid_lastauditid", "auditcheckpoint", ["assetid", "lastauditid"])


def _pruning() -> None:
    table = op.create_table(
        "auditpruning",
        sa.Column("kind", sa.String(10), nullable=False, comment="of entries: noop or change"),
        sa.Column("position", RowId, nullable=False, comment="the last auditid that was looked at"),
        sa.PrimaryKeyConstraint("kind", name="pk_auditpruning"),
    )
    op.bulk_insert(table, [{"kind": "noop", "position": 0}, {"kind": "change", "position": 0}])
