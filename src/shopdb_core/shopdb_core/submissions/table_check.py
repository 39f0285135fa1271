"""`check_tables`: finds the rows of a plugin's tables that do not follow from the attributes of its assets.

The assets are taken a group at a time. Their attributes and rows are read on one snapshot, which blocks no
writer and is consistent beside all of them. Then `store_asset` is called as for new assets, in a transaction
that is rolled back and in which empty temporary tables hide those of the plugin, and what it wrote there is
compared with what is stored. So no row of the site is written or locked, and rows that several assets refer
to are compared, too: a replay in the plugin's own tables would find them there. A scratch database of another
kind would not do, since its types and the plugin's statements differ. In memory are the attributes of one
group and the hashes of its rows.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import orjson

from shopdb_core.assets.rows import StoredAsset, stored_of_type
from shopdb_core.assets.scratch_tables import AssetRows, Digests, ScratchTables
from shopdb_core.audit.entries import has_dependents
from shopdb_core.audit.verifying.history import HistoryFault
from shopdb_core.errors import PluginFailure
from shopdb_core.plugins.collector import Collector
from shopdb_core.store import Connection, Store
from shopdb_core.submissions.rebuild import GROUP, written_anew
from shopdb_hookspecs import JsonObject


@dataclass(frozen=True, slots=True)
class CheckedTables:
    """The result of one group: how many assets, and a fault for each asset and table whose rows differ."""

    assets: int
    faults: tuple[HistoryFault, ...]


def check_tables(
    store: Store, collector: Collector, *, pause: Callable[[float], object] = time.sleep
) -> Iterator[CheckedTables]:
    """Check every asset of a collector that implements `store_asset`, and yield the result of each group.

    `pause` is called with a number of seconds, during which others write. Raises `Unavailable`, also where
    the database takes no writes.
    """
    tables = store.read(lambda connection: _Tables.of(connection, collector))
    after = 0
    while True:
        group = store.read(_Reader(collector, tables.rows, after))
        faults = list(group.faults)
        if group.members:
            started = time.monotonic()
            faults += store.dry_run(_Replay(collector, tables, group.members, group.stored))
            pause(time.monotonic() - started)
        yield CheckedTables(group.assets, tuple(faults))
        if group.last is None:
            return
        after = group.last


@dataclass(frozen=True, slots=True)
class _Tables:
    rows: AssetRows
    scratch: ScratchTables

    @classmethod
    def of(cls, connection: Connection, collector: Collector) -> "_Tables":
        return cls(AssetRows(connection, collector.name), ScratchTables(connection, collector.name))


@dataclass(frozen=True, slots=True)
class _Group:
    """Some assets on one snapshot; `last` is the highest id, `None` after the last group.

    `members` has the attributes from which the rows follow, `None` for an asset that must not have rows.
    """

    assets: int
    last: int | None
    members: Sequence[tuple[int, JsonObject | None]]
    stored: Digests
    faults: Sequence[HistoryFault]


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the group of the next assets with ids above `after`; call it on a read-only connection."""

    collector: Collector
    rows: AssetRows
    after: int

    def __call__(self, connection: Connection) -> _Group:
        found = stored_of_type(connection, self.collector.name, self.after, GROUP)
        last = found[-1][0].assetid if found else None
        faults = [
            _fault(self.collector, assetid, f"{table} has rows of it, and it is not an asset of this type")
            for assetid, table in self.rows.strays(connection, self.after, last)
        ]
        members = [
            (stored.assetid, attributes)
            for stored, text in found
            if isinstance(attributes := self._attributes(connection, stored, text), dict | None)
        ]
        rows = self.rows.read(connection, [assetid for assetid, _ in members]) if members else {}
        return _Group(len(found), last, members, rows, faults)

    def _attributes(self, connection: Connection, stored: StoredAsset, text: str | None) -> object:
        """Return what `store_asset` gets; what is not an object is a fault of the asset's own rows."""
        if not has_dependents(connection, stored):
            return None
        try:
            return orjson.loads(text or "")
        except ValueError:
            return text


@dataclass(frozen=True, slots=True)
class _Replay:
    """Writes the rows of a group anew and compares them; call it on a connection, and roll back."""

    collector: Collector
    tables: _Tables
    members: Sequence[tuple[int, JsonObject | None]]
    stored: Digests

    def __call__(self, connection: Connection) -> list[HistoryFault]:
        faults = []
        with self.tables.scratch.hiding(connection):
            for assetid, attributes in self.members:
                try:
                    with connection.begin_nested():
                        if attributes is not None:
                            write = written_anew(self.collector, assetid, attributes)
                            self.collector.store(connection, [write])
                except PluginFailure as failure:
                    faults.append(HistoryFault(assetid, None, f"its rows cannot be compared: {failure}"))
            failed = {fault.assetid for fault in faults}
            assetids = [assetid for assetid, _ in self.members if assetid not in failed]
            expected = self.tables.rows.read(connection, assetids)
        for assetid in assetids:
            faults += self._differences(assetid, self.stored.get(assetid, {}), expected.get(assetid, {}))
        return faults

    def _differences(
        self, assetid: int, stored: Mapping[str, Counter[int]], expected: Mapping[str, Counter[int]]
    ) -> Iterator[HistoryFault]:
        for table in sorted({*stored, *expected}):
            old, new = stored.get(table, Counter()), expected.get(table, Counter())
            wrong, missing = (old - new).total(), (new - old).total()
            if wrong or missing:
                what = (
                    f"{table} lacks {missing} of its rows and has {wrong} that do not follow from its fields"
                )
                yield _fault(self.collector, assetid, what)


def _fault(collector: Collector, assetid: int, what: str) -> HistoryFault:
    return HistoryFault(assetid, None, f"plugin {collector.name}: the table {what}")
