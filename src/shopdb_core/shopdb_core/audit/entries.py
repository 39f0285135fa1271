"""Seals: nobody without the site's key can change what is sealed, or make it anew.

The audit entry: its fields, its place in the asset's chain, and how it is written and read.

A new field is a line in `AuditEntry`, a version in `SEALED_FIELDS`, a nullable column with its migration, and
what the documentation says of it (docs/architecture.md lists the places).
"""

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import orjson
from sqlalchemy import Connection, Row, bindparam, insert, select

from shopdb_core.json_text import canonical
from shopdb_core.store import Insertion, Statement
from shopdb_core.store.tables import auditentry
from shopdb_hookspecs import Json, JsonObject

SealedFields: TypeAlias = Mapping[int, tuple[str, ...]]
"""The fields that the seals of each version cover, in order.

A version that was ever released stays: rows that were sealed with it must verify. A later one covers more.
"""


class Seals:
    """Computes and checks HMAC-SHA256 with a key for one `purpose`, derived from the site's SECRET_KEY.

    A row keeps the version of its seal beside it (`sealversion`).
    """

    def __init__(self, secret_key: str, purpose: bytes, covered: SealedFields) -> None:
        self._key = hmac.digest(secret_key.encode(), purpose, "sha256")
        self._covered = covered
        self.version = max(covered)

    def of(self, record: object, *more: bytes | None) -> bytes:
        """Return the seal, of the newest version, of a record and of what it does not hold itself."""
        return self._seal(self.version, record, more)

    def fits(self, row: Row[Any], seal: bytes, *more: bytes | None) -> bool:
        """Whether a row is as it was sealed.

        A field that the row's version does not cover must be null: there was no such field then.
        """
        covered = self._covered.get(row.sealversion)
        if covered is None:
            return False
        later = (name for name in self._covered[self.version] if name not in covered)
        untouched = all(getattr(row, name) is None for name in later)
        return untouched and hmac.compare_digest(self._seal(row.sealversion, row, more), seal)

    def _seal(self, version: int, record: object, more: tuple[bytes | None, ...]) -> bytes:
        """Seal the version with the fields: an object, never the list of the first version."""
        content = [*_plain(*(getattr(record, name) for name in self._covered[version]), *more)]
        sealed = content if version == 1 else {"version": version, "fields": content}
        return hmac.digest(self._key, canonical(sealed), "sha256")


def _plain(*values: Any) -> Iterator[Json]:
    for value in values:
        if isinstance(value, datetime):
            yield value.isoformat()
        else:
            yield value.hex() if isinstance(value, bytes) else value


Action = Literal["created", "updated", "noop"]


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What one submission did to one asset; `diff` is canonical JSON text (contract 6).

    `plugin` is `None` where a person wrote the asset.
    """

    at: datetime
    plugin: str | None
    action: Action
    assetid: int
    identityvalue: str
    diff: str
    volatileonly: bool
    actor: str
    requestid: str


FIELDS = tuple(field.name for field in fields(AuditEntry))
"""The names of the fields: columns of `auditentry`, and members of the JSON that shows an entry."""

SEALED_FIELDS: SealedFields = MappingProxyType(
    {
        1: (
            "at",
            "plugin",
            "action",
            "assetid",
            "identityvalue",
            "diff",
            "volatileonly",
            "actor",
            "requestid",
        ),
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
"""The same for the rows of `auditcheckpoint`."""


@dataclass(frozen=True, slots=True)
class SealedEntry:
    """An entry with its place in the asset's chain; `previoushash` is `None` for the first."""

    entry: AuditEntry
    previoushash: bytes | None
    hash: bytes
    sealversion: int


class AuditChain:
    """Chains entries by their hashes, and seals the checkpoints that stand for those that were pruned."""

    def __init__(self, secret_key: str) -> None:
        self._seals = Seals(secret_key, b"shopdb audit chain", SEALED_FIELDS)
        self.checkpoints = Seals(secret_key, b"shopdb audit checkpoint", SEALED_RUN)

    def seal(self, entry: AuditEntry, previoushash: bytes | None) -> SealedEntry:
        """Chain `entry` to the one before it: its hash is a seal of all of it and of the previous hash."""
        return SealedEntry(entry, previoushash, self._seals.of(entry, previoushash), self._seals.version)

    def is_whole(self, row: Row[Any]) -> bool:
        """Whether a row of `auditentry` is as it was written, under the present SECRET_KEY."""
        return self._seals.fits(row, row.hash, row.previoushash)


_values = attrgetter(*FIELDS)
_INSERT = Insertion(
    insert(auditentry).values(
        {column.name: bindparam(column.name) for column in auditentry.c if column.name != "auditid"}
    )
)
_NEWEST_HASH = Statement(
    select(auditentry.c.hash)
    .where(auditentry.c.assetid == bindparam("assetid"))
    .order_by(auditentry.c.auditid.desc())
    .limit(1)
)


def entry_row(sealed: SealedEntry) -> dict[str, Any]:
    """Return the row of `auditentry` that holds a sealed entry; the database gives its `auditid`."""
    return {
        **dict(zip(FIELDS, _values(sealed.entry), strict=True)),
        "previoushash": sealed.previoushash,
        "hash": sealed.hash,
        "sealversion": sealed.sealversion,
    }


def record(connection: Connection, sealed: SealedEntry) -> int:
    """Insert an entry, in the transaction of the change that it describes, and return its auditid."""
    return _INSERT.insert(connection, entry_row(sealed))


def newest_hash(connection: Connection, assetid: int) -> bytes | None:
    """Return the hash that the asset's next entry follows."""
    row = _NEWEST_HASH.run(connection, {"assetid": assetid}).fetchone()
    return row[0] if row else None


def list_entries(
    connection: Connection,
    *,
    after: int,
    limit: int,
    plugin: str | None = None,
    action: str | None = None,
    assetid: int | None = None,
) -> list[JsonObject]:
    """Return up to `limit` audit entries with an id above `after`; filters that are `None` let all pass."""
    wanted = {"plugin": plugin, "action": action, "assetid": assetid}
    query = (
        select(auditentry.c.auditid, *(auditentry.c[name] for name in FIELDS))
        .filter_by(**{name: value for name, value in wanted.items() if value is not None})
        .where(auditentry.c.auditid > after)
        .order_by(auditentry.c.auditid)
        .limit(limit)
    )
    rows = connection.execute(query).mappings()
    return [{**row, "diff": orjson.loads(row["diff"])} for row in rows]
