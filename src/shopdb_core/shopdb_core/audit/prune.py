"""One batch of pruning: which entries go, and which checkpoints stand for them.

It is planned on a snapshot, which hinders nobody, and then carried out in a transaction that only writes.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from shopdb_core.audit.checkpoint import CheckpointSeal, checkpoint_row, checkpoint_run
from shopdb_core.audit.entry import AuditChain
from shopdb_core.audit.prunable import Expiry, Kind, next_entries, prunable
from shopdb_core.audit.run import joined
from shopdb_core.audit.stored import entry_run, is_whole
from shopdb_core.store.tables import auditcheckpoint, auditentry, auditpruning

Positions = Mapping[str, int]


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
    seal: CheckpointSeal

    def __call__(self, connection: Connection) -> PruningPlan | None:
        """Plan the next batch; return `None` where no entry is old enough to be looked at."""
        kind, positions = self.expiry.kind, _positions(connection, lock=False)
        entries = next_entries(connection, self.expiry, positions[kind])
        if not entries:
            return None
        rows = prunable(connection, self.expiry, positions[kind], entries)
        whole = [row for row in rows if is_whole(row, self.chain)]
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
        beside = {checkpoint_run(row) for row in found if self.seal.fits(row)}
        wanted = joined([*map(entry_run, entries), *beside])
        return Checkpoints(
            absorbed=[run.lastauditid for run in beside.difference(wanted)],
            made=[checkpoint_row(run, self.seal) for run in wanted if run not in beside],
        )


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
