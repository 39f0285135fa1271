"""A copy as of a time: the entries until then, and the rows that follow from them.

The row of an asset has columns that no entry has, such as the hash of its last submission. So the chain of
each asset that has changed since gets one more entry, `copied`, which seals the row as it is in the copy. An
asset that was erased since is copied as it is now: nothing else is left of it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from itertools import groupby
from typing import Any

from sqlalchemy import Column, Connection, Row, Table, and_, case, func, or_, select

from shopdb_core.audit.checkpoints import NO_CHANGE, Run, checkpoint_run, entry_run
from shopdb_core.audit.entries import SAME_VERSION
from shopdb_core.audit.past import Cut, changes_pruned
from shopdb_core.copying.past_asset import Rebuilder, Replayed
from shopdb_core.copying.past_tables import other_rows
from shopdb_core.copying.target import CHUNK, TableRow, Target
from shopdb_core.copying.whole import Progress
from shopdb_core.errors import ConfigurationError
from shopdb_core.store.tables import (
    asset,
    assetattributes,
    assetevidence,
    assetrelationship,
    assetsitefields,
    assetsource,
    auditcheckpoint,
    auditentry,
)

BATCH = 200
"""How many assets are read at once; their entries are streamed."""

_AS_IT_IS: Sequence[tuple[Table, Column[int]]] = (
    (asset, asset.c.assetid),
    (assetattributes, assetattributes.c.assetid),
    (assetsitefields, assetsitefields.c.assetid),
    (assetevidence, assetevidence.c.assetid),
    (assetsource, assetsource.c.assetid),
    (assetrelationship, assetrelationship.c.sourceassetid),
)
"""The tables beside the audit with what an asset has, and the column with its id."""


def check_time(connection: Connection, at: datetime, now: datetime) -> None:
    """Raise `ConfigurationError` for a time as of which the site cannot be copied."""
    if at > now:
        raise ConfigurationError(
            f"--at {at.isoformat()} is in the future: leave it out to copy the site as it is."
        )
    first = connection.scalar(select(func.min(asset.c.createdat)))
    if first is None or at < first:
        since = f"the first asset was created at {first.isoformat()}" if first else "the site has no asset"
        raise ConfigurationError(f"There was nothing at {at.isoformat()}: {since}.")
    if (possible := _next_possible(connection, at)) != at:
        raise ConfigurationError(
            f"Entries that say what the site was at {at.isoformat()} were pruned; it can be copied as of "
            f"{possible.isoformat()}, or later."
        )


def _next_possible(connection: Connection, at: datetime) -> datetime:
    """Return the first time, `at` or later, that is in no run of pruned changes."""
    column, pruned = auditcheckpoint.c, changes_pruned(connection)
    query = (
        select(func.max(column.lastat))
        .join_from(auditcheckpoint, asset)
        .where(column.firstauditid <= pruned, asset.c.state != "erased")
    )
    while (end := connection.scalar(query.where(column.firstat <= at, column.lastat > at))) is not None:
        at = end
    return at


class PastCopy:
    """Copies the core's tables as of a time from one snapshot; use it once, and the caller commits nothing.

    In memory are the ids of all assets and their relationships.
    """

    def __init__(self, source: Connection, target: Target, at: datetime, rebuilder: Rebuilder) -> None:
        self._source = source
        self._target = target
        self._at = at
        self._rebuilder = rebuilder
        self._pruned = changes_pruned(source)
        self._nextid = (source.scalar(select(func.max(auditentry.c.auditid))) or 0) + 1
        self._lasts: dict[int, int] = {}
        self._relationships: list[TableRow] = []
        self.rows: Counter[str] = Counter()
        self.unknown = 0

    def run(self, progress: Progress) -> None:
        """Copy; `progress` is called with the number of assets that were looked at."""
        for batch in self._batches():
            self._copy_assets(batch)
            progress(len(batch))
        self._copy_entries()
        self._write({assetrelationship: self._relationships})
        for table, rows in other_rows(self._source, self._at, max(self._lasts.values(), default=0)):
            self._write({table: rows})

    def _write(self, rows: Mapping[Table, Sequence[TableRow]]) -> None:
        for table, each in rows.items():
            for start in range(0, len(each), CHUNK):
                self._target.write({table: each[start : start + CHUNK]})
            self.rows[table.name] += len(each)

    def _batches(self) -> Iterator[list[Row[Any]]]:
        query = select(asset).where(asset.c.createdat <= self._at).order_by(asset.c.assetid).limit(BATCH)
        last = 0
        while batch := [*self._source.execute(query.where(asset.c.assetid > last))]:
            yield batch
            last = batch[-1].assetid

    def _copy_assets(self, batch: Sequence[Row[Any]]) -> None:
        chains = _Chains.read(self._source, [row.assetid for row in batch], self._at, self._pruned)
        as_they_are = [row.assetid for row in batch if row.state == "erased" or chains.is_same(row.assetid)]
        rebuilt = [row for row in batch if row.assetid not in set(as_they_are)]
        rows: defaultdict[Table, list[TableRow]] = defaultdict(list)
        for table, column in _AS_IT_IS:
            rows[table] += self._source.execute(select(table).where(column.in_(as_they_are))).mappings()
        for past in chains.replayed(self._source, [row for row in rebuilt if chains.exists(row.assetid)]):
            for table, row in self._rebuilder.rows(past, self._nextid):
                rows[table].append(row)
            self._nextid += 1
            self.unknown += bool(past.cut.spanning)
            self._lasts[past.row.assetid] = past.cut.last
        self._lasts |= {assetid: chains.newest[assetid] for assetid in as_they_are}
        self._relationships += rows.pop(assetrelationship)
        self._write(rows)

    def _copy_entries(self) -> None:
        """Copy the entries and the checkpoints up to the cut of each asset, in the order of their ids."""
        end = max(self._lasts.values(), default=0)
        for table, key in (
            (auditentry, auditentry.c.auditid),
            (auditcheckpoint, auditcheckpoint.c.lastauditid),
        ):
            query = select(table).where(key <= end).order_by(key)
            found = self._source.execute(query, execution_options={"yield_per": CHUNK}).mappings()
            for rows in found.partitions(CHUNK):
                self._write({table: [row for row in rows if row[key] <= self._lasts.get(row["assetid"], 0)]})


@dataclass(frozen=True, slots=True)
class _Chains:
    """The chains of some assets, by asset.

    newest: the newest entry of all. until: the newest entry of then. submitted: the newest of a submission.
    later: how many entries follow those of then, and how many of these change the asset.
    """

    cuts: Mapping[int, Cut]
    newest: Mapping[int, int]
    kept: Sequence[int]
    later: Mapping[int, tuple[int, int]]

    @classmethod
    def read(cls, connection: Connection, assetids: Sequence[int], at: datetime, pruned: int) -> "_Chains":
        column = auditentry.c
        of_assets = column.assetid.in_(assetids)
        newest = select(column.assetid, func.max(column.auditid)).where(of_assets).group_by(column.assetid)
        submitted = func.max(case((column.plugin.is_not(None), column.auditid)))
        until = newest.add_columns(submitted).where(column.at <= at)
        found = {row[0]: row[1:] for row in connection.execute(until)}
        checkpoints = defaultdict(list)
        rows = select(auditcheckpoint).where(auditcheckpoint.c.assetid.in_(assetids))
        for row in connection.execute(rows.order_by(auditcheckpoint.c.lastauditid)):
            checkpoints[row.assetid].append(checkpoint_run(row))
        cuts = {
            assetid: Cut.of(checkpoints[assetid], found.get(assetid, (0,))[0], at, pruned)
            for assetid in assetids
        }
        return cls(
            cuts=cuts,
            newest=dict(connection.execute(newest).all()),
            kept=[auditid for each in found.values() for auditid in each if auditid is not None],
            later=_later(connection, cuts),
        )

    def exists(self, assetid: int) -> bool:
        """Return whether an asset existed; raises `ConfigurationError` if what it was is pruned."""
        cut = self.cuts[assetid]
        if cut.exists and not cut.is_known:
            raise ConfigurationError(
                f"The entries that say what asset {assetid} was then were pruned: try again."
            )
        return cut.exists

    def is_same(self, assetid: int) -> bool:
        """Return whether nothing has happened to an asset since."""
        return not self.cuts[assetid].later and assetid not in self.later

    def replayed(self, connection: Connection, rows: Sequence[Row[Any]]) -> list[Replayed]:
        """Return what the entries say of assets."""
        pasts = {
            row.assetid: Replayed(row, self.cuts[row.assetid], self.later.get(row.assetid, (0, 0))[1])
            for row in rows
        }
        for assetid, links in groupby(self._links(connection, pasts), lambda link: link[0].assetid):
            for run, entry in links:
                if entry is None:
                    pasts[assetid].add_run(run)
                else:
                    pasts[assetid].add_entry(run, entry)
        return [*pasts.values()]

    def _links(
        self, connection: Connection, pasts: Mapping[int, Replayed]
    ) -> Iterator[tuple[Run, Row[Any] | None]]:
        """Yield the links of then, by asset and age, without noops but for the last entries."""
        column = auditentry.c
        query = select(auditentry).where(
            column.assetid.in_(pasts),
            or_(column.diff != NO_CHANGE, column.action.not_in(SAME_VERSION), column.auditid.in_(self.kept)),
        )
        found = connection.execute(
            query.order_by(column.assetid, column.auditid), execution_options={"yield_per": CHUNK}
        )
        entries = ((entry_run(row), row) for row in found if row.auditid <= self.cuts[row.assetid].last)
        runs = ((run, None) for assetid in sorted(pasts) for run in self.cuts[assetid].runs)
        return merge(runs, entries, key=lambda link: (link[0].assetid, link[0].lastauditid))


def _later(connection: Connection, cuts: Mapping[int, Cut]) -> dict[int, tuple[int, int]]:
    """Return how many entries follow those of then, and how many of them change the asset."""
    column = auditentry.c
    changes = func.count(case((column.action.not_in(SAME_VERSION), column.auditid)))
    beyond = or_(
        *(and_(column.assetid == assetid, column.auditid > cut.last) for assetid, cut in cuts.items())
    )
    query = select(column.assetid, func.count(), changes).where(beyond).group_by(column.assetid)
    return {assetid: (entries, changed) for assetid, entries, changed in connection.execute(query)}
