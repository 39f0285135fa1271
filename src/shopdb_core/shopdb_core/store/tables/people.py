"""Users, sessions, tokens of programs, and their events."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from shopdb_core.store.statement import Digest, Key, RowId, UtcDateTime, exact_text
from shopdb_core.store.tables.columns import (
    ACTOR_LENGTH,
    ADDRESS_LENGTH,
    GRANT_ID_LENGTH,
    REASON_LENGTH,
    REQUEST_ID_LENGTH,
    ROLE_LENGTH,
    SUBJECT_LENGTH,
    USERNAME_LENGTH,
    metadata,
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
