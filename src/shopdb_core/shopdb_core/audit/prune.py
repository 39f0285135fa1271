"""Pruning: which entries are too old to be kept, and which checkpoints stand for them from then on.

A batch is planned on a snapshot, which hinders nobody, and carried out in a transaction that only writes.

Entries come in the order of their ids, so each kind has a position: what stands before it was looked at.
The newest entry of an asset stays, since the next one follows it. When that one is looked at in its turn,
so is the entry before it once more: as the newest of its time it may have been left behind.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Row, and_, delete, func, insert, not_, or_, select, update

from shopdb_core.audit.checkpoints import checkpoint_row, checkpoint_run, entry_run, joined
from shopdb_core.audit.entries import AuditChain
from shopdb_core.settings import Settings
from shopdb_core.store import Store
from shopdb_core.store.tables import asset, auditcheckpoint, auditentry, auditpruning

Kind = Literal["noop", "change"]
Positions = Mapping[str, int]

BATCH = 100
"""How many entries are looked at for one transaction, during which nobody else writes."""

REST = 3.0
"""How long to rest after each batch, as a multiple of the time that it took."""

_NOOPS = or_(auditentry.c.action == "noop", and_(auditentry.c.action == "updated", auditentry.c.volatileonly))
_OF_KIND = {"noop": _NOOPS, "change": not_(_NOOPS)}


@dataclass(frozen=True, slots=True)
class Expiry:
    """Entries of this kind go when they are older than `before`; `now` is later than every true entry."""

    kind: Kind
    before: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class Pruned:
    """What one batch did: entries that went, and those whose hash did not fit, which stay as evidence."""

    kind: Kind
    entries: int
    unfit: int


def expiries(settings: Settings, now: datetime) -> list[Expiry]:
    """Return what expires at all, and when; the days of each kind count for that kind alone."""
    expiring: list[Expiry] = []
    if settings.audit_noop_retention_days is not None:
        expiring.append(Expiry("noop", now - timedelta(settings.audit_noop_retention_days), now))
    if settings.audit_retention_days is not None:
        expiring.append(Expiry("change", now - timedelta(settings.audit_retention_days), now))
    return expiring


def prune(
    store: Store, chain: AuditChain, expiring: Iterable[Expiry], rest: Callable[[float], object] = time.sleep
) -> Iterator[Pruned]:
    """Prune what has expired, and yield what each batch did; it is committed by then.

    `rest` gets the number of seconds to leave to others. Raises `Unavailable`; the next call goes on where
    this one ended.
    """
    for expiry in expiring:
        planner = PruningPlanner(expiry, chain)
        started = time.monotonic()
        while (plan := store.read(planner)) is not None:
            is_done = store.transaction(plan)
            worked = time.monotonic() - started
            if is_done:
                yield Pruned(plan.kind, len(plan.auditids), plan.unfit)
            rest(REST * worked)
            started = time.monotonic()


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """The checkpoints that go, by their last auditid, and the rows of those that come."""

    absorbed: Sequence[int] = ()
    made: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class PruningPlan:
    """What one batch is to do; call it on a connection, whose transaction commits.

    `unfit` counts entries whose hash does not fit: they stay, as evidence.
    """

    kind: Kind
    positions: Positions
    position: int
    auditids: Sequence[int]
    unfit: int
    checkpoints: Checkpoints

    def __call__(self, connection: Connection) -> bool:
        """Carry it out, unless another process has pruned since it was made: then return false."""
        if _positions(connection, lock=True) != self.positions:
            return False
        absorbed, made = self.checkpoints.absorbed, self.checkpoints.made
        if made:
            connection.execute(delete(auditentry).where(auditentry.c.auditid.in_(self.auditids)))
            connection.execute(delete(auditcheckpoint).where(auditcheckpoint.c.lastauditid.in_(absorbed)))
            connection.execute(insert(auditcheckpoint), made)
        moved = update(auditpruning).where(auditpruning.c.kind == self.kind).values(position=self.position)
        connection.execute(moved)
        return True


@dataclass(frozen=True, slots=True)
class PruningPlanner:
    """Plans batches of one kind of entries; call it on a connection, which it only reads."""

    expiry: Expiry
    chain: AuditChain

    def __call__(self, connection: Connection) -> PruningPlan | None:
        """Plan the next batch; return `None` where no entry is old enough to be looked at."""
        kind, positions = self.expiry.kind, _positions(connection, lock=False)
        entries = _next_entries(connection, self.expiry, positions[kind])
        if not entries:
            return None
        rows = _prunable(connection, self.expiry, positions[kind], entries)
        whole = [row for row in rows if self.chain.is_whole(row)]
        return PruningPlan(
            kind=kind,
            positions=positions,
            position=entries[-1].auditid,
            auditids=[row.auditid for row in whole],
            unfit=len(rows) - len(whole),
            checkpoints=self._checkpoints(connection, whole) if whole else Checkpoints(),
        )

    def _checkpoints(self, connection: Connection, entries: Sequence[Row[Any]]) -> Checkpoints:
        """Sum up entries, together with the checkpoints that stand directly beside them."""
        found = _beside(connection, [row.auditid for row in entries])
        seals = self.chain.checkpoints
        beside = {checkpoint_run(row) for row in found if seals.fits(row, row.seal)}
        wanted = joined([*map(entry_run, entries), *beside])
        return Checkpoints(
            absorbed=[run.lastauditid for run in beside.difference(wanted)],
            made=[checkpoint_row(run, seals) for run in wanted if run not in beside],
        )


def _next_entries(connection: Connection, expiry: Expiry, position: int) -> Sequence[Row[Any]]:
    """Return the next entries, of any kind, up to the first that is too young.

    An entry of the future was written by a clock that went wrong, and must not stop pruning until then.
    """
    query = (
        select(auditentry.c.auditid, auditentry.c.assetid, auditentry.c.at)
        .where(auditentry.c.auditid > position, auditentry.c.at <= expiry.now)
        .order_by(auditentry.c.auditid)
        .limit(BATCH)
    )
    rows: list[Row[Any]] = list(connection.execute(query))
    young = next((index for index, row in enumerate(rows) if row.at >= expiry.before), len(rows))
    return rows[:young]


def _prunable(
    connection: Connection, expiry: Expiry, position: int, entries: Sequence[Row[Any]]
) -> Sequence[Row[Any]]:
    """Return, whole, those of `entries` and of the ones left behind before them that may go."""
    auditids = [row.auditid for row in entries]
    left = _last_before(connection, {row.assetid for row in entries}, position)
    later = auditentry.alias()
    superseded = select(later.c.auditid).where(
        later.c.assetid == auditentry.c.assetid, later.c.auditid > auditentry.c.auditid
    )
    query = (
        select(auditentry)
        .where(auditentry.c.auditid.in_([*left, *auditids]), auditentry.c.at < expiry.before)
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
    """Return how far each kind was looked at; of two that lock, the second waits for the first's commit."""
    query = select(auditpruning.c.kind, auditpruning.c.position).order_by(auditpruning.c.kind)
    rows = connection.execute(query.with_for_update() if lock else query)
    return {row.kind: row.position for row in rows}


def _beside(connection: Connection, auditids: Collection[int]) -> Sequence[Row[Any]]:
    """Return the checkpoints next to these entries, on either side."""
    last, own = auditcheckpoint.c.lastauditid, auditcheckpoint.c.assetid == auditentry.c.assetid
    before = select(func.max(last)).where(own, last < auditentry.c.auditid).scalar_subquery()
    after = select(func.min(last)).where(own, last > auditentry.c.auditid).scalar_subquery()
    entries = auditentry.c.auditid.in_(auditids)
    nearest = connection.execute(select(before, after).select_from(auditentry).where(entries))
    found = {auditid for pair in nearest for auditid in pair if auditid is not None}
    return connection.execute(select(auditcheckpoint).where(last.in_(found))).all() if found else []
