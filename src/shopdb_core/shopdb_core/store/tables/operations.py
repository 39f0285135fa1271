"""What became of submissions, what plugins served, and backups."""

from sqlalchemy import BigInteger, Boolean, Column, Date, SmallInteger, String, Table, UniqueConstraint

from shopdb_core.store.statement import JsonText, RowId, UtcDateTime, exact_text
from shopdb_core.store.tables.columns import (
    ADDRESS_LENGTH,
    IDENTITY_LENGTH,
    NAME_LENGTH,
    ORIGIN_LENGTH,
    OUTCOME_LENGTH,
    REASON_LENGTH,
    REQUEST_ID_LENGTH,
    metadata,
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
