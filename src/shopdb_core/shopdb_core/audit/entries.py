"""The audit entry: its fields, its seal in the chain of an asset, and how it is written.

A new field is a line in `AuditEntry`, a version in `SEALED_FIELDS`, a nullable column with its migration, and
its documentation (docs/architecture.md lists the places).
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

import orjson
from sqlalchemy import Connection, Row, bindparam, select

from shopdb_core.assets.rows import StoredAsset
from shopdb_core.store import Insertion, Statement, Write
from shopdb_core.store.tables import auditentry
from shopdb_hookspecs import JsonObject

Action = Literal[
    "created",
    "updated",
    "noop",
    "related",
    "unrelated",
    "renamed",
    "retired",
    "restored",
    "merged",
    "unmerged",
    "erased",
    "copied",
]
ACTIONS: Sequence[Action] = get_args(Action)

SUBMITTED: Sequence[Action] = ("created", "updated", "noop")
"""The actions of submissions; only their entries have a plugin."""

SAME_VERSION: Sequence[Action] = ("noop", "related", "unrelated", "copied")
"""The actions that leave `version` and `updatedat` of an asset as they are."""


class AuditEntry(NamedTuple):
    """What one submission or one person did to one asset; `diff` is canonical JSON text (contract 6).

    `plugin` is `None` for what a person did, `clientaddress` if there was no client, `source` if the key of
    the submission has no name. `rowhash` is the hash of the asset's own row after it (`row_hash`); entries of
    earlier releases lack it.
    """

    at: datetime
    plugin: str | None
    action: Action
    assetid: int
    identityvalue: str
    diff: str
    volatileonly: bool
    actor: str
    clientaddress: str | None
    requestid: str
    rowhash: bytes | None
    source: str | None = None


FIELDS = AuditEntry._fields
"""The names of the columns of `auditentry`."""

RELATIONSHIPS = "@relationships"
"""The name in diffs of the relationships from an asset; no field has a name that begins with `@`."""

SITE_FIELD = "@sitefields."
"""Before the name of a field of people, in diffs."""

ROW_CHANGES: Mapping[str, str] = MappingProxyType(
    {"@state": "state", "@reason": "reason", "@mergedinto": "mergedinto"}
)
"""The names in diffs of the columns of `asset` that people change."""

_ROW = (
    "assetid",
    "assettype",
    "identityvalue",
    "identitykey",
    "submissionhash",
    "bodydigest",
    "createdat",
    "updatedat",
    "lastseenat",
    "version",
)

ROW_FIELDS: Mapping[int, tuple[str, ...]] = MappingProxyType(
    {3: _ROW, 4: (*_ROW, "state", "reason", "mergedinto", "hassources")}
)
"""The columns of `asset` that `rowhash` covers, by the version of the entry's seal.

All but `chainhash`, which is the entry's own. A released version never changes.
"""


def audited_relationship(relationship: Mapping[Any, Any]) -> JsonObject:
    """Return a relationship, given by its columns, as the diff of its source shows it."""
    return {
        "relationshipid": relationship["relationshipid"],
        "relationshiptype": relationship["relationshiptype"],
        "targetassetid": relationship["targetassetid"],
        "createdat": relationship["createdat"].isoformat(),
    }


_row_values = {version: attrgetter(*names) for version, names in ROW_FIELDS.items()}


def row_hash(row: object, version: int = max(ROW_FIELDS)) -> bytes:
    """Return the hash (16 bytes) of an asset's own row: a `StoredAsset`, or a row with the `ROW_FIELDS`."""
    values = _row_values.get(version, _row_values[min(ROW_FIELDS)])
    return hashlib.blake2b(_canonical(values(row)), digest_size=16).digest()


SealedFields: TypeAlias = Mapping[int, tuple[str, ...]]
"""The fields that the seals of each version cover, in order; each version covers those of the one before.

A released version never changes: the rows that were sealed with it must verify.
"""

_FIRST = (
    "at",
    "plugin",
    "action",
    "assetid",
    "identityvalue",
    "diff",
    "volatileonly",
    "actor",
    "requestid",
)

SEALED_FIELDS: SealedFields = MappingProxyType(
    {
        1: _FIRST,
        2: (*_FIRST, "clientaddress"),
        3: (*_FIRST, "clientaddress", "rowhash"),
        4: (*_FIRST, "clientaddress", "rowhash", "source"),
    }
)

SEALED_RUN: SealedFields = MappingProxyType(
    {
        1: (
            "assetid",
            "firstauditid",
            "lastauditid",
            "entries",
            "firstat",
            "lastat",
            "previoushash",
            "lasthash",
            "diff",
        ),
    }
)
"""The fields that the seals of `auditcheckpoint` cover."""


class Seals:
    """Computes and verifies seals: HMAC-SHA256 with a key for one `purpose`, derived from the site's key.

    `older` keys verify what they sealed. A row has the version of its seal in the column `sealversion`.
    """

    def __init__(self, secret_key: str, purpose: bytes, covered: SealedFields, *older: str) -> None:
        self._keys = [hmac.digest(key.encode(), purpose, "sha256") for key in (secret_key, *older)]
        self._covered = covered
        self._values = {version: attrgetter(*names) for version, names in covered.items()}
        self.version = max(covered)

    def seal(self, record: object, *more: bytes | None) -> bytes:
        """Return the seal, of the newest version, of a record and of `more`, which are not its attributes."""
        return self._compute(self._keys[0], self.version, record, more)

    def renew(self, row: Row[Any], *more: bytes | None) -> bytes:
        """Return the seal with the present key for a row that was sealed, of the version that it has."""
        return self._compute(self._keys[0], row.sealversion, row, more)

    def verify(self, row: Row[Any], seal: bytes, *more: bytes | None) -> bool:
        """Return whether a row is as it was sealed; fields that its version does not cover must be null."""
        covered = self._covered.get(row.sealversion)
        if covered is None:
            return False
        later = (name for name in self._covered[self.version] if name not in covered)
        if any(getattr(row, name) is not None for name in later):
            return False
        return any(
            hmac.compare_digest(self._compute(key, row.sealversion, row, more), seal) for key in self._keys
        )

    def _compute(self, key: bytes, version: int, record: object, more: tuple[bytes | None, ...]) -> bytes:
        """Return the seal; a later version than the first is sealed in an object, which no list can equal."""
        content = (*self._values[version](record), *more)
        sealed = content if version == 1 else {"version": version, "fields": content}
        return hmac.digest(key, _canonical(sealed), "sha256")


def _canonical(value: Any) -> bytes:
    """Return canonical JSON, with date-times as `isoformat` writes them and bytes as hex digits."""
    return orjson.dumps(value, default=bytes.hex, option=orjson.OPT_SORT_KEYS)


@dataclass(frozen=True, slots=True)
class SealedEntry:
    """An entry with its hashes in the asset's chain; `previoushash` is `None` for the first."""

    entry: AuditEntry
    previoushash: bytes | None
    hash: bytes
    sealversion: int


class AuditChain:
    """Seals and verifies entries, each chained to the one before; `checkpoints` does so for checkpoints.

    It seals with the site's key, and also verifies what `older` keys sealed.
    """

    def __init__(self, key: str, *older: str) -> None:
        self._seals = Seals(key, b"shopdb audit chain", SEALED_FIELDS, *older)
        self.checkpoints = Seals(key, b"shopdb audit checkpoint", SEALED_RUN, *older)

    def seal(self, entry: AuditEntry, previoushash: bytes | None) -> SealedEntry:
        """Return `entry` with its hash, a seal of the entry and of the previous hash."""
        return SealedEntry(entry, previoushash, self._seals.seal(entry, previoushash), self._seals.version)

    def verify(self, row: Row[Any]) -> bool:
        """Return whether a row of `auditentry` is as it was written, with one of the keys."""
        return self._seals.verify(row, row.hash, row.previoushash)

    def renew(self, row: Row[Any], previoushash: bytes | None) -> bytes:
        """Return the hash with the present key for a row of `auditentry` that follows another hash now."""
        return self._seals.renew(row, previoushash)


_INSERT = Insertion(auditentry, (*FIELDS, "previoushash", "hash", "sealversion"))
_NEWEST_HASH = Statement(
    select(auditentry.c.hash)
    .where(auditentry.c.assetid == bindparam("assetid"))
    .order_by(auditentry.c.auditid.desc())
    .limit(1)
)
_SUBMITTED = Statement(
    select(auditentry.c.auditid)
    .where(auditentry.c.assetid == bindparam("assetid"), auditentry.c.plugin.is_not(None))
    .limit(1)
)


def entry_row(sealed: SealedEntry) -> dict[str, Any]:
    """Return the row of `auditentry` for a sealed entry, without `auditid`, which the database assigns."""
    return {
        **sealed.entry._asdict(),
        "previoushash": sealed.previoushash,
        "hash": sealed.hash,
        "sealversion": sealed.sealversion,
    }


def record(
    connection: Connection,
    sealed: Sequence[SealedEntry],
    *,
    after: Sequence[Write] = (),
    then: Sequence[Write] = (),
    commit: bool = False,
) -> list[int]:
    """Insert entries `after` other writes and before those in `then`, and return their auditids.

    The caller's transaction, that of the changes, commits; set `commit` if it does so next
    (`Insertion.insert`).
    """
    return _INSERT.insert(connection, [*map(entry_row, sealed)], after=after, then=then, commit=commit)


def previous_hash(connection: Connection, stored: StoredAsset) -> bytes | None:
    """Return the hash that the next entry follows; the row of an asset with one entry lacks it."""
    if stored.chainhash is not None:
        return stored.chainhash
    row = _NEWEST_HASH.run(connection, {"assetid": stored.assetid}).fetchone()
    return row[0] if row else None


def was_submitted(connection: Connection, stored: StoredAsset) -> bool:
    """Return whether the asset was ever submitted, or only entered by hand."""
    if stored.submissionhash is not None:
        return True
    return _SUBMITTED.run(connection, {"assetid": stored.assetid}).fetchone() is not None


def has_dependents(connection: Connection, stored: StoredAsset) -> bool:
    """Return whether rows depend on an asset: its secondary identity, and those in its plugin's tables."""
    return stored.state == "active" and was_submitted(connection, stored)


def newest_seal_version(connection: Connection) -> int:
    """Return the version of the seal of the site's newest entry, 0 if it has none."""
    query = select(auditentry.c.sealversion).order_by(auditentry.c.auditid.desc()).limit(1)
    return connection.scalar(query) or 0
