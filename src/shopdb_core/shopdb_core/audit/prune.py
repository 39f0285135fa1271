"""Pruning: replaces expired entries by checkpoints, a batch at a time (ADR 0017).

A batch is planned on a snapshot, which blocks no writer, and executed in a transaction that only writes.

Entries are examined in the order of their ids; the position of a kind is the id up to which they were.
The newest entry of an asset is kept, because the next one follows it. When the next one is examined, so is
the kept one again.

The clock alone does not make an entry old: its age is that of the newest entry, less its own, so that
nothing is pruned before something was committed. And only a share of the entries is examined in one day, so
that a clock which jumps ahead by weeks costs a part of the history, and an operator notices.
"""

import math
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, insert, not_, or_, select, update

from shopdb_core.audit.checkpoints import checkpoint_row, checkpoint_run, entry_run, join_runs
from shopdb_core.audit.entries import AuditChain
from shopdb_core.audit.positions import LOOK_BACK, is_placed, note_deletion, place_entries
from shopdb_core.settings import Settings
from shopdb_core.store import Store
from shopdb_core.store.tables import asset, auditcheckpoint, auditentry, audithead, auditpruning

Kind = Literal["noop", "change"]

BATCH = 100
"""How many entries one transaction handles, during which no other writes on SQLite."""

DAY = timedelta(days=1)

LEAST_SHARE, MOST_SHARE = 0.1, 0.5
"""The share of the entries not yet examined that may be examined in a day, at least `BATCH` entries.

Between the two it is twice the share that expires in a day if the same number is written every day.
"""

PAUSE = 3.0
"""How long to pause after each batch, as a multiple of the time that it took."""

_NOOPS = or_(auditentry.c.action == "noop", and_(auditentry.c.action == "updated", auditentry.c.volatileonly))
OF_KIND: Mapping[Kind, ColumnElement[bool]] = MappingProxyType({"noop": _NOOPS, "change": not_(_NOOPS)})
"""The condition of the entries of each kind."""


@dataclass(frozen=True, slots=True)
class Expiry:
    """Entries of this kind expire if they are older than `before`; a time after `now` is wrong.

    `share` bounds how many are examined in a day; `None` does not.
    """

    kind: Kind
    before: datetime
    now: datetime
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Pruned:
    """The result of one batch: the entries pruned, and those kept as evidence because their hash is wrong.

    `postponed` is true for the last batch, which is empty, if more entries expired than a day permits.
    """

    kind: Kind
    entries: int
    unfit: int
    postponed: bool = False


@dataclass(frozen=True, slots=True)
class Position:
    """The row of `auditpruning` of one kind: up to where it was examined, and how far it may be in a day."""

    position: int
    since: datetime | None
    allowed: int | None

    def on(self, expiry: Expiry, newest: int) -> "Position":
        """Return the position with what is allowed now; `newest` is the id of the newest entry."""
        if expiry.share is None:
            return self
        if self.since is not None and self.since <= expiry.now < self.since + DAY:
            return self
        more = max(BATCH, math.ceil(expiry.share * (newest - self.position)))
        return replace(self, since=expiry.now, allowed=self.position + more)


Positions = Mapping[str, Position]


def expiries(settings: Settings, now: datetime, *, force: bool = False) -> list[Expiry]:
    """Return the expiry of each kind that has one in the settings; `force` sets no bound for a day."""
    days: dict[Kind, int | None] = {
        "noop": settings.audit_noop_retention_days,
        "change": settings.audit_retention_days,
    }
    return [
        Expiry(kind, now - timedelta(number), now, None if force else _share(number))
        for kind, number in days.items()
        if number is not None
    ]


def _share(days: int) -> float:
    return max(LEAST_SHARE, min(MOST_SHARE, 2 / days))


def _as_committed(expiry: Expiry, newest: datetime) -> Expiry:
    """Return the expiry as of the newest entry, unless the clock is behind it."""
    if expiry.share is None:
        return expiry
    return replace(expiry, before=min(expiry.before, newest - (expiry.now - expiry.before)))


def prune(
    store: Store, chain: AuditChain, expiring: Iterable[Expiry], pause: Callable[[float], object] = time.sleep
) -> Iterator[Pruned]:
    """Prune what has expired; yield the result of each batch after its commit.

    Entries without a position in the feed get one before.
    `pause` is called with a number of seconds, during which others write. Raises `Unavailable`; the next call
    continues where this one ended.
    """
    place_entries(store, LOOK_BACK)
    for expiry in expiring:
        planner = PruningPlanner(expiry, chain)
        started = time.monotonic()
        while (plan := store.read(planner)) is not None:
            if plan.is_postponed:
                yield Pruned(plan.kind, 0, 0, postponed=True)
                break
            is_done = store.transaction(plan)
            worked = time.monotonic() - started
            if is_done:
                yield Pruned(plan.kind, len(plan.hashes), plan.unfit)
            pause(PAUSE * worked)
            started = time.monotonic()


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """The checkpoints to delete, by `lastauditid`, with their seals, and the rows of those to insert."""

    deleted: Mapping[int, bytes] = field(default_factory=dict)
    inserted: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class PruningPlan:
    """The transaction of one batch; call it on a connection.

    `hashes` are those of the entries to delete, by auditid; `unfit` counts the entries with a wrong hash.
    """

    kind: Kind
    positions: Positions
    position: Position
    hashes: Mapping[int, bytes]
    unfit: int
    checkpoints: Checkpoints

    @property
    def is_postponed(self) -> bool:
        """Whether entries have expired, but none of them may be examined today."""
        return self.position.position == self.positions[self.kind].position

    def __call__(self, connection: Connection) -> bool:
        """Execute the plan; return false if another has pruned, erased or sealed anew since it was made."""
        if lock_positions(connection) != self.positions or not self._is_current(connection):
            return False
        deleted, inserted = self.checkpoints.deleted, self.checkpoints.inserted
        if inserted:
            note_deletion(connection, self.kind, [*self.hashes])
            connection.execute(delete(auditentry).where(auditentry.c.auditid.in_(self.hashes)))
            connection.execute(delete(auditcheckpoint).where(auditcheckpoint.c.lastauditid.in_(deleted)))
            connection.execute(insert(auditcheckpoint), inserted)
        moved = update(auditpruning).where(auditpruning.c.kind == self.kind)
        connection.execute(moved.values(asdict(self.position)))
        return True

    def _is_current(self, connection: Connection) -> bool:
        """Return whether what it deletes is as it was: an asset may have been erased, or sealed anew."""
        entry, checkpoint = auditentry.c, auditcheckpoint.c
        return all(
            dict(connection.execute(select(key, seal).where(key.in_(deleted))).all()) == deleted
            for key, seal, deleted in (
                (entry.auditid, entry.hash, self.hashes),
                (checkpoint.lastauditid, checkpoint.seal, self.checkpoints.deleted),
            )
        )


@dataclass(frozen=True, slots=True)
class PruningPlanner:
    """Plans batches of one kind of entries; call it on a read-only connection."""

    expiry: Expiry
    chain: AuditChain

    def __call__(self, connection: Connection) -> PruningPlan | None:
        """Plan the next batch; return `None` if no entry is old enough."""
        kind, positions = self.expiry.kind, _positions(connection, lock=False)
        newest = _newest(connection)
        if newest is None:
            return None
        expiry = _as_committed(self.expiry, newest[1])
        position = positions[kind].on(expiry, newest[0])
        entries = _next_entries(connection, expiry, position.position)
        if not entries:
            return None
        if expiry.share is not None and position.allowed is not None:
            entries = [row for row in entries if row.auditid <= position.allowed]
        if not entries:
            return PruningPlan(kind, positions, position, {}, 0, Checkpoints())
        rows = _prunable(connection, expiry, position.position, entries)
        intact = [row for row in rows if self.chain.verify(row)]
        return PruningPlan(
            kind=kind,
            positions=positions,
            position=replace(position, position=entries[-1].auditid),
            hashes={row.auditid: row.hash for row in intact},
            unfit=len(rows) - len(intact),
            checkpoints=self._checkpoints(connection, intact) if intact else Checkpoints(),
        )

    def _checkpoints(self, connection: Connection, entries: Sequence[Row[Any]]) -> Checkpoints:
        """Replace entries, together with the checkpoints next to them, by as few checkpoints as possible."""
        found = _adjacent_checkpoints(connection, [row.auditid for row in entries])
        seals = self.chain.checkpoints
        adjacent = {checkpoint_run(row): row.seal for row in found if seals.verify(row, row.seal)}
        heads = connection.scalars(select(audithead.c.auditid)).all()
        runs = join_runs([*map(entry_run, entries), *adjacent], heads)
        return Checkpoints(
            deleted={run.lastauditid: seal for run, seal in adjacent.items() if run not in runs},
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
        .where(OF_KIND[expiry.kind], superseded.exists(), is_placed(connection))
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


def _newest(connection: Connection) -> tuple[int, datetime] | None:
    """Return the id and the time of the newest entry."""
    query = select(auditentry.c.auditid, auditentry.c.at).order_by(auditentry.c.auditid.desc())
    row = connection.execute(query.limit(1)).first()
    return (row.auditid, row.at) if row else None


def lock_positions(connection: Connection) -> Positions:
    """Return the position of each kind, after the commit of another that has locked them."""
    return _positions(connection, lock=True)


def _positions(connection: Connection, *, lock: bool) -> Positions:
    query = select(auditpruning).order_by(auditpruning.c.kind)
    rows = connection.execute(query.with_for_update() if lock else query)
    return {row.kind: Position(row.position, row.since, row.allowed) for row in rows}


def _adjacent_checkpoints(connection: Connection, auditids: Collection[int]) -> Sequence[Row[Any]]:
    """Return the checkpoints directly before and after these entries, in the same asset."""
    last, own = auditcheckpoint.c.lastauditid, auditcheckpoint.c.assetid == auditentry.c.assetid
    before = select(func.max(last)).where(own, last < auditentry.c.auditid).scalar_subquery()
    after = select(func.min(last)).where(own, last > auditentry.c.auditid).scalar_subquery()
    entries = auditentry.c.auditid.in_(auditids)
    nearest = connection.execute(select(before, after).select_from(auditentry).where(entries))
    found = {auditid for pair in nearest for auditid in pair if auditid is not None}
    return connection.execute(select(auditcheckpoint).where(last.in_(found))).all() if found else []
