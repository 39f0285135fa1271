"""`rebuild`: writes a plugin's own tables anew from the attributes of its assets, by its hooks.

The assets are taken a group at a time. The keys of their rows are read on a snapshot, which blocks no writer,
since a table may lack an index on `assetid`. The transaction of the group then locks each asset, deletes its
rows by their keys, and stores it as a new one, with the attributes that fit the declaration. An
asset that was only entered by hand gets no rows, as before its first submission; nor does one that is
retired, merged or erased. Rows that belong to no asset, such as the names that several assets share, stay.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from shopdb_core.assets.listing import count_of_type, versions_of_type
from shopdb_core.assets.plugin_tables import Contents, PluginTables, RowKeys
from shopdb_core.assets.rows import lock_by_id, read_attributes
from shopdb_core.audit.entries import was_submitted
from shopdb_core.errors import NotFound, PluginFailure
from shopdb_core.plugins.collector import Collector
from shopdb_core.store import Connection, Store
from shopdb_hookspecs import AssetWrite, JsonObject

GROUP = 50
"""How many assets one transaction handles, during which no other writes on SQLite."""

NO_ROWS: RowKeys = {}


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The result of one group.

    `missing` and `wrong` count the rows of each table that a dry run would add and remove. `failures` has
    the id of each asset whose hook failed, whose rows stay as they are, and the message.
    """

    assets: int
    failures: tuple[tuple[int, str], ...]
    missing: Mapping[str, int]
    wrong: Mapping[str, int]


def count_assets(store: Store, collector: Collector) -> int:
    """Return how many assets `rebuild` will handle."""
    return store.read(lambda connection: count_of_type(connection, collector.name))


def rebuild(
    store: Store, collector: Collector, *, dryrun: bool, pause: Callable[[float], object] = time.sleep
) -> Iterator[Rebuilt]:
    """Rebuild every asset of a collector, and yield the result of each group after its commit.

    `pause` is called with a number of seconds, during which others write. A dry run rolls each group back.
    Raises `NotFound` if the plugin stores nothing, and `Unavailable`; a repetition begins anew, which does no
    harm.
    """
    if not collector.hooks.stores:
        raise NotFound(
            f"The plugin {collector.name} has no tables of its own: it lacks store_asset and store_assets."
        )
    tables = store.read(lambda connection: PluginTables(connection, collector.name))
    run = store.dry_run if dryrun else store.transaction
    after = 0
    while group := store.read(_GroupReader(collector, tables, after, dryrun=dryrun)):
        started = time.monotonic()
        yield run(group)
        pause(time.monotonic() - started)
        after = group.last


@dataclass(frozen=True, slots=True)
class _Member:
    """One asset as it was on the snapshot, and the keys of its rows there."""

    assetid: int
    identitykey: bytes
    version: int
    keys: RowKeys


@dataclass(frozen=True, slots=True)
class _GroupReader:
    """Reads the next group; call it on a read-only connection."""

    collector: Collector
    tables: PluginTables
    after: int
    dryrun: bool

    def __call__(self, connection: Connection) -> "_Group | None":
        """Return the group of the assets with ids above `after`, `None` if there are none."""
        found = versions_of_type(connection, self.collector.name, self.after, GROUP)
        if not found:
            return None
        keys = self.tables.keys(connection, [assetid for assetid, _, _ in found])
        members = [_Member(*each, keys.get(each[0], NO_ROWS)) for each in found]
        # The order in which a batch of submissions locks its assets.
        members.sort(key=attrgetter("identitykey"))
        return _Group(self.collector, self.tables, tuple(members), found[-1][0], self.dryrun)


@dataclass(frozen=True, slots=True)
class _Group:
    """The transaction of some assets; call it on a connection, once for each try of the transaction."""

    collector: Collector
    tables: PluginTables
    members: tuple[_Member, ...]
    last: int
    dryrun: bool

    def __call__(self, connection: Connection) -> Rebuilt:
        """Rebuild the assets; in a dry run, also compare the rows before and after."""
        before = self._contents(connection)
        failures = self._failures(connection)
        after = self._contents(connection)
        return Rebuilt(len(self.members), failures, missing=_more(after, before), wrong=_more(before, after))

    def _contents(self, connection: Connection) -> Contents:
        assetids = [member.assetid for member in self.members]
        return self.tables.contents(connection, assetids) if self.dryrun else {}

    def _failures(self, connection: Connection) -> tuple[tuple[int, str], ...]:
        """Rebuild all assets together, or if that fails, each alone; return those whose hook failed."""
        if self._failure(connection, self.members) is None:
            return ()
        alone = [(each.assetid, self._failure(connection, (each,))) for each in self.members]
        return tuple((assetid, failure) for assetid, failure in alone if failure is not None)

    def _failure(self, connection: Connection, members: Sequence[_Member]) -> str | None:
        """Rebuild some assets in a savepoint, and return what the hook failed with."""
        try:
            with connection.begin_nested():
                writes = [write for each in members if (write := self._emptied(connection, each))]
                self.collector.store(connection, writes)
        except PluginFailure as failure:
            return str(failure)
        return None

    def _emptied(self, connection: Connection, member: _Member) -> AssetWrite | None:
        """Lock an asset, delete its rows, and return what is to be stored of it."""
        stored = lock_by_id(connection, member.assetid)
        if stored is None:
            return None
        keys: RowKeys | None = member.keys
        if stored.version != member.version:  # a submission has changed the rows since the snapshot
            keys = self.tables.keys(connection, [member.assetid]).get(member.assetid)
        self.tables.delete(connection, member.assetid, keys or NO_ROWS)
        if stored.state != "active":
            self.collector.remove(connection, member.assetid)
            return None
        if not was_submitted(connection, stored):
            return None
        return written_anew(self.collector, member.assetid, read_attributes(connection, member.assetid))


def written_anew(collector: Collector, assetid: int, attributes: JsonObject) -> AssetWrite:
    """Return the write of an asset whose rows are all written again, with the attributes that fit."""
    return AssetWrite(assetid, None, collector.fitting(attributes, {collector.identityfield}), rebuilt=True)


def _more(left: Contents, right: Contents) -> Mapping[str, int]:
    """Return how many rows of each table are on the left only."""
    counts = {table: (rows - right[table]).total() for table, rows in left.items()}
    return {table: count for table, count in counts.items() if count}
