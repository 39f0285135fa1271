"""What the fields of an asset were, as of an entry or a time, rebuilt from the entries alone (contract 6)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from operator import attrgetter

import orjson
from sqlalchemy import ColumnElement, Connection, select

from shopdb_core.audit.checkpoints import NO_CHANGE, Run, checkpoint_run, entry_run
from shopdb_core.audit.diffs import attributes_of, beginning, replay, site_fields_of
from shopdb_core.errors import Conflict, Gone, NotFound
from shopdb_core.store.tables import asset, auditcheckpoint, auditentry
from shopdb_hookspecs import JsonObject

ENTRIES_IN_MEMORY = 500


@dataclass(frozen=True, slots=True)
class Past:
    """An asset as its entries left it: all names of diffs, of which some begin with `@`."""

    values: JsonObject

    @property
    def attributes(self) -> JsonObject:
        """The fields of the collector, or of an asset that people created."""
        return attributes_of(self.values)

    @property
    def sitefields(self) -> JsonObject:
        """The fields of people."""
        return site_fields_of(self.values)


def as_of_entry(connection: Connection, assetid: int, auditid: int) -> Past:
    """Return the asset as one of its entries left it.

    Raises `NotFound` if the entry is not one of the asset, `Gone` if it was pruned with entries that follow,
    and `Conflict` if the entries contradict each other.
    """
    checkpoints = _checkpoints(connection, assetid, auditcheckpoint.c.firstauditid <= auditid)
    last = max((run.lastauditid for run in checkpoints), default=0)
    owner = connection.scalar(select(auditentry.c.assetid).where(auditentry.c.auditid == auditid))
    if last > auditid and owner in (None, assetid):
        raise Gone(f"The audit entry {auditid} was pruned, and with it what asset {assetid} was then.")
    if owner != assetid and last != auditid:
        raise NotFound(f"Asset {assetid} has no audit entry {auditid}.")
    return _replayed(connection, assetid, checkpoints, auditentry.c.auditid <= auditid)


def as_of_time(connection: Connection, assetid: int, at: datetime) -> Past:
    """Return the asset as it was at a time.

    Raises `NotFound` if it did not exist, `Gone` if what is needed was pruned, and `Conflict` if the entries
    contradict each other.
    """
    created = connection.scalar(select(asset.c.createdat).where(asset.c.assetid == assetid))
    if created is None or created > at:
        raise NotFound(f"There was no asset {assetid} at {at.isoformat()}.")
    checkpoints = _checkpoints(connection, assetid, auditcheckpoint.c.firstat <= at)
    if any(run.lastat > at for run in checkpoints):
        raise Gone(f"The audit entries that say what asset {assetid} was at {at.isoformat()} were pruned.")
    return _replayed(connection, assetid, checkpoints, auditentry.c.at <= at)


def _checkpoints(connection: Connection, assetid: int, until: ColumnElement[bool]) -> list[Run]:
    query = select(auditcheckpoint).where(auditcheckpoint.c.assetid == assetid, until)
    rows = connection.execute(query.order_by(auditcheckpoint.c.lastauditid))
    return [checkpoint_run(row) for row in rows]


def _entries(connection: Connection, assetid: int, until: ColumnElement[bool]) -> Iterator[Run]:
    """Stream the entries that changed something: one asset may have very many, most of them noops."""
    column = auditentry.c
    query = select(auditentry).where(column.assetid == assetid, column.diff != NO_CHANGE, until)
    options = {"yield_per": ENTRIES_IN_MEMORY}
    for row in connection.execute(query.order_by(column.auditid), execution_options=options):
        yield entry_run(row)


def _replayed(
    connection: Connection, assetid: int, checkpoints: list[Run], until: ColumnElement[bool]
) -> Past:
    values = beginning()
    entries = _entries(connection, assetid, until)
    for run in merge(checkpoints, entries, key=attrgetter("lastauditid")):
        for contradiction in replay(values, orjson.loads(run.diff)):
            raise Conflict(
                f"The audit entries of asset {assetid} contradict each other ({contradiction}): run `shopdb "
                "audit verify`."
            )
    return Past(values)
