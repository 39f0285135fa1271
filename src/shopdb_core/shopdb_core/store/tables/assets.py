"""Assets: their fields, evidence, sources, relationships, merges and duplicates."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint, false

from shopdb_core.store.statement import Digest, JsonText, Key, RowId, UtcDateTime, exact_text
from shopdb_core.store.tables.columns import (
    ACTOR_LENGTH,
    IDENTITY_LENGTH,
    NAME_LENGTH,
    REASON_LENGTH,
    SOURCE_LENGTH,
    STATE_LENGTH,
    metadata,
)

asset = Table(
    "asset",
    metadata,
    Column("assetid", RowId, primary_key=True),
    Column("assettype", exact_text(NAME_LENGTH), nullable=False),
    Column("identityvalue", String(IDENTITY_LENGTH), nullable=False),
    Column("identitykey", Key, nullable=False),
    Column("submissionhash", Digest, comment="of the last submission; null after any other write"),
    Column("bodydigest", Digest, comment="of the last body, if the same bytes would change nothing"),
    Column("chainhash", Digest, comment="of the newest audit entry; null: look it up"),
    Column("createdat", UtcDateTime, nullable=False),
    Column("updatedat", UtcDateTime, nullable=False),
    Column("lastseenat", UtcDateTime, nullable=False),
    Column("version", Integer, nullable=False),
    Column("state", exact_text(STATE_LENGTH), nullable=False, server_default="active"),
    Column("reason", String(REASON_LENGTH), comment="why it is retired"),
    Column("mergedinto", RowId, comment="the asset that it was merged into"),
    Column("hassources", Boolean, nullable=False, server_default=false(), comment="in assetsource"),
    UniqueConstraint("assettype", "identitykey"),
    Index("ix_asset_assettype_assetid", "assettype", "assetid"),
    Index("ix_asset_bodydigest", "bodydigest"),
    Index("ix_asset_mergedinto", "mergedinto"),
    Index("ix_asset_state_assetid", "state", "assetid"),
)

# Not in `asset`: every noop updates the row there, and SQLite writes whole rows (ADR 0006).
assetattributes = Table(
    "assetattributes",
    metadata,
    Column("assetid", ForeignKey(asset.c.assetid, ondelete="RESTRICT"), primary_key=True),
    Column("attributes", JsonText, nullable=False),
)

# The fields of people (contract 11), which no submission changes; an asset without any has no row.
assetsitefields = Table(
    "assetsitefields",
    metadata,
    Column("assetid", ForeignKey(asset.c.assetid, ondelete="RESTRICT"), primary_key=True),
    Column("sitefields", JsonText, nullable=False),
)

# Which sources submitted an asset, if its keys have names or its submissions the time of collection.
assetsource = Table(
    "assetsource",
    metadata,
    Column("assetid", ForeignKey(asset.c.assetid, ondelete="RESTRICT"), primary_key=True),
    Column("source", exact_text(SOURCE_LENGTH), primary_key=True, comment="empty: a key without a name"),
    Column("lastseenat", UtcDateTime, nullable=False, comment="as the device was then"),
    Column("fields", JsonText, comment="what it gave, where the site ranks the sources of the plugin"),
)

# Without foreign keys, like the tables of duplicates below.
assetmerge = Table(
    "assetmerge",
    metadata,
    Column("mergeid", RowId, primary_key=True),
    Column("assetid", RowId, nullable=False, comment="which was kept"),
    Column("goneassetid", RowId, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String(ACTOR_LENGTH), nullable=False),
    Column("undo", JsonText, nullable=False, comment="what undoing it needs beside the rows of both"),
    Column("undoneat", UtcDateTime),
    Column("undoneby", String(ACTOR_LENGTH), comment="null: in force"),
    Index("ix_assetmerge_assetid", "assetid"),
    Index("ix_assetmerge_goneassetid", "goneassetid"),
)

assetevidence = Table(
    "assetevidence",
    metadata,
    Column("assettype", exact_text(NAME_LENGTH), primary_key=True),
    Column("field", exact_text(64), primary_key=True),
    Column("value", Key, primary_key=True),
    Column("assetid", ForeignKey(asset.c.assetid, ondelete="RESTRICT"), primary_key=True),
    Index("ix_assetevidence_assetid", "assetid"),
)

# How values of the evidence moved in the last 30 days: each was taken from an asset, or came to another one
# beside it. Without foreign keys, here and below: they would lock the row of another asset than that of the
# submission, and two submissions could wait for each other.
evidencemove = Table(
    "evidencemove",
    metadata,
    Column("moveid", RowId, primary_key=True),
    Column("assettype", exact_text(NAME_LENGTH), nullable=False),
    Column("field", exact_text(64), nullable=False),
    Column("value", Key, nullable=False),
    Column("assetid", RowId, nullable=False, comment="which had the value"),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_evidencemove_value", "assettype", "field", "value"),
    Index("ix_evidencemove_assetid", "assetid"),
)

assetduplicate = Table(
    "assetduplicate",
    metadata,
    Column("duplicateid", RowId, primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("assettype", exact_text(NAME_LENGTH), nullable=False),
    Column("field", exact_text(64), nullable=False),
    Column("value", String(IDENTITY_LENGTH), comment="of the field; null: found by the identities"),
    Column("othervalue", String(IDENTITY_LENGTH), comment="which a collision alternates with"),
    Column("assetid", RowId, nullable=False),
    Column("otherassetid", RowId, nullable=False, comment="the newer one; of a collision, the same"),
    Column("at", UtcDateTime, nullable=False),
    Column("ignoredat", UtcDateTime),
    Column("ignoredby", String(ACTOR_LENGTH), comment="null: listed"),
    UniqueConstraint("assetid", "otherassetid", "kind"),
    Index("ix_assetduplicate_otherassetid", "otherassetid"),
    # Migration 0008 limits it to rows without `ignoredat` where the database can. To say so here would make
    # every start import what SQLAlchemy has for PostgreSQL, which takes a tenth of the time until it listens.
    Index("ix_assetduplicate_kind_duplicateid", "kind", "duplicateid"),
)

assetrelationship = Table(
    "assetrelationship",
    metadata,
    Column("relationshipid", RowId, primary_key=True),
    Column("sourceassetid", ForeignKey(asset.c.assetid, ondelete="RESTRICT"), nullable=False),
    Column("targetassetid", ForeignKey(asset.c.assetid, ondelete="RESTRICT"), nullable=False),
    Column("relationshiptype", exact_text(NAME_LENGTH), nullable=False),
    Column("createdat", UtcDateTime, nullable=False),
    UniqueConstraint(
        "sourceassetid",
        "targetassetid",
        "relationshiptype",
        name="uq_assetrelationship_ends_relationshiptype",
    ),
    Index("ix_assetrelationship_sourceassetid_relationshipid", "sourceassetid", "relationshipid"),
    Index("ix_assetrelationship_targetassetid_relationshipid", "targetassetid", "relationshipid"),
)
