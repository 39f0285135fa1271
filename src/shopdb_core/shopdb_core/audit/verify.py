"""Verifying the audit: every hash, every `before`, every stored value."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import groupby
from typing import Any, Literal

import orjson
from sqlalchemy import Connection, Row, func, select

from shopdb_core.audit.checkpoints import Run, checkpoint_run, entry_run
from shopdb_core.audit.diffs import equal, replay
from shopdb_core.audit.entries import AuditChain
from shopdb_core.store import Store
from shopdb_core.store.tables import asset, assetattributes, auditcheckpoint, auditentry
from shopdb_hookspecs import Json

BATCH = 200
ENTRIES_IN_MEMORY = 500


@dataclass(frozen=True, slots=True)
class Link:
    """An entry, or the checkpoint of several; `intact` is whether its hash or seal verifies."""

    kind: Literal["entry", "checkpoint"]
    run: Run
    intact: bool


@dataclass(frozen=True, slots=True)
class HistoryFault:
    """A fault of an asset's history; `auditid` is `None` if it is not that of one entry."""

    assetid: int
    auditid: int | None
    message: str


class History:
    """Checks one asset's history link by link, and counts its entries and those that were pruned."""

    def __init__(self, stored: Row[Any]) -> None:
        self._stored = stored
        self._attributes: dict[str, Json] = {}
        self._newest: Link | None = None
        self.entries = 0
        self.pruned = 0

    def faults(self, links: Iterable[Link]) -> Iterator[HistoryFault]:
        """Check the links, the oldest first, and then the stored asset."""
        assetid = self._stored.assetid
        for link in links:
            for message in self._link_faults(link):
                yield HistoryFault(assetid, link.run.lastauditid, message)
            self._count(link)
        for message in self._head_faults():
            yield HistoryFault(assetid, None, message)

    def _count(self, link: Link) -> None:
        self._newest = link
        if link.kind == "entry":
            self.entries += 1
        else:
            self.pruned += link.run.entries

    def _link_faults(self, link: Link) -> Iterator[str]:
        if link.run.previoushash != (self._newest.run.lasthash if self._newest else None):
            yield f"the {link.kind} does not follow the one before it: an entry is missing"
        if not link.intact:
            yield f"the {link.kind} was changed after it was written, or SECRET_KEY has changed"
        yield from replay(self._attributes, orjson.loads(link.run.diff))

    def _head_faults(self) -> Iterator[str]:
        if self._newest is None:
            yield "the asset has no audit entry"
            return
        if self._newest.kind != "entry" or self._stored.chainhash not in (None, self._newest.run.lasthash):
            yield "the newest entry is missing"
        current = orjson.loads(self._stored.attributes)
        for name in sorted({*current, *self._attributes}):
            if not equal(current.get(name), self._attributes.get(name)):
                yield f"{name}: the last `after` is not the stored value"


@dataclass(frozen=True, slots=True)
class Verified:
    """The result for a batch of assets: how many assets, entries and pruned entries, and the faults.

    Pruned entries are those that checkpoints replace.
    """

    assets: int
    entries: int
    pruned: int
    faults: tuple[HistoryFault, ...]


def count_assets(connection: Connection) -> int:
    """Return the number of assets to verify."""
    return connection.scalar(select(func.count()).select_from(asset)) or 0


def verify(store: Store, chain: AuditChain) -> Iterator[Verified]:
    """Check every asset, in batches that each read one consistent snapshot, while others write."""
    last: int | None = 0
    while last is not None:
        batch = _Batch(chain, last)
        verified, last = store.read(batch.check)
        yield verified


@dataclass(frozen=True, slots=True)
class _Batch:
    """The assets with ids above `after`."""

    chain: AuditChain
    after: int

    def check(self, connection: Connection) -> tuple[Verified, int | None]:
        """Return the result, and the id of the last asset checked; `None` after the last batch."""
        assets = _assets(connection, self.after)
        if not assets:
            return Verified(0, 0, 0, ()), None
        last = assets[-1].assetid
        histories: list[History] = []
        faults: list[HistoryFault] = []
        for stored, links in _by_asset(assets, self._links(connection, last)):
            history = History(stored)
            faults += history.faults(links)
            histories.append(history)
        entries, pruned = sum(each.entries for each in histories), sum(each.pruned for each in histories)
        return Verified(len(assets), entries, pruned, tuple(faults)), last

    def _links(self, connection: Connection, last: int) -> Iterator[Link]:
        """Yield the links of these assets, ordered by asset and age."""
        checkpoints = [
            Link("checkpoint", checkpoint_run(row), self.chain.checkpoints.verify(row, row.seal))
            for row in _checkpoints(connection, self.after, last)
        ]
        entries = (
            Link("entry", entry_run(row), self.chain.verify(row))
            for row in _entries(connection, self.after, last)
        )
        return merge(checkpoints, entries, key=lambda link: (link.run.assetid, link.run.lastauditid))


def _by_asset(assets: Sequence[Row[Any]], links: Iterable[Link]) -> Iterator[tuple[Row[Any], Iterable[Link]]]:
    """Pair each asset with its links, which are read from the database while they are iterated."""
    groups = groupby(links, lambda link: link.run.assetid)
    assetid, group = next(groups, (None, ()))
    for stored in assets:
        while assetid is not None and assetid < stored.assetid:
            assetid, group = next(groups, (None, ()))
        yield stored, group if assetid == stored.assetid else ()


def _assets(connection: Connection, after: int) -> list[Row[Any]]:
    query = (
        select(asset.c.assetid, asset.c.chainhash, assetattributes.c.attributes)
        .join_from(asset, assetattributes)
        .where(asset.c.assetid > after)
        .order_by(asset.c.assetid)
        .limit(BATCH)
    )
    return list(connection.execute(query))


def _checkpoints(connection: Connection, after: int, last: int) -> Iterable[Row[Any]]:
    query = (
        select(auditcheckpoint)
        .where(auditcheckpoint.c.assetid > after, auditcheckpoint.c.assetid <= last)
        .order_by(auditcheckpoint.c.assetid, auditcheckpoint.c.lastauditid)
    )
    return connection.execute(query)


def _entries(connection: Connection, after: int, last: int) -> Iterable[Row[Any]]:
    """Stream the entries, because one asset may have very many."""
    query = (
        select(auditentry)
        .where(auditentry.c.assetid > after, auditentry.c.assetid <= last)
        .order_by(auditentry.c.assetid, auditentry.c.auditid)
    )
    return connection.execute(query, execution_options={"yield_per": ENTRIES_IN_MEMORY})
