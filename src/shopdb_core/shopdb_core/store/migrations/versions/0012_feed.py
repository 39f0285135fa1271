"""Create the tables of the feed of changes and of webhooks.

Entries that exist get their positions after the upgrade, in batches.
"""

import secrets

import sqlalchemy as sa
from alembic import op

from shopdb_core.store.statement import RowId, UtcDateTime, exact_text

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Create the tables, with the id of this site's feed."""
    op.add_column(
        "auditpruning",
        sa.Column(
            "deleted", RowId, nullable=False, server_default="0", comment="the last feed position deleted"
        ),
    )
    op.create_table(
        "auditposition",
        sa.Column("position", RowId, nullable=False, autoincrement=False),
        sa.Column("auditid", RowId, nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_auditposition"),
        sa.UniqueConstraint("auditid", name="uq_auditposition_auditid"),
        sa.ForeignKeyConstraint(
            ["auditid"],
            ["auditentry.auditid"],
            name="fk_auditposition_auditid_auditentry",
            ondelete="CASCADE",
        ),
    )
    feed = op.create_table(
        "auditfeed",
        sa.Column("feedid", exact_text(16), nullable=False, comment="of this site, in its cursors"),
        sa.Column("position", RowId, nullable=False, comment="the last one given"),
        sa.Column("settled", RowId, nullable=False, comment="up to this auditid every entry has a position"),
        sa.PrimaryKeyConstraint("feedid", name="pk_auditfeed"),
    )
    op.bulk_insert(feed, [{"feedid": secrets.token_hex(4), "position": 0, "settled": 0}])
    op.create_table(
        "webhook",
        sa.Column("webhookid", RowId, nullable=False),
        sa.Column("name", exact_text(40), nullable=False),
        sa.Column("nextafter", exact_text(100), nullable=False, comment="cursor of what was delivered"),
        sa.Column("deliveredat", UtcDateTime, comment="when the receiver accepted an entry last"),
        sa.Column("attempts", sa.Integer, nullable=False, comment="that failed, of the next entry"),
        sa.Column("failingsince", UtcDateTime, comment="when the first of them failed"),
        sa.Column("nextat", UtcDateTime, comment="when the next attempt is due"),
        sa.Column("lasterror", sa.String(255), comment="of the last attempt that failed"),
        sa.Column("stoppedat", UtcDateTime, comment="null: it is delivered"),
        sa.Column("holder", exact_text(16), comment="the process that delivers"),
        sa.Column("helduntil", UtcDateTime, comment="when another process may take over"),
        sa.PrimaryKeyConstraint("webhookid", name="pk_webhook"),
        sa.UniqueConstraint("name", name="uq_webhook_name"),
    )


def downgrade() -> None:
    """Drop them; webhooks then begin anew, and cursors of clients are no longer valid."""
    op.drop_table("webhook")
    op.drop_table("auditfeed")
    op.drop_table("auditposition")
    op.drop_column("auditpruning", "deleted")
