"""Pruning: replaces expired entries by checkpoints, a batch at a time (ADR 0017).

A batch is planned on a snapshot, which blocks no writer, and executed in a transaction that only writes.

Entries are examined in the order of their ids; the position of a kind is the id up to which they were.
The newest entry of an asset is kept, because the next one follows it. When the next one is examined, so is
the kept one again.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Row, and_, delete, func, insert, not_, or_, select, update

from shopdb_core.audit.checkpoints import checkpoint_row, checkpoint_run, entry_run, join_runs
from shopdb_core.audit.entries import AuditChain
from shopdb_core.settings import Settings
from shopdb_core.store import Store
from shopdb_core.store.tables import asset, auditcheckpoint, auditentry, auditpruning

Kind = Literal["noop", "change"]
Positions = Mapping[str, int]

BATCH = 100
"""How many entries one transaction handles, during which no other writes on SQLite."""

PAUSE = 3.0
"""How long to pause after each batch, as a multiple of the time that it took."""

_NOOPS = or_(auditentry.c.action == "noop", and_(auditentry.c.action == "updated", auditentry.c.volatileonly))
_OF_KIND = {"noop": _NOOPS, "change": not_(_NOOPS)}


@dataclass(frozen=True, slots=True)
class Expiry:
    """Entries of this kind expire if they are older than `before`; a time after `now` is wrong."""

    kind: Kind
    before: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class Pruned:
    """The result of one batch: the entries pruned, and those kept as evidence because their hash is wrong."""

    kind: Kind
    entries: int
    unfit: int


def expiries(settings: Settings, now: datetime) -> list[Expiry]:
    """Return the expiry of each kind that has one in the settings."""
    expiring: list[Expiry] = []
    if settings.audit_noop_retention_days is not None:
        expiring.append(Expiry("noop", now - timedelta(settings.audit_noop_retention_days), now))
    if settings.audit_retention_days is not None:
        expiring.append(Expiry("change", now - timedelta(settings.audit_retention_days), now))
    return expiring


def prune(
    store: Store, chain: AuditChain, expiring: Iterable[Expiry], pause: Callable[[float], object] = time.sleep
) -> Iterator[Pruned]:
    """Prune what has expired; yield the result of each batch after its commit.

    `pause` is called with a number of seconds, during which others write. Raises `Unavailable`; the next call
    continues where this one ended.
    """
    for expiry in expiring:
        planner = PruningPlanner(expiry, chain)
        started = time.monotonic()
        while (plan := store.read(planner)) is not None:
            is_done = store.transaction(plan)
            worked = time.monotonic() - started
            if is_done:
                yield Pruned(plan.kind, len(plan.auditids), plan.unfit)
            pause(PAUSE * worked)
            started = time.monotonic()


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """The checkpoints to delete, by `lastauditid`, and the rows of those to insert."""

    deleted: Sequence[int] = ()
    inserted: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class PruningPlan:
    """The transaction of one batch; call it on a connection. `unfit` counts the entries with a wrong hash."""

    kind: Kind
    positions: Positions
    position: int
    auditids: Sequence[int]
    unfit: int
    checkpoints: Checkpoints

    def __call__(self, connection: Connection) -> bool:
        """Execute the plan, or return false if another process has pruned since it was made."""
        if _positions(connection, lock=True) != self.positions:
            return False
        deleted, inserted = self.checkpoints.deleted, self.checkpoints.inserted
        if inserted:
            connection.execute(delete(auditentry).where(auditentry.c.auditid.in_(self.auditids)))
            connection.execute(delete(auditcheckpoint).where(auditcheckpoint.c.lastauditid.in_(deleted)))
            connection.execute(insert(auditcheckpoint), inserted)
        moved = update(auditpruning).where(auditpruning.c.kind == self.kind).values(position=self.position)
        connection.execute(moved)
        return True


@dataclass(frozen=True, slots=True)
class PruningPlanner:
    """Plans batches of one kind of entries; call it on a read-only connection."""

    expiry: Expiry
    chain: AuditChain

    def __call__(self, connection: Connection) -> PruningPlan | None:
        """Plan the next batch; return `None` if no entry is old enough."""
        kind, positions = self.expiry.kind, _positions(connection, lock=False)
        entries = _next_entries(connection, self.expiry, positions[kind])
        if not entries:
            return None
        rows = _prunable(connection, self.expiry, positions[kind], entries)
        intact = [row for row in rows if self.chain.verify(row)]
        return PruningPlan(
            kind=kind,
            positions=positions,
            position=entries[-1].auditid,
            auditids=[row.auditid for row in intact],
            unfit=len(rows) - len(intact),
            checkpoints=self._checkpoints(connection, intact) if intact else Checkpoints(),
        )

    def _checkpoints(self, connection: Connection, entries: Sequence[Row[Any]]) -> Checkpoints:
        """Replace entries, together with the checkpoints next to them, by as few checkpoints as possible."""
        found = _adjacent_checkpoints(connection, [row.auditid for row in entries])
        seals = self.chain.checkpoints
        adjacent = {checkpoint_run(row) for row in found if seals.verify(row, row.seal)}
        runs = join_runs([*map(entry_run, entries), *adjacent])
        return Checkpoints(
            deleted=[run.lastauditid for run in adjacent.difference(runs)],
            inserted=[checkpoint_row(run, seals) for run in runs if run not in adjacent],
        )


def _next_entries(connection: Connection, expiry: Expiry, position: int) -> Sequence[Row[Any]]:
    """Return the next entries, of any kind, up to the first that is not older than `before`.

    An entry from the future was written by a wrong clock, and must not stop pruning until that time.
    """
    query = (
        select(auditentry.c.auditid, auditentry.c.assetid, auditentry.c.at)
        .where(auditentry.c.auditid > position, auditentry.c.at <= expiry.now)
        .order_by(auditentry.c.auditid)
        .limit(BATCH)
    )
    rows: list[Row[Any]] = list(connection.execute(query))
    end = next((index for index, row in enumerate(rows) if row.at >= expiry.before), len(rows))
    return rows[:end]


def _prunable(
    connection: Connection, expiry: Expiry, position: int, entries: Sequence[Row[Any]]
) -> Sequence[Row[Any]]:
    """Return the full rows of the entries to prune, among `entries` and the ones kept before them."""
    auditids = [row.auditid for row in entries]
    kept = _last_before(connection, {row.assetid for row in entries}, position)
    later = auditentry.alias()
    superseded = select(later.c.auditid).where(
        later.c.assetid == auditentry.c.assetid, later.c.auditid > auditentry.c.auditid
    )
    query = (
        select(auditentry)
        .where(auditentry.c.auditid.in_([*kept, *auditids]), auditentry.c.at < expiry.before)
        .where(_OF_KIND[expiry.kind], superseded.exists())
    )
    return connection.execute(query).all()


def _last_before(connection: Connection, assetids: set[int], position: int) -> Sequence[int]:
    """Return the id of each asset's last entry up to `position`."""
    last = (
        select(func.max(auditentry.c.auditid))
        .where(auditentry.c.assetid == asset.c.assetid, auditentry.c.auditid <= position)
        .scalar_subquery()
    )
    found = connection.scalars(select(last).where(asset.c.assetid.in_(assetids)))
    return [auditid for auditid in found if auditid is not None]


def _positions(connection: Connection, *, lock: bool) -> Positions:
    """Return the position of each kind; with `lock`, wait for the commit of another that has locked them."""
    query = select(auditpruning.c.kind, auditpruning.c.position).order_by(auditpruning.c.kind)
    rows = connection.execute(query.with_for_update() if lock else query)
    return {row.kind: row.position for row in rows}


def _adjacent_checkpoints(connection: Connection, auditids: Collection[int]) -> Sequence[Row[Any]]:
    """Return the checkpoints directly before and after these entries, in the same asset."""
    last, own = auditcheckpoint.c.lastauditid, auditcheckpoint.c.assetid == auditentry.c.assetid
    before = select(func.max(last)).where(own, last < auditentry.c.auditid).scalar_subquery()
    after = select(func.min(last)).where(own, last > auditentry.c.auditid).scalar_subquery()
    entries = auditentry.c.auditid.in_(auditids)
    nearest = connection.execute(select(before, after).select_from(auditentry).where(entries))
    found = {auditid for pair in nearest for auditid in pair if auditid is not None}
    return connection.execute(select(auditcheckpoint).where(last.in_(found))).all() if found else []
