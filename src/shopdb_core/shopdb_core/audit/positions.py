"""The positions of audit entries: the order of their commits, in which no gap is filled later (ADR 0032).

On SQLite one transaction writes at a time, so that the number of an entry is its position. On a database
server numbers are given before the commit: there `place_entries` gives each entry a position after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    case,
    func,
    insert,
    literal,
    select,
    true,
    update,
)

from shopdb_core.store import Store
from shopdb_core.store.databases import DATABASES
from shopdb_core.store.tables import auditentry, auditfeed, auditposition, auditpruning

LONGEST_TRANSACTION = timedelta(seconds=60)
"""Longer than any transaction that may still write an entry with a lower id."""

BATCH = 20_000
"""How many entries get their positions in one transaction."""

LARGEST_SCAN = 100_000
"""How many entries are searched for gaps at once."""

LOOK_BACK = 100_000
"""How many numbers are searched again for transactions that took longer, before pruning."""


def numbers_are_positions(connection: Connection) -> bool:
    """Return whether the number of an entry is its position."""
    return DATABASES[connection.dialect.name].one_writer


def position_column(connection: Connection) -> ColumnElement[int]:
    """Return the column that has the position of an entry of `placed_entries`."""
    return auditentry.c.auditid if numbers_are_positions(connection) else auditposition.c.position


def placed_entries(connection: Connection) -> FromClause:
    """Return the entries that have a position."""
    if numbers_are_positions(connection):
        return auditentry
    return auditposition.join(auditentry, auditentry.c.auditid == auditposition.c.auditid)


def is_placed(connection: Connection) -> ColumnElement[bool]:
    """Return the condition that an entry has a position; without one it must not be pruned."""
    if numbers_are_positions(connection):
        return true()
    return select(auditposition.c.position).where(auditposition.c.auditid == auditentry.c.auditid).exists()


def newest_position(connection: Connection) -> int:
    """Return the position of the newest entry that has one, 0 without any."""
    return connection.scalar(select(func.max(position_column(connection)))) or 0


def last_position(connection: Connection) -> int:
    """Return the last position that was given, 0 without any entry; its entry may have been erased."""
    last = func.max(auditentry.c.auditid) if numbers_are_positions(connection) else auditfeed.c.position
    return connection.scalar(select(last)) or 0


def note_deletion(connection: Connection, kind: str, auditids: Sequence[int]) -> None:
    """Note that entries of a kind are pruned, so that no reader passes over them unnoticed.

    Called before the deletion, which deletes their positions.
    """
    last = connection.scalar(
        select(func.max(position_column(connection)))
        .select_from(placed_entries(connection))
        .where(auditentry.c.auditid.in_(auditids))
    )
    noted = update(auditpruning).where(auditpruning.c.kind == kind, auditpruning.c.deleted < last)
    connection.execute(noted.values(deleted=last))


def place_entries(store: Store, look_back: int = 0) -> None:
    """Give a position to each entry that was committed; several processes may do so at once.

    Each batch commits by itself. Entries are searched from the oldest number that an unfinished transaction
    could still hold, or from `look_back` numbers before it. Raises `Unavailable`.
    """
    placing = _Placing(look_back)
    if store.read(placing.is_due):
        while store.transaction(placing):
            pass


@dataclass(frozen=True, slots=True)
class _Placing:
    """The transaction of one batch; call it on a connection.

    The lock on the row of `auditfeed` excludes others. On a cluster it is local to a node, but both write the
    row: the transaction that commits second is refused and run again.
    """

    look_back: int

    def is_due(self, connection: Connection) -> bool:
        """Return whether there is an entry without a position."""
        if numbers_are_positions(connection):
            return False
        settled = connection.scalar(select(auditfeed.c.settled)) or 0
        return connection.execute(self._unplaced(settled).limit(1)).first() is not None

    def __call__(self, connection: Connection) -> bool:
        """Place a batch; return whether it was full, so that more may follow."""
        feed = connection.execute(select(auditfeed).with_for_update()).one()
        # Read before the entries are placed: each statement sees what was committed before it.
        settled = _settled_after(connection, feed.settled)
        batch = self._unplaced(feed.settled).order_by(auditentry.c.auditid).limit(BATCH).subquery()
        number = func.row_number().over(order_by=batch.c.auditid)
        rows = select(literal(feed.position) + number, batch.c.auditid)
        inserted = insert(auditposition).from_select(["position", "auditid"], rows)
        placed = connection.execute(inserted, execution_options={"preserve_rowcount": True}).rowcount
        if placed == BATCH:
            settled = min(settled, self._last_placed(connection, feed.position + placed))
        moved = {"position": feed.position + placed, "settled": max(settled, feed.settled)}
        connection.execute(update(auditfeed).values(moved))
        return placed == BATCH

    def _unplaced(self, settled: int) -> Select[tuple[int]]:
        return (
            select(auditentry.c.auditid)
            .outerjoin(auditposition, auditposition.c.auditid == auditentry.c.auditid)
            .where(auditentry.c.auditid > settled - self.look_back, auditposition.c.auditid.is_(None))
        )

    def _last_placed(self, connection: Connection, position: int) -> int:
        placed = select(auditposition.c.auditid).where(auditposition.c.position == position)
        return int(connection.scalars(placed).one())


def _settled_after(connection: Connection, settled: int) -> int:
    """Return the number up to which no transaction can still write an entry; at least `settled`.

    An unfinished transaction has left a gap in the numbers; a gap before an older entry stays one.
    """
    entry = auditentry.c
    scanned = (
        select(entry.auditid, entry.at)
        .where(entry.auditid > settled)
        .order_by(entry.auditid)
        .limit(LARGEST_SCAN)
        .subquery()
    )
    previous = func.coalesce(func.lag(scanned.c.auditid).over(order_by=scanned.c.auditid), settled)
    pairs = select(scanned, previous.label("previous")).subquery()
    young = datetime.now(UTC) - LONGEST_TRANSACTION
    is_open = (pairs.c.auditid != pairs.c.previous + 1) & (pairs.c.at >= young)
    first_gap = func.min(case((is_open, pairs.c.previous)))
    end = connection.scalar(select(func.coalesce(first_gap, func.max(pairs.c.auditid))))
    return settled if end is None else int(end)
