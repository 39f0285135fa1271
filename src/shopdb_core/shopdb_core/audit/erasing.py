"""Erasing what the audit has of an asset: checkpoints without diffs replace its entries (ADR 0030).

Each keeps the hashes at its ends, so that the chain goes on, and none crosses the end of a head, which needs
the hash there (ADR 0025). The caller's transaction commits.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import merge
from typing import Any, Self

from sqlalchemy import Connection, Row, delete, insert, select

from shopdb_core.assets.rows import StoredAsset
from shopdb_core.audit.checkpoints import NO_CHANGE, Run, checkpoint_row, checkpoint_run, entry_run, join_runs
from shopdb_core.audit.entries import AuditChain
from shopdb_core.audit.prune import lock_positions
from shopdb_core.errors import Conflict
from shopdb_core.store.tables import auditcheckpoint, auditentry, audithead

ENTRIES_IN_MEMORY = 100


@dataclass(frozen=True, slots=True)
class EntriesToErase:
    """The links of one asset's chain, as runs without their diffs, the oldest first."""

    runs: Sequence[Run]

    @classmethod
    def read(cls, connection: Connection, chain: AuditChain, stored: StoredAsset) -> Self:
        """Read the chain of a locked asset.

        Raises `Conflict` if it does not verify: what was edited by hand must not be hidden by erasing it.
        """
        runs = tuple(_whole_chain(connection, chain, stored.assetid))
        if not runs or stored.chainhash not in (None, runs[-1].lasthash):
            raise _broken(stored.assetid)
        return cls(runs)

    @property
    def number(self) -> int:
        """How many entries there are, pruned ones included."""
        return sum(run.entries for run in self.runs)

    def replace(self, connection: Connection, chain: AuditChain, left: str) -> None:
        """Replace them by checkpoints, the last of which has the diff `left`, as JSON text.

        The next entry of the asset was written before: a number must not be used again, and SQLite uses that
        of the newest entry again if it is deleted.
        """
        # A batch of pruning that was planned before would write the diffs back.
        lock_positions(connection)
        heads = connection.scalars(select(audithead.c.auditid)).all()
        *joined, last = join_runs(self.runs, heads)
        rows = [checkpoint_row(run, chain.checkpoints) for run in (*joined, replace(last, diff=left))]
        for table, number in _LINKS:
            of_asset = (table.c.assetid == last.assetid, number <= last.lastauditid)
            connection.execute(delete(table).where(*of_asset))
        connection.execute(insert(auditcheckpoint), rows)


_LINKS = ((auditentry, auditentry.c.auditid), (auditcheckpoint, auditcheckpoint.c.lastauditid))


def _whole_chain(connection: Connection, chain: AuditChain, assetid: int) -> Iterator[Run]:
    """Yield every link, the oldest first; raises `Conflict` at one that does not verify."""
    previous = None
    for run, is_intact in merge(
        _checkpoints(connection, chain, assetid),
        _entries(connection, chain, assetid),
        key=lambda link: link[0].lastauditid,
    ):
        if not is_intact or run.previoushash != previous:
            raise _broken(assetid)
        previous = run.lasthash
        yield run


def _broken(assetid: int) -> Conflict:
    return Conflict(
        f"The history of asset {assetid} was changed by hand, and erasing it would hide that: "
        "`shopdb audit verify` shows what is wrong."
    )


def _entries(connection: Connection, chain: AuditChain, assetid: int) -> Iterator[tuple[Run, bool]]:
    rows = _links(connection, auditentry, assetid, auditentry.c.auditid)
    return ((replace(entry_run(row), diff=NO_CHANGE), chain.verify(row)) for row in rows)


def _checkpoints(connection: Connection, chain: AuditChain, assetid: int) -> Iterator[tuple[Run, bool]]:
    rows = _links(connection, auditcheckpoint, assetid, auditcheckpoint.c.lastauditid)
    seals = chain.checkpoints
    return ((replace(checkpoint_run(row), diff=NO_CHANGE), seals.verify(row, row.seal)) for row in rows)


def _links(connection: Connection, table: Any, assetid: int, number: Any) -> Iterator[Row[Any]]:
    """Read few rows at once, since each may have a long diff."""
    query = select(table).where(table.c.assetid == assetid).order_by(number)
    last = 0
    while rows := connection.execute(query.where(number > last).limit(ENTRIES_IN_MEMORY)).all():
        yield from rows
        last = rows[-1]._mapping[number]  # noqa: SLF001  # its public name
