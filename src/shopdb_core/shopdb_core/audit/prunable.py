"""Which entries may go, found without looking at the whole audit.

Entries come in the order of their ids, so each kind has a position: what stands before it was looked at.
The newest entry of an asset stays, since the next one follows it. When that one is looked at in its turn,
so is the entry before it once more: as the newest of its time it may have been left behind.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, and_, func, not_, or_, select

from shopdb_core.store.tables import asset, auditentry

Kind = Literal["noop", "change"]

BATCH = 100
"""How many entries are looked at for one transaction, during which nobody else writes."""

_NOOPS = or_(auditentry.c.action == "noop", and_(auditentry.c.action == "updated", auditentry.c.volatileonly))
_OF_KIND = {"noop": _NOOPS, "change": not_(_NOOPS)}


@dataclass(frozen=True, slots=True)
class Expiry:
    """Entries of this kind go when they are older than `before`; `now` is later than every true entry."""

    kind: Kind
    before: datetime
    now: datetime


def next_entries(connection: Connection, expiry: Expiry, position: int) -> Sequence[Row[Any]]:
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


def prunable(
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
