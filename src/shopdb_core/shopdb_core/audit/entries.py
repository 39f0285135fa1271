"""The audit entry: its fields, its seal in the chain of an asset, and how it is written and listed.

A new field is a line in `AuditEntry`, a version in `SEALED_FIELDS`, a nullable column with its migration, and
its documentation (docs/architecture.md lists the places).
"""

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import orjson
from sqlalchemy import Connection, Row, Select, bindparam, insert, select

from shopdb_core.json_text import canonical
from shopdb_core.store import Insertion, Statement
from shopdb_core.store.paging import Page, read_rows
from shopdb_core.store.tables import auditcheckpoint, auditentry
from shopdb_hookspecs import Json, JsonObject

Action = Literal["created", "updated", "noop"]


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What one submission did to one asset; `diff` is canonical JSON text (contract 6).

    `plugin` is `None` for an asset that was created by hand, `clientaddress` if there was no client.
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


FIELDS = tuple(field.name for field in fields(AuditEntry))
"""The names of the columns of `auditentry`, and of the members of an entry in JSON."""

SealedFields: TypeAlias = Mapping[int, tuple[str, ...]]
"""The fields that the seals of each version cover, in order; each version covers those of the one before.

A released version never changes: the rows that were sealed with it must verify.
"""

_FIRST_FIELDS = (
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
        1: _FIRST_FIELDS,
        2: (*_FIRST_FIELDS, "clientaddress"),
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
    """Computes and verifies seals: HMAC-SHA256 with a key for one `purpose`, derived from SECRET_KEY.

    A row has the version of its seal in the column `sealversion`.
    """

    def __init__(self, secret_key: str, purpose: bytes, covered: SealedFields) -> None:
        self._key = hmac.digest(secret_key.encode(), purpose, "sha256")
        self._covered = covered
        self.version = max(covered)

    def seal(self, record: object, *more: bytes | None) -> bytes:
        """Return the seal, of the newest version, of a record and of `more`, which are not its attributes."""
        return self._compute(self.version, record, more)

    def verify(self, row: Row[Any], seal: bytes, *more: bytes | None) -> bool:
        """Return whether a row is as it was sealed; fields that its version does not cover must be null."""
        covered = self._covered.get(row.sealversion)
        if covered is None:
            return False
        later = (name for name in self._covered[self.version] if name not in covered)
        if any(getattr(row, name) is not None for name in later):
            return False
        return hmac.compare_digest(self._compute(row.sealversion, row, more), seal)

    def _compute(self, version: int, record: object, more: tuple[bytes | None, ...]) -> bytes:
        """Return the seal; a later version than the first is sealed in an object, which no list can equal."""
        content = [*_plain(*(getattr(record, name) for name in self._covered[version]), *more)]
        sealed = content if version == 1 else {"version": version, "fields": content}
        return hmac.digest(self._key, canonical(sealed), "sha256")


def _plain(*values: Any) -> Iterator[Json]:
    for value in values:
        if isinstance(value, datetime):
            yield value.isoformat()
        else:
            yield value.hex() if isinstance(value, bytes) else value


@dataclass(frozen=True, slots=True)
class SealedEntry:
    """An entry with its hashes in the asset's chain; `previoushash` is `None` for the first."""

    entry: AuditEntry
    previoushash: bytes | None
    hash: bytes
    sealversion: int


class AuditChain:
    """Seals and verifies entries, each chained to the one before; `checkpoints` does so for checkpoints."""

    def __init__(self, secret_key: str) -> None:
        self._seals = Seals(secret_key, b"shopdb audit chain", SEALED_FIELDS)
        self.checkpoints = Seals(secret_key, b"shopdb audit checkpoint", SEALED_RUN)

    def seal(self, entry: AuditEntry, previoushash: bytes | None) -> SealedEntry:
        """Return `entry` with its hash, a seal of the entry and of the previous hash."""
        return SealedEntry(entry, previoushash, self._seals.seal(entry, previoushash), self._seals.version)

    def verify(self, row: Row[Any]) -> bool:
        """Return whether a row of `auditentry` is as it was written, with the present SECRET_KEY."""
        return self._seals.verify(row, row.hash, row.previoushash)


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
_SUBMITTED = Statement(
    select(auditentry.c.auditid)
    .where(auditentry.c.assetid == bindparam("assetid"), auditentry.c.plugin.is_not(None))
    .limit(1)
)
_PRUNED = Statement(
    select(auditcheckpoint.c.lastauditid).where(auditcheckpoint.c.assetid == bindparam("assetid")).limit(1)
)


def entry_row(sealed: SealedEntry) -> dict[str, Any]:
    """Return the row of `auditentry` for a sealed entry, without `auditid`, which the database assigns."""
    return {
        **dict(zip(FIELDS, _values(sealed.entry), strict=True)),
        "previoushash": sealed.previoushash,
        "hash": sealed.hash,
        "sealversion": sealed.sealversion,
    }


def record(connection: Connection, sealed: SealedEntry) -> int:
    """Insert an entry and return its auditid; the caller's transaction, that of the change, commits."""
    return _INSERT.insert(connection, entry_row(sealed))


def newest_hash(connection: Connection, assetid: int) -> bytes | None:
    """Return the hash of the asset's newest entry, `None` if it has none."""
    row = _NEWEST_HASH.run(connection, {"assetid": assetid}).fetchone()
    return row[0] if row else None


def was_submitted(connection: Connection, assetid: int) -> bool:
    """Return whether the asset was ever submitted; entries that were pruned count as submissions."""
    return bool(
        _SUBMITTED.run(connection, {"assetid": assetid}).fetchone()
        or _PRUNED.run(connection, {"assetid": assetid}).fetchone()
    )


def list_entries(
    connection: Connection,
    *,
    after: int,
    limit: int,
    plugin: str | None = None,
    action: str | None = None,
    assetid: int | None = None,
) -> list[JsonObject]:
    """Return up to `limit` entries with ids above `after`, oldest first; `None` is not a filter."""
    query = _select_listed(after, plugin=plugin, action=action, assetid=assetid)
    rows = connection.execute(query.order_by(auditentry.c.auditid).limit(limit)).mappings()
    return [{**row, "diff": orjson.loads(row["diff"])} for row in rows]


def read_page(
    connection: Connection,
    *,
    after: int,
    limit: int,
    plugin: str | None = None,
    action: str | None = None,
    assetid: int | None = None,
) -> Page:
    """Return a page of the same list, in which each `diff` stays JSON text."""
    query = _select_listed(after, plugin=plugin, action=action, assetid=assetid)
    rows, more = read_rows(connection, query, auditentry.c.auditid, auditentry.c.diff, limit)
    return Page([{**row._mapping, "diff": orjson.Fragment(row.diff)} for row in rows], more)  # noqa: SLF001  # its public name


def _select_listed(after: int, **filters: str | int | None) -> Select[Any]:
    return (
        select(auditentry.c.auditid, *(auditentry.c[name] for name in FIELDS))
        .filter_by(**{name: value for name, value in filters.items() if value is not None})
        .where(auditentry.c.auditid > after)
    )
