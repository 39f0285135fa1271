"""The timeline of one asset: what is between the entries that a page shows, and the steps of its changes.

An asset may have ten thousand entries, most of them noops. So these are counted by an index alone, and of
many changes some hundred are chosen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from sqlalchemy import ColumnElement, Connection, case, func, select

from shopdb_core.audit.checkpoints import Run, checkpoint_run
from shopdb_core.store.tables import auditcheckpoint, auditentry

MOST_RUNS = 200
"""How many checkpoints a page shows; there is at most one between two entries."""

_column = auditentry.c


@dataclass(frozen=True, slots=True)
class Gap:
    """Entries that a page leaves out, next to each other.

    newest: the id of the newest of them.
    first, last: the times of the oldest and of the newest of them.
    """

    newest: int
    number: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """One of the changes of an asset, by which a person may go through its past."""

    auditid: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """The place of an entry in the chain of its asset, counted from 1, and the entries next to it.

    `before` is `None` for the first entry, and where the one before was pruned; `after` for the newest.
    """

    number: int
    total: int
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class Steps:
    """Changes of an asset in their order, the newest included; `total` is how many there are in all."""

    total: int
    chosen: Sequence[Step]


def gaps(
    connection: Connection, assetids: Sequence[int], shown: Sequence[int], low: int, high: int
) -> list[Gap]:
    """Return what is left out of the entries of some assets with ids above `low` and below `high`.

    The newest first. `shown` are the ids that are not left out. Only an index is read, but for the times.
    """
    of_assets = (_column.assetid.in_(assetids), _column.auditid > low, _column.auditid < high)
    is_shown = case((_column.auditid.in_(shown), 1), else_=0)
    # The number of entries that are shown and newer.
    newer = func.sum(is_shown).over(order_by=_column.auditid.desc())
    entries = (
        select(_column.auditid, is_shown.label("shown"), newer.label("newer")).where(*of_assets).subquery()
    )
    auditid = entries.c.auditid
    query = select(func.count(), func.min(auditid), func.max(auditid))
    grouped = query.where(entries.c.shown == 0).group_by(entries.c.newer)
    found = connection.execute(grouped).all()
    times = _times(connection, {each for _, *ends in found for each in ends})
    left_out = [Gap(newest, number, times[oldest], times[newest]) for number, oldest, newest in found]
    return sorted(left_out, key=attrgetter("newest"), reverse=True)


def pruned_runs(connection: Connection, assetids: Sequence[int], low: int, high: int) -> list[Run]:
    """Return the checkpoints of some assets that ended with an id above `low` and below `high`, newest first.

    At most `MOST_RUNS`.
    """
    column = auditcheckpoint.c
    query = select(auditcheckpoint).where(
        column.assetid.in_(assetids), column.lastauditid > low, column.lastauditid < high
    )
    rows = connection.execute(query.order_by(column.lastauditid.desc()).limit(MOST_RUNS))
    return [checkpoint_run(row) for row in rows]


def steps(connection: Connection, assetid: int, most: int) -> Steps:
    """Return up to `most` of the entries of an asset that changed something, evenly chosen."""
    part = func.ntile(most).over(order_by=_column.auditid).label("part")
    changes = select(_column.auditid, part).where(_column.assetid == assetid, _is_change).subquery()
    last = select(func.max(changes.c.auditid).label("auditid"), func.count().label("number"))
    parts = last.group_by(changes.c.part).subquery()
    query = select(_column.auditid, _column.at, parts.c.number).join(
        parts, parts.c.auditid == _column.auditid
    )
    rows = connection.execute(query.order_by(_column.auditid)).all()
    return Steps(sum(row.number for row in rows), [Step(row.auditid, row.at) for row in rows])


def step_at(connection: Connection, assetid: int, at: datetime) -> Step | None:
    """Return the last change of an asset up to a time, `None` before the first that is kept."""
    newest = select(func.max(_column.auditid)).where(_column.assetid == assetid, _column.at <= at)
    until = connection.scalar(newest)
    return None if until is None else _step(connection, assetid, _column.auditid <= until, newest=True)


def step_before(connection: Connection, assetid: int, auditid: int) -> Step | None:
    """Return the change of an asset before an entry."""
    return _step(connection, assetid, _column.auditid < auditid, newest=True)


def step_after(connection: Connection, assetid: int, auditid: int) -> Step | None:
    """Return the change of an asset after an entry."""
    return _step(connection, assetid, _column.auditid > auditid, newest=False)


def place_of(connection: Connection, assetid: int, auditid: int) -> Place:
    """Return the place of an entry; those that were pruned count."""
    of_asset, column = _column.assetid == assetid, auditcheckpoint.c
    until = select(func.count(), func.count(case((_column.auditid <= auditid, 1)))).where(of_asset)
    total, number = connection.execute(until).one()
    is_before = column.lastauditid <= auditid
    pruned = select(func.coalesce(func.sum(column.entries), 0), func.max(column.lastauditid))
    runs = pruned.where(column.assetid == assetid)
    pruned_before, newest_run = connection.execute(runs.where(is_before)).one()
    pruned_after = connection.scalar(runs.where(~is_before)) or 0
    before = connection.scalar(select(func.max(_column.auditid)).where(of_asset, _column.auditid < auditid))
    after = connection.scalar(select(func.min(_column.auditid)).where(of_asset, _column.auditid > auditid))
    is_pruned = newest_run is not None and newest_run > (before or 0)
    return Place(
        number + int(pruned_before),
        total + int(pruned_before) + int(pruned_after),
        None if is_pruned else before,
        after,
    )


_is_change = _column.action != "noop"


def _step(
    connection: Connection, assetid: int, condition: ColumnElement[bool], *, newest: bool
) -> Step | None:
    query = select(_column.auditid, _column.at).where(_column.assetid == assetid, condition, _is_change)
    order = _column.auditid.desc() if newest else _column.auditid
    row = connection.execute(query.order_by(order).limit(1)).first()
    return None if row is None else Step(row.auditid, row.at)


def _times(connection: Connection, auditids: set[int]) -> dict[int, datetime]:
    rows = connection.execute(select(_column.auditid, _column.at).where(_column.auditid.in_(auditids)))
    return {row.auditid: row.at for row in rows}
