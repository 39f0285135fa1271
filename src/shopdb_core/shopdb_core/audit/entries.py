"""The audit entry: its fields, its place in the asset's chain, and how it is written and read.

A new field is a line in `AuditEntry`, a version in `SEALED_FIELDS`, a nullable column with its migration, and
what the documentation says of it (docs/architecture.md lists the places).
"""

from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Literal

import orjson
from sqlalchemy import Connection, Row, bindparam, insert, select

from shopdb_core.audit.checkpoints import SEALED_RUN, Run
from shopdb_core.audit.seals import SealedFields, Seals
from shopdb_core.store import Insertion, Statement
from shopdb_core.store.tables import auditentry
from shopdb_hookspecs import JsonObject

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


def entry_run(row: Row[Any]) -> Run:
    """Return a row of `auditentry` as the run of this entry alone."""
    return Run(
        assetid=row.assetid,
        firstauditid=row.auditid,
        lastauditid=row.auditid,
        entries=1,
        firstat=row.at,
        lastat=row.at,
        previoushash=row.previoushash,
        lasthash=row.hash,
        diff=row.diff,
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
