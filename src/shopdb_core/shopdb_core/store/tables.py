"""The tables of the core; the migrations in `migrations/versions/` create them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
    false,
    inspect,
)

from shopdb_core.store.statement import AssetSet, Digest, JsonText, Key, RowId, UtcDateTime, Word, exact_text

NAME_LENGTH = 40
IDENTITY_LENGTH = 255
ACTOR_LENGTH = 255
REQUEST_ID_LENGTH = 64
ADDRESS_LENGTH = 45
REASON_LENGTH = 255
CURSOR_LENGTH = 100
FEED_ID_LENGTH = 16
SOURCE_LENGTH = 40
STATE_LENGTH = 8
OUTCOME_LENGTH = 60
ORIGIN_LENGTH = 255
"""Length of the name and of the version of a plugin's distribution."""
USERNAME_LENGTH = 100
SUBJECT_LENGTH = 250
"""`user:` and the subject of a token fit into `ACTOR_LENGTH`."""
ROLE_LENGTH = 10
GRANT_ID_LENGTH = 32
"""Hexadecimal digits of the random id of a session or of a program's token."""
LARGEST_ID = 2**63 - 1
WORD_LENGTH = 40
"""Characters of a word in the index; of a longer one its beginning."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
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

# What was refused lately. A few thousand rows at most, so that no filter needs an index.
refusal = Table(
    "refusal",
    metadata,
    Column("refusalid", RowId, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("plugin", exact_text(NAME_LENGTH), comment="null: none that is installed"),
    Column("source", exact_text(NAME_LENGTH), comment="the name of the key; null: none"),
    Column("clientaddress", String(ADDRESS_LENGTH), comment="null: unknown"),
    Column("requestid", String(REQUEST_ID_LENGTH), nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("errors", JsonText, nullable=False, comment="pointer and keyword of each, no value"),
    Column("identityvalue", String(IDENTITY_LENGTH), comment="null: could not be read"),
)

# How many submissions of a day had each outcome. Empty texts instead of null, which a unique key ignores.
submissioncount = Table(
    "submissioncount",
    metadata,
    Column("countid", RowId, primary_key=True),
    Column("day", Date, nullable=False, comment="in UTC"),
    Column("plugin", exact_text(NAME_LENGTH), nullable=False),
    Column("source", exact_text(NAME_LENGTH), nullable=False),
    Column("outcome", exact_text(OUTCOME_LENGTH), nullable=False),
    Column("count", BigInteger, nullable=False),
    UniqueConstraint("day", "plugin", "source", "outcome"),
)

# The declaration of each plugin that this site served last.
serveddeclaration = Table(
    "serveddeclaration",
    metadata,
    Column("plugin", exact_text(NAME_LENGTH), primary_key=True),
    Column("distribution", String(ORIGIN_LENGTH), nullable=False),
    Column("version", String(ORIGIN_LENGTH), nullable=False),
    Column("declaration", JsonText, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("previousversion", String(ORIGIN_LENGTH), comment="that served another one; null: none did"),
    Column("breakingchanges", JsonText, nullable=False, comment="against that one, as sentences"),
)

migrationfailure = Table(
    "migrationfailure",
    metadata,
    Column("name", String(NAME_LENGTH), primary_key=True),
    Column("revision", String(255), nullable=False),
    Column("reason", String(REASON_LENGTH), nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

# The backups that were made, the newest ones; `shopdb doctor` warns if the last one is old.
backup = Table(
    "backup",
    metadata,
    Column("backupid", RowId, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("file", String(REASON_LENGTH), nullable=False, comment="the name of the archive, without folder"),
    Column("bytes", BigInteger, nullable=False),
    Column("verified", Boolean, nullable=False, comment="restored into a scratch database, and verified"),
)

# Who may sign in. Never deleted, since the audit names them: a user who leaves is disabled.
appuser = Table(
    "appuser",
    metadata,
    Column("userid", RowId, primary_key=True),
    Column("username", String(USERNAME_LENGTH), nullable=False),
    Column("usernamekey", Key, nullable=False, comment="case-folded; two names with one key are one user"),
    Column("passwordhash", exact_text(255), comment="argon2id; null: signs in with the identity provider"),
    Column("providerkey", Digest, comment="of the provider's issuer and subject; null: of this site"),
    Column("role", exact_text(ROLE_LENGTH), nullable=False),
    Column("createdat", UtcDateTime, nullable=False),
    Column("disabledat", UtcDateTime, comment="null: may sign in"),
    UniqueConstraint("usernamekey"),
    UniqueConstraint("providerkey"),
)

# The sessions of users that are in force, or have expired lately; one that is ended is deleted.
accesssession = Table(
    "accesssession",
    metadata,
    Column("sessionid", exact_text(GRANT_ID_LENGTH), primary_key=True, comment="random"),
    Column("userid", ForeignKey(appuser.c.userid, ondelete="RESTRICT"), nullable=False),
    Column("refreshdigest", Digest, comment="of the refresh token; null: of a browser, which has none"),
    # Of a browser's session: of the link that begins it, until it is opened.
    Column("formerdigest", Digest, comment="of the refresh token before"),
    Column("renewedat", UtcDateTime, comment="when that was replaced"),
    Column("createdat", UtcDateTime, nullable=False),
    Column("lastusedat", UtcDateTime, nullable=False, comment="to the minute"),
    Column("expiresat", UtcDateTime, nullable=False),
    Column("clientaddress", String(ADDRESS_LENGTH), comment="null: unknown"),
    Index("ix_accesssession_userid", "userid"),
    Index("ix_accesssession_expiresat", "expiresat"),
)

programtoken = Table(
    "programtoken",
    metadata,
    Column("tokenid", RowId, primary_key=True),
    Column("jti", exact_text(GRANT_ID_LENGTH), nullable=False, comment="random; the claim of the token"),
    Column("name", exact_text(SUBJECT_LENGTH), nullable=False),
    Column("role", exact_text(ROLE_LENGTH), nullable=False),
    Column("createdat", UtcDateTime, nullable=False),
    Column("expiresat", UtcDateTime, nullable=False),
    Column("lastusedat", UtcDateTime, comment="to the minute; null: never"),
    Column("revokedat", UtcDateTime, comment="null: in force"),
    UniqueConstraint("jti"),
    Index("ix_programtoken_name", "name"),
    Index("ix_programtoken_expiresat", "expiresat"),
)

# How many attempts to sign in failed lately: of a user, from an address, or of a user from an address.
signinattempt = Table(
    "signinattempt",
    metadata,
    Column("attemptkey", Digest, primary_key=True, comment="of what is counted"),
    Column("failures", Integer, nullable=False),
    Column("lastat", UtcDateTime, nullable=False),
    Column("blockeduntil", UtcDateTime, comment="null: not blocked"),
    Column("knownat", UtcDateTime, comment="when the user last signed in from the address"),
    Index("ix_signinattempt_lastat", "lastat"),
)

# Who signed in, and what changed about users and tokens (ADR 0036); the audit of assets is another one.
accessevent = Table(
    "accessevent",
    metadata,
    Column("eventid", RowId, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("action", exact_text(20), nullable=False),
    Column("actor", String(ACTOR_LENGTH), comment="null: nobody had signed in"),
    Column("subject", String(ACTOR_LENGTH), comment="the user or token; null: an unknown user"),
    Column("clientaddress", String(ADDRESS_LENGTH), comment="null: unknown, or no client"),
    Column("requestid", String(REQUEST_ID_LENGTH), comment="null: a command"),
    Column("detail", String(REASON_LENGTH)),
    Index("ix_accessevent_action_eventid", "action", "eventid"),
    Index("ix_accessevent_at", "at"),
)

# Which assets have a word (ADR 0034), for each block of 4,096 assets. Without foreign keys, here and below:
# they are written apart from the assets. On SQLite a row of these is an entry of the key's own tree.
assetword = Table(
    "assetword",
    metadata,
    Column("block", Integer, primary_key=True, autoincrement=False, comment="assetid / 4096"),
    Column("word", Word, primary_key=True),
    Column("assets", AssetSet, nullable=False, comment="their positions in the block, or a bitmap"),
    sqlite_with_rowid=False,
)

# The assets that changed since they were indexed.
assetmark = Table(
    "assetmark",
    metadata,
    Column("assetid", RowId, primary_key=True, autoincrement=False),
    Column("auditid", RowId, primary_key=True, autoincrement=False, comment="0: index the whole asset"),
    sqlite_with_rowid=False,
)

# One row, which a transaction locks that writes the index.
wordindex = Table(
    "wordindex",
    metadata,
    Column("wordindexid", Integer, primary_key=True, autoincrement=False),
    Column("writes", BigInteger, nullable=False, comment="how many transactions wrote the index"),
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


def has_tables(connection: Connection) -> bool:
    """Return whether the core's migrations have ever run on this database."""
    return inspect(connection).has_table(asset.name)
