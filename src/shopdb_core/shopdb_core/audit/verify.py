"""Whether the audit is whole and true: every hash, every `before`, every stored value."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any

import orjson
from sqlalchemy import Connection, Row, func, select

from shopdb_core.audit.entry import AuditChain, AuditEntry
from shopdb_core.audit.replay import equal, replay
from shopdb_core.store import Store
from shopdb_core.store.tables import asset, assetattributes, auditentry
from shopdb_hookspecs import Json

BATCH = 200


@dataclass(frozen=True, slots=True)
class HistoryFault:
    """One thing that is wrong with an asset's history; `auditid` is `None` where no one entry is to blame."""

    assetid: int
    auditid: int | None
    message: str


@dataclass(frozen=True, slots=True)
class Verified:
    """A batch of assets that was checked: how many, with how many entries, and what is wrong."""

    assets: int
    entries: int
    faults: tuple[HistoryFault, ...]


def count_assets(connection: Connection) -> int:
    """Return how many assets there are to verify."""
    return connection.scalar(select(func.count()).select_from(asset)) or 0


def verify(store: Store, chain: AuditChain) -> Iterator[Verified]:
    """Check every asset, in batches that each see one consistent snapshot while the site goes on writing."""
    last: int | None = 0
    while last is not None:
        batch = _Batch(chain, last)
        verified, last = store.read(batch.check)
        yield verified


@dataclass(frozen=True, slots=True)
class _Batch:
    """The assets that follow `after`."""

    chain: AuditChain
    after: int

    def check(self, connection: Connection) -> tuple[Verified, int | None]:
        """Return the verdict, and the last asset looked at: `None` at the end."""
        assets = _assets(connection, self.after)
        if not assets:
            return Verified(0, 0, ()), None
        last = assets[-1].assetid
        rows = _entries(connection, self.after, last)
        histories = {assetid: list(group) for assetid, group in groupby(rows, attrgetter("assetid"))}
        faults = [fault for row in assets for fault in self._faults(row, histories.get(row.assetid, []))]
        return Verified(len(assets), sum(map(len, histories.values())), tuple(faults)), last

    def _faults(self, stored: Row[Any], history: list[Row[Any]]) -> Iterator[HistoryFault]:
        if not history:
            yield HistoryFault(stored.assetid, None, "the asset has no audit entry")
            return
        attributes: dict[str, Json] = {}
        previoushash = None
        for row in history:
            for message in self._entry_faults(row, previoushash, attributes):
                yield HistoryFault(stored.assetid, row.auditid, message)
            previoushash = row.hash
        for message in _head_faults(stored, history[-1], attributes):
            yield HistoryFault(stored.assetid, None, message)

    def _entry_faults(
        self, row: Row[Any], previoushash: bytes | None, attributes: dict[str, Json]
    ) -> Iterator[str]:
        if row.previoushash != previoushash:
            yield "the entry does not follow the one before it: an entry is missing"
        if self.chain.seal(_entry(row), row.previoushash).hash != row.hash:
            yield "the entry was changed after it was written, or SECRET_KEY is another"
        yield from replay(attributes, orjson.loads(row.diff))


def _head_faults(stored: Row[Any], newest: Row[Any], attributes: dict[str, Json]) -> Iterator[str]:
    if stored.chainhash not in (None, newest.hash):
        yield "the newest entry is missing"
    current = orjson.loads(stored.attributes)
    for name in sorted({*current, *attributes}):
        if not equal(current.get(name), attributes.get(name)):
            yield f"{name}: the last `after` is not the stored value"


def _assets(connection: Connection, after: int) -> list[Row[Any]]:
    query = (
        select(asset.c.assetid, asset.c.chainhash, assetattributes.c.attributes)
        .join_from(asset, assetattributes)
        .where(asset.c.assetid > after)
        .order_by(asset.c.assetid)
        .limit(BATCH)
    )
    return list(connection.execute(query))


def _entries(connection: Connection, after: int, last: int) -> Iterator[Row[Any]]:
    query = (
        select(auditentry)
        .where(auditentry.c.assetid > after, auditentry.c.assetid <= last)
        .order_by(auditentry.c.assetid, auditentry.c.auditid)
    )
    yield from connection.execute(query)


def _entry(row: Row[Any]) -> AuditEntry:
    return AuditEntry(
        at=row.at,
        plugin=row.plugin,
        action=row.action,
        assetid=row.assetid,
        identityvalue=row.identityvalue,
        diff=row.diff,
        volatileonly=row.volatileonly,
        actor=row.actor,
        requestid=row.requestid,
    )
