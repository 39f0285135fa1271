"""What the fields of an asset were, as of an entry or a time, rebuilt from the entries alone (contract 6).

A time cuts the chain of an asset (`Cut`). Where it falls into a run of pruned entries, the asset is known if
these changed nothing but volatile fields, which pruning takes much earlier than other changes; then the
values of the volatile fields are unknown.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from operator import attrgetter
from typing import Self

import orjson
from sqlalchemy import ColumnElement, Connection, func, select

from shopdb_core.audit.checkpoints import NO_CHANGE, Run, checkpoint_run, entry_run
from shopdb_core.audit.diffs import attributes_of, beginning, equal, replay, site_fields_of
from shopdb_core.errors import Conflict, Gone, NotFound, PluginFailure
from shopdb_core.plugins.collector import Collector
from shopdb_core.store.tables import asset, auditcheckpoint, auditentry, auditpruning
from shopdb_hookspecs import JsonObject

ENTRIES_IN_MEMORY = 500


@dataclass(frozen=True, slots=True)
class Past:
    """An asset as its entries left it: all names of diffs, of which some begin with `@`.

    `unknown` are the fields whose values of then were pruned; `values` lacks them.
    """

    values: JsonObject
    unknown: frozenset[str] = frozenset()

    @property
    def attributes(self) -> JsonObject:
        """The fields of the collector, or of an asset that people created."""
        return attributes_of(self.values)

    @property
    def sitefields(self) -> JsonObject:
        """The fields of people."""
        return site_fields_of(self.values)


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a time cuts the chain of one asset: the links up to the id `last` are of then.

    runs: the checkpoints among them, the oldest first.
    spanning: the checkpoint that began by the time and ended after it.
    later: whether there are checkpoints beyond `last`.
    pruned: up to which id entries with any change may have been pruned; the others changed volatile fields.
    """

    last: int
    runs: Sequence[Run]
    spanning: Run | None
    later: bool
    pruned: int

    @classmethod
    def of(cls, checkpoints: Sequence[Run], newest: int, at: datetime, pruned: int) -> Self:
        """Return the cut of a chain, given its checkpoints and its newest entry of then (0 for none).

        The chain is cut by the ids: an entry that a wrong clock dated later than its successor is among them.
        """
        last = max((newest, *(run.lastauditid for run in checkpoints if run.lastat <= at)))
        runs = [run for run in checkpoints if run.lastauditid <= last]
        beyond = [run for run in checkpoints if run.lastauditid > last]
        spanning = next((run for run in beyond if run.firstat <= at), None)
        return cls(last, runs, spanning, bool(beyond), pruned)

    def has_only_noops(self, run: Run) -> bool:
        """Return whether the pruned entries changed nothing but volatile fields."""
        return run.firstauditid > self.pruned

    @property
    def exists(self) -> bool:
        """Whether the asset existed at the time."""
        return bool(self.last or self.spanning)

    @property
    def is_known(self) -> bool:
        """Whether pruning has left what the asset was at the time."""
        return self.last > 0 and (self.spanning is None or self.has_only_noops(self.spanning))

    def unknown(self, volatile: Collection[str]) -> frozenset[str]:
        """Return the fields whose values are unknown; `volatile` are those of the asset's declaration."""
        if self.spanning is None:
            return frozenset()
        return frozenset(orjson.loads(self.spanning.diff)).union(volatile)


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
    return _replayed(connection, assetid, checkpoints, auditid)


def cut_at(connection: Connection, assetid: int, at: datetime) -> Cut:
    """Return where a time cuts the chain of an asset.

    Raises `NotFound` if it did not exist, and `Gone` if it was erased, or what is needed was pruned.
    """
    state = connection.scalar(select(asset.c.state).where(asset.c.assetid == assetid))
    if state is None:
        raise NotFound(f"There is no asset {assetid}.")
    if state == "erased":
        raise Gone(f"Asset {assetid} was erased.")
    newest = connection.scalar(
        select(func.max(auditentry.c.auditid)).where(auditentry.c.assetid == assetid, auditentry.c.at <= at)
    )
    checkpoints = _checkpoints(connection, assetid)
    cut = Cut.of(checkpoints, newest or 0, at, changes_pruned(connection))
    if not cut.exists:
        raise NotFound(f"There was no asset {assetid} at {at.isoformat()}.")
    if not cut.is_known:
        raise Gone(f"The audit entries that say what asset {assetid} was at {at.isoformat()} were pruned.")
    return cut


def as_of_cut(connection: Connection, assetid: int, cut: Cut, volatile: Collection[str] = ()) -> Past:
    """Return the asset as of a cut; raises `Conflict` if the entries contradict each other."""
    past = _replayed(connection, assetid, cut.runs, cut.last)
    unknown = cut.unknown(volatile)
    return Past({name: value for name, value in past.values.items() if name not in unknown}, unknown)


def changes_pruned(connection: Connection) -> int:
    """Return the id up to which entries with any change may have been pruned; 0 if the site keeps them."""
    position = select(auditpruning.c.position).where(auditpruning.c.kind == "change")
    return connection.scalar(position) or 0


def in_order(collector: Collector | None, attributes: JsonObject) -> JsonObject:
    """Return attributes whose lists are in the order of the plugin: the history does not keep it."""
    if collector is None:
        return attributes
    try:
        normalized = collector.normalize(attributes)
    except PluginFailure:  # of values that an earlier release submitted
        return attributes
    return {name: _in_order(value, normalized.get(name)) for name, value in attributes.items()}


def _in_order(value: object, normalized: object) -> object:
    return normalized if isinstance(value, list) and equal(normalized, value) else value


def _checkpoints(connection: Connection, assetid: int, *until: ColumnElement[bool]) -> list[Run]:
    query = select(auditcheckpoint).where(auditcheckpoint.c.assetid == assetid, *until)
    rows = connection.execute(query.order_by(auditcheckpoint.c.lastauditid))
    return [checkpoint_run(row) for row in rows]


def _entries(connection: Connection, assetid: int, last: int) -> Iterator[Run]:
    """Stream the entries that changed something: one asset may have very many, most of them noops."""
    column = auditentry.c
    query = select(auditentry).where(
        column.assetid == assetid, column.auditid <= last, column.diff != NO_CHANGE
    )
    options = {"yield_per": ENTRIES_IN_MEMORY}
    for row in connection.execute(query.order_by(column.auditid), execution_options=options):
        yield entry_run(row)


def _replayed(connection: Connection, assetid: int, checkpoints: Iterable[Run], last: int) -> Past:
    values = beginning()
    entries = _entries(connection, assetid, last)
    for run in merge(checkpoints, entries, key=attrgetter("lastauditid")):
        apply(values, run)
    return Past(values)


def apply(values: dict[str, object], run: Run) -> None:
    """Apply the change of a run to the values before it; raises `Conflict` if they contradict it."""
    if run.diff == NO_CHANGE:
        return
    for contradiction in replay(values, orjson.loads(run.diff)):
        raise Conflict(
            f"The audit entries of asset {run.assetid} contradict each other ({contradiction}): run `shopdb "
            "audit verify`."
        )
