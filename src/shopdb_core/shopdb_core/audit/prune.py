"""One batch of pruning: some entries go, and checkpoints stand for them. The caller's transaction commits."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from shopdb_core.audit.checkpoint import CheckpointSeal, checkpoint_run
from shopdb_core.audit.entry import AuditChain
from shopdb_core.audit.prunable import Expiry, Kind, next_entries, prunable
from shopdb_core.audit.run import joined
from shopdb_core.audit.stored import entry_run, is_whole
from shopdb_core.store.tables import auditcheckpoint, auditentry, auditpruning


@dataclass(frozen=True, slots=True)
class Pruned:
    """What one batch did: entries that went, and those whose hash did not fit, which stay as evidence."""

    kind: Kind
    entries: int = 0
    unfit: int = 0


@dataclass(frozen=True, slots=True)
class PruningBatch:
    """The work of one batch; call it on a connection, as often as its transaction is run."""

    expiry: Expiry
    chain: AuditChain
    seal: CheckpointSeal

    def __call__(self, connection: Connection) -> Pruned | None:
        """Prune among the next entries and move on; return `None` where none is old enough."""
        kind = self.expiry.kind
        position = _locked_position(connection, kind)
        entries = next_entries(connection, self.expiry, position)
        if not entries:
            return None
        rows = prunable(connection, self.expiry, position, entries)
        whole = [row for row in rows if is_whole(row, self.chain)]
        if whole:
            self._replace(connection, whole)
        _move(connection, kind, entries[-1].auditid)
        return Pruned(kind, len(whole), len(rows) - len(whole))

    def _replace(self, connection: Connection, rows: Sequence[Row[Any]]) -> None:
        """Put checkpoints in the place of entries, joined with those that stand directly beside them."""
        auditids = [row.auditid for row in rows]
        beside = {checkpoint_run(row) for row in _beside(connection, auditids) if self.seal.fits(row)}
        wanted = joined([*map(entry_run, rows), *beside])
        absorbed = [run.lastauditid for run in beside.difference(wanted)]
        connection.execute(delete(auditentry).where(auditentry.c.auditid.in_(auditids)))
        connection.execute(delete(auditcheckpoint).where(auditcheckpoint.c.lastauditid.in_(absorbed)))
        made = [{**asdict(run), "seal": self.seal.of(run)} for run in wanted if run not in beside]
        connection.execute(insert(auditcheckpoint), made)


def _locked_position(connection: Connection, kind: Kind) -> int:
    """Return where pruning of this kind has come to; of two prunings at once, the second waits here."""
    query = select(auditpruning.c.kind, auditpruning.c.position).order_by(auditpruning.c.kind)
    positions = {row.kind: row.position for row in connection.execute(query.with_for_update())}
    return int(positions[kind])


def _move(connection: Connection, kind: Kind, position: int) -> None:
    connection.execute(update(auditpruning).where(auditpruning.c.kind == kind).values(position=position))


def _beside(connection: Connection, auditids: Collection[int]) -> Sequence[Row[Any]]:
    """Return the checkpoints next to these entries, on either side."""
    last, own = auditcheckpoint.c.lastauditid, auditcheckpoint.c.assetid == auditentry.c.assetid
    before = select(func.max(last)).where(own, last < auditentry.c.auditid).scalar_subquery()
    after = select(func.min(last)).where(own, last > auditentry.c.auditid).scalar_subquery()
    entries = auditentry.c.auditid.in_(auditids)
    nearest = connection.execute(select(before, after).select_from(auditentry).where(entries))
    found = {auditid for pair in nearest for auditid in pair if auditid is not None}
    return connection.execute(select(auditcheckpoint).where(last.in_(found))).all() if found else []
