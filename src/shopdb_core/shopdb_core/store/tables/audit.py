"""The audit: entries, checkpoints, pruning and heads; their order, and the webhooks that follow it."""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
)

from shopdb_core.store.statement import Digest, JsonText, RowId, UtcDateTime, exact_text
from shopdb_core.store.tables.assets import asset
from shopdb_core.store.tables.columns import (
    ACTOR_LENGTH,
    ADDRESS_LENGTH,
    CURSOR_LENGTH,
    FEED_ID_LENGTH,
    IDENTITY_LENGTH,
    NAME_LENGTH,
    REASON_LENGTH,
    REQUEST_ID_LENGTH,
    SOURCE_LENGTH,
    metadata,
)

auditentry = Table(
    "auditentry",
    metadata,
    Column("auditid", RowId, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("plugin", exact_text(NAME_LENGTH), comment="null: written by a person"),
    Column("action", String(10), nullable=False),
    Column("assetid", ForeignKey(asset.c.assetid, ondelete="RESTRICT"), nullable=False),
    Column("identityvalue", String(IDENTITY_LENGTH), nullable=False),
    Column("volatileonly", Boolean, nullable=False),
    Column("actor", String(ACTOR_LENGTH), nullable=False),
    Column("requestid", String(REQUEST_ID_LENGTH), nullable=False),
    Column("previoushash", Digest, comment="null: the asset's first entry"),
    Column("hash", Digest, nullable=False),
    Column("diff", JsonText, nullable=False),
    Column("sealversion", SmallInteger, nullable=False, server_default="1", comment="of the hash"),
    Column("clientaddress", String(ADDRESS_LENGTH), comment="null: unknown, or no client"),
    Column("rowhash", Digest, comment="of the asset's own row after this entry"),
    Column("source", exact_text(SOURCE_LENGTH), comment="the name of the key; null: it has none"),
    Index("ix_auditentry_assetid_auditid", "assetid", "auditid"),
    Index("ix_auditentry_plugin_action_auditid", "plugin", "action", "auditid"),
)

# Replaces consecutive entries of one asset that were pruned (ADR 0017).
auditcheckpoint = Table(
    "auditcheckpoint",
    metadata,
    Column("lastauditid", RowId, primary_key=True, autoincrement=False),
    Column("firstauditid", RowId, nullable=False),
    Column("assetid", ForeignKey(asset.c.assetid, ondelete="RESTRICT"), nullable=False),
    Column("entries", Integer, nullable=False),
    Column("firstat", UtcDateTime, nullable=False),
    Column("lastat", UtcDateTime, nullable=False),
    Column("previoushash", Digest, comment="of the entry before the first; null: the asset's beginning"),
    Column("lasthash", Digest, nullable=False, comment="of the last entry"),
    Column("seal", Digest, nullable=False),
    Column("diff", JsonText, nullable=False, comment="the net change of all entries"),
    Column("sealversion", SmallInteger, nullable=False, server_default="1", comment="of the seal"),
    Index("ix_auditcheckpoint_assetid_lastauditid", "assetid", "lastauditid"),
)

auditpruning = Table(
    "auditpruning",
    metadata,
    Column("kind", String(10), primary_key=True, comment="of entries: noop or change"),
    Column("position", RowId, nullable=False, comment="the last auditid that was looked at"),
    Column("since", UtcDateTime, comment="when the day began that `allowed` is for"),
    Column("allowed", RowId, comment="the last auditid that may be looked at on that day"),
    Column("deleted", RowId, nullable=False, server_default="0", comment="the last feed position deleted"),
)

# The newest entry of each head: pruning keeps the hashes that the head needs (ADR 0025).
audithead = Table(
    "audithead",
    metadata,
    Column("auditid", RowId, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
)

# The order in which entries were committed; on SQLite it is that of their ids, and this is empty (ADR 0032).
auditposition = Table(
    "auditposition",
    metadata,
    Column("position", RowId, primary_key=True, autoincrement=False),
    Column("auditid", ForeignKey(auditentry.c.auditid, ondelete="CASCADE"), nullable=False),
    UniqueConstraint("auditid"),
)

# One row, which is locked by whoever gives positions.
auditfeed = Table(
    "auditfeed",
    metadata,
    Column("feedid", exact_text(FEED_ID_LENGTH), primary_key=True, comment="of this site, in its cursors"),
    Column("position", RowId, nullable=False, comment="the last one given"),
    Column("settled", RowId, nullable=False, comment="up to this auditid every entry has a position"),
)

# How far each webhook of the file SHOPDB_WEBHOOKS is, by its name (ADR 0033).
webhook = Table(
    "webhook",
    metadata,
    Column("webhookid", RowId, primary_key=True),
    Column("name", exact_text(NAME_LENGTH), nullable=False),
    Column("nextafter", exact_text(CURSOR_LENGTH), nullable=False, comment="cursor of what was delivered"),
    Column("deliveredat", UtcDateTime, comment="when the receiver accepted an entry last"),
    Column("attempts", Integer, nullable=False, comment="that failed, of the next entry"),
    Column("failingsince", UtcDateTime, comment="when the first of them failed"),
    Column("nextat", UtcDateTime, comment="when the next attempt is due"),
    Column("lasterror", String(REASON_LENGTH), comment="of the last attempt that failed"),
    Column("stoppedat", UtcDateTime, comment="null: it is delivered"),
    Column("holder", exact_text(16), comment="the process that delivers"),
    Column("helduntil", UtcDateTime, comment="when another process may take over"),
    UniqueConstraint("name"),
)
