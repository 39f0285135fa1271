"""Create the tables of assets with their attributes, evidence and relationships, and of the audit."""

import sqlalchemy as sa
from alembic import op

from shopdb_core.store.statement import Digest, JsonText, Key, RowId, UtcDateTime, exact_text

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    _assets()
    _evidence()
    _relationships()
    _audit()
    _migration_failures()


def downgrade() -> None:
    """Drop the tables; first those with foreign keys to others."""
    for table in (
        "migrationfailure",
        "auditentry",
        "assetrelationship",
        "assetevidence",
        "assetattributes",
        "asset",
    ):
        op.drop_table(table)


def _refers_to_asset(column: str, table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}_asset"
    return sa.ForeignKeyConstraint([column], ["asset.assetid"], name=name, ondelete="RESTRICT")


def _assets() -> None:
    op.create_table(
        "asset",
        sa.Column("assetid", RowId, nullable=False),
        sa.Column("assettype", exact_text(40), nullable=False),
        sa.Column("identityvalue", sa.String(255), nullable=False),
        sa.Column("identitykey", Key, nullable=False),
        sa.Column("submissionhash", Digest, comment="of the last submission; null after any other write"),
        sa.Column("chainhash", Digest, comment="of the newest audit entry; null: look it up"),
        sa.Column("createdat", UtcDateTime, nullable=False),
        sa.Column("updatedat", UtcDateTime, nullable=False),
        sa.Column("lastseenat", UtcDateTime, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("assetid", name="pk_asset"),
        sa.UniqueConstraint("assettype", "identitykey", name="uq_asset_assettype_identitykey"),
    )
    op.create_table(
        "assetattributes",
        sa.Column("assetid", RowId, nullable=False),
        sa.Column("attributes", JsonText, nullable=False),
        sa.PrimaryKeyConstraint("assetid", name="pk_assetattributes"),
        _refers_to_asset("assetid", "assetattributes"),
    )


def _evidence() -> None:
    op.create_table(
        "assetevidence",
        sa.Column("assettype", exact_text(40), nullable=False),
        sa.Column("field", exact_text(64), nullable=False),
        sa.Column("value", Key, nullable=False),
        sa.Column("assetid", RowId, nullable=False),
        sa.PrimaryKeyConstraint("assettype", "field", "value", "assetid", name="pk_assetevidence"),
        _refers_to_asset("assetid", "assetevidence"),
    )
    op.create_index("ix_assetevidence_assetid", "assetevidence", ["assetid"])


def _relationships() -> None:
    op.create_table(
        "assetrelationship",
        sa.Column("relationshipid", RowId, nullable=False),
        sa.Column("sourceassetid", RowId, nullable=False),
        sa.Column("targetassetid", RowId, nullable=False),
        sa.Column("relationshiptype", exact_text(40), nullable=False),
        sa.Column("createdat", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("relationshipid", name="pk_assetrelationship"),
        sa.UniqueConstraint(
            "sourceassetid",
            "targetassetid",
            "relationshiptype",
            name="uq_assetrelationship_ends_relationshiptype",
        ),
        _refers_to_asset("sourceassetid", "assetrelationship"),
        _refers_to_asset("targetassetid", "assetrelationship"),
    )
    op.create_index("ix_assetrelationship_targetassetid", "assetrelationship", ["targetassetid"])


def _audit() -> None:
    op.create_table(
        "auditentry",
        sa.Column("auditid", RowId, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("plugin", exact_text(40), comment="null: written by a person"),
        sa.Column("action", sa.String(10), nullable=False),
        sa.Column("assetid", RowId, nullable=False),
        sa.Column("identityvalue", sa.String(255), nullable=False),
        sa.Column("volatileonly", sa.Boolean, nullable=False),
        sa.Column("actor", sa.String(255), nullable=False),
        sa.Column("requestid", sa.String(64), nullable=False),
        sa.Column("previoushash", Digest, comment="null: the asset's first entry"),
        sa.Column("hash", Digest, nullable=False),
        sa.Column("diff", JsonText, nullable=False),
        sa.PrimaryKeyConstraint("auditid", name="pk_auditentry"),
        _refers_to_asset("assetid", "auditentry"),
    )
    op.create_index("ix_auditentry_assetid_auditid", "auditentry", ["assetid", "auditid"])
    op.create_index("ix_auditentry_plugin_auditid", "auditentry", ["plugin", "auditid"])
    op.create_index("ix_auditentry_at", "auditentry", ["at"])


def _migration_failures() -> None:
    op.create_table(
        "migrationfailure",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("revision", sa.String(255), nullable=False),
        sa.Column("reason", sa.String(255), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_migrationfailure"),
    )
