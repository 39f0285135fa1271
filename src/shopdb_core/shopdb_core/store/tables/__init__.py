"""The tables of the core; the migrations in `migrations/versions/` create them."""

from sqlalchemy import Connection, inspect

from shopdb_core.store.tables.assets import (
    asset,
    assetattributes,
    assetduplicate,
    assetevidence,
    assetmerge,
    assetrelationship,
    assetsitefields,
    assetsource,
    evidencemove,
)
from shopdb_core.store.tables.audit import (
    auditcheckpoint,
    auditentry,
    auditfeed,
    audithead,
    auditposition,
    auditpruning,
    webhook,
)
from shopdb_core.store.tables.columns import (
    ACTOR_LENGTH,
    ADDRESS_LENGTH,
    CURSOR_LENGTH,
    FEED_ID_LENGTH,
    GRANT_ID_LENGTH,
    IDENTITY_LENGTH,
    LARGEST_ID,
    NAME_LENGTH,
    ORIGIN_LENGTH,
    OUTCOME_LENGTH,
    REASON_LENGTH,
    REQUEST_ID_LENGTH,
    ROLE_LENGTH,
    SOURCE_LENGTH,
    STATE_LENGTH,
    SUBJECT_LENGTH,
    USERNAME_LENGTH,
    WORD_LENGTH,
    metadata,
)
from shopdb_core.store.tables.operations import (
    backup,
    migrationfailure,
    refusal,
    serveddeclaration,
    submissioncount,
)
from shopdb_core.store.tables.people import accessevent, accesssession, appuser, programtoken, signinattempt
from shopdb_core.store.tables.search import assetmark, assetword, wordindex

__all__ = [
    "ACTOR_LENGTH",
    "ADDRESS_LENGTH",
    "CURSOR_LENGTH",
    "FEED_ID_LENGTH",
    "GRANT_ID_LENGTH",
    "IDENTITY_LENGTH",
    "LARGEST_ID",
    "NAME_LENGTH",
    "ORIGIN_LENGTH",
    "OUTCOME_LENGTH",
    "REASON_LENGTH",
    "REQUEST_ID_LENGTH",
    "ROLE_LENGTH",
    "SOURCE_LENGTH",
    "STATE_LENGTH",
    "SUBJECT_LENGTH",
    "USERNAME_LENGTH",
    "WORD_LENGTH",
    "accessevent",
    "accesssession",
    "appuser",
    "asset",
    "assetattributes",
    "assetduplicate",
    "assetevidence",
    "assetmark",
    "assetmerge",
    "assetrelationship",
    "assetsitefields",
    "assetsource",
    "assetword",
    "auditcheckpoint",
    "auditentry",
    "auditfeed",
    "audithead",
    "auditposition",
    "auditpruning",
    "backup",
    "evidencemove",
    "has_tables",
    "metadata",
    "migrationfailure",
    "programtoken",
    "refusal",
    "serveddeclaration",
    "signinattempt",
    "submissioncount",
    "webhook",
    "wordindex",
]


def has_tables(connection: Connection) -> bool:
    """Return whether the core's migrations have ever run on this database."""
    return inspect(connection).has_table(asset.name)
