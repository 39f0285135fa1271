"""Verifying the audit: every hash, every `before`, and every row that an asset has.

What an asset has is compared with its entries by `History`; here it is read, in batches.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import merge
from itertools import groupby
from types import MappingProxyType
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, Select, and_, func, select

from shopdb_core.audit.checkpoints import checkpoint_run, entry_run
from shopdb_core.audit.entries import AuditChain, audited_relationship
from shopdb_core.audit.verifying.history import History, HistoryFault, Link, Secondary, StoredRows
from shopdb_core.store import Store
from shopdb_core.store.tables import (
    asset,
    assetattributes,
    assetevidence,
    assetrelationship,
    assetsitefields,
    auditcheckpoint,
    auditentry,
    auditpruning,
)
from shopdb_hookspecs import Json

BATCH = 200
ENTRIES_IN_MEMORY = 500
KINDS = ("change", "noop")

NO_SECONDARY: Secondary = MappingProxyType({})


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


def verify(store: Store, chain: AuditChain, secondary: Secondary = NO_SECONDARY) -> Iterator[Verified]:
    """Check every asset, in batches that each read one consistent snapshot, while others write.

    `secondary` maps a type of assets to where it has its secondary identities; for a type that it lacks, a
    missing row of `assetevidence` is not noticed.
    """
    last: int | None = 0
    while last is not None:
        batch = _Batch(chain, secondary, last)
        verified, last = store.read(batch.check)
        yield verified


@dataclass(frozen=True, slots=True)
class _Batch:
    """The assets with ids above `after`; the last batch has none, and finds what is left beyond them."""

    chain: AuditChain
    secondary: Secondary
    after: int

    def check(self, connection: Connection) -> tuple[Verified, int | None]:
        """Return the result, and the id of the last asset checked; `None` after the last batch."""
        rows = _Rows.read(connection, self.after)
        histories: list[History] = []
        faults: list[HistoryFault] = []
        if rows.last is None:
            faults += [*_pruning_faults(connection), *_target_faults(connection)]
        for stored, links in rows.with_links(self._links(connection, rows)):
            history = History(stored, self.secondary)
            faults += history.faults(links)
            histories.append(history)
        entries, pruned = sum(each.entries for each in histories), sum(each.pruned for each in histories)
        return Verified(len(rows.assets), entries, pruned, tuple(faults)), rows.last

    def _links(self, connection: Connection, rows: "_Rows") -> Iterator[Link]:
        """Yield the links of these assets, ordered by asset and age."""
        checkpoints = [
            Link("checkpoint", checkpoint_run(row), row, self.chain.checkpoints.verify(row, row.seal))
            for row in _checkpoints(connection, rows)
        ]
        entries = (
            Link("entry", entry_run(row), row, self.chain.verify(row)) for row in _entries(connection, rows)
        )
        return merge(checkpoints, entries, key=lambda link: (link.run.assetid, link.run.lastauditid))


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows beside the entries of the assets with ids above `after`, up to `last`; `None`: without end."""

    after: int
    last: int | None
    assets: Mapping[int, Row[Any]] = field(default_factory=dict)
    attributes: Mapping[int, str] = field(default_factory=dict)
    evidence: Mapping[int, Sequence[Row[Any]]] = field(default_factory=dict)
    relationships: Mapping[int, Sequence[Json]] = field(default_factory=dict)
    sitefields: Mapping[int, str] = field(default_factory=dict)

    @classmethod
    def read(cls, connection: Connection, after: int) -> "_Rows":
        """Read the rows of the next assets."""
        query = select(asset).where(asset.c.assetid > after).order_by(asset.c.assetid).limit(BATCH)
        assets = {row.assetid: row for row in connection.execute(query)}
        bare = cls(after, max(assets, default=None), assets)
        attributes = {row.assetid: row.attributes for row in connection.execute(bare.select(assetattributes))}
        evidence = defaultdict(list)
        for row in connection.execute(bare.select(assetevidence)):
            evidence[row.assetid].append(row)
        relationships = defaultdict(list)
        for row in connection.execute(bare.select(assetrelationship, assetrelationship.c.sourceassetid)):
            relationships[row.sourceassetid].append(audited_relationship(row._asdict()))
        sitefields = {row.assetid: row.sitefields for row in connection.execute(bare.select(assetsitefields))}
        return cls(after, bare.last, assets, attributes, evidence, relationships, sitefields)

    def select(self, table: Any, column: Column[int] | None = None) -> Select[Any]:
        """Return the query of a table's rows of these assets, also of those that do not exist."""
        assetid = table.c.assetid if column is None else column
        return select(table).where(self.contains(assetid))

    def contains(self, assetid: Any) -> ColumnElement[bool]:
        """Return the condition that an id is between those of these assets."""
        return assetid > self.after if self.last is None else and_(assetid > self.after, assetid <= self.last)

    def with_links(self, links: Iterable[Link]) -> Iterator[tuple[StoredRows, Iterable[Link]]]:
        """Pair each asset with its links, which are read from the database while they are iterated."""
        tables = (self.assets, self.attributes, self.evidence, self.relationships, self.sitefields)
        found = sorted({assetid for table in tables for assetid in table}, reverse=True)
        for assetid, group in groupby(links, lambda link: link.run.assetid):
            while found and found[-1] < assetid:
                yield self._stored(found.pop()), ()
            if found and found[-1] == assetid:
                found.pop()
            yield self._stored(assetid), group
        while found:
            yield self._stored(found.pop()), ()

    def _stored(self, assetid: int) -> StoredRows:
        return StoredRows(
            assetid,
            self.assets.get(assetid),
            self.attributes.get(assetid),
            self.evidence.get(assetid, ()),
            self.relationships.get(assetid, ()),
            self.sitefields.get(assetid),
        )


def _checkpoints(connection: Connection, rows: _Rows) -> Iterable[Row[Any]]:
    query = rows.select(auditcheckpoint)
    return connection.execute(query.order_by(auditcheckpoint.c.assetid, auditcheckpoint.c.lastauditid))


def _entries(connection: Connection, rows: _Rows) -> Iterable[Row[Any]]:
    """Stream the entries, because one asset may have very many."""
    query = rows.select(auditentry).order_by(auditentry.c.assetid, auditentry.c.auditid)
    return connection.execute(query, execution_options={"yield_per": ENTRIES_IN_MEMORY})


def _pruning_faults(connection: Connection) -> Iterator[HistoryFault]:
    """Check the positions of pruning, which never pass the newest entry."""
    newest = connection.scalar(select(func.max(auditentry.c.auditid))) or 0
    positions = {row.kind: row.position for row in connection.execute(select(auditpruning))}
    for kind in sorted({*KINDS, *positions}):
        if kind not in KINDS or not 0 <= positions.get(kind, -1) <= newest:
            yield HistoryFault(None, None, f"auditpruning: the position of {kind} cannot be right")


def _target_faults(connection: Connection) -> Iterator[HistoryFault]:
    """Report relationships to assets that do not exist; those from such assets are found with the asset."""
    relationship, exists = assetrelationship.c, select(asset.c.assetid)
    query = select(relationship.sourceassetid, relationship.relationshipid).where(
        ~exists.where(asset.c.assetid == relationship.targetassetid).exists()
    )
    for row in connection.execute(query):
        message = f"relationship {row.relationshipid}: its target does not exist"
        yield HistoryFault(row.sourceassetid, None, message)
