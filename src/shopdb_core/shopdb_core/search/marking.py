"""Marked assets: a transaction that changes an asset marks it, and the index gets its words later.

Until then a search looks at each marked asset. So a word that an asset has is in the index, or the asset is
marked.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import Connection, Row, Select, and_, bindparam, delete, func, insert, select

from shopdb_core.search.index import forget_words, lock_index, place_of, write_block
from shopdb_core.search.words import add_keys
from shopdb_core.store import Statement, Store, Write
from shopdb_core.store.tables import asset, assetattributes, assetmark, assetsitefields, auditentry
from shopdb_hookspecs import Json

TOGETHER = 512
"""How many marked assets are indexed in one transaction, which writes a row for each of their words."""

AT_A_TIME = 16
"""How many of them are read before other threads get their turn."""

_NEWEST_ENTRY = (
    select(auditentry.c.assetid, auditentry.c.auditid)
    .where(auditentry.c.assetid == bindparam("assetid"))
    .order_by(auditentry.c.auditid.desc())
    .limit(1)
)
_MARK = Statement(insert(assetmark).from_select(["assetid", "auditid"], _NEWEST_ENTRY))
_UNMARK = Statement(
    delete(assetmark).where(
        assetmark.c.assetid == bindparam("asset"), assetmark.c.auditid == bindparam("audit")
    )
)


class Outdated(Exception):
    """Another process indexed an asset meanwhile."""


def marks(assetids: Sequence[int]) -> list[Write]:
    """Return what marks assets with their newest entries, which must be written before."""
    return [(_MARK, [{"assetid": assetid} for assetid in assetids])] if assetids else []


def count_marked(connection: Connection) -> int:
    """Return how many assets are marked."""
    return connection.scalar(select(func.count(assetmark.c.assetid.distinct()))) or 0


def marked(connection: Connection, after: int, end: int) -> Sequence[int]:
    """Return the ids of the marked assets above `after` and below `end`, in order."""
    query = select(assetmark.c.assetid).distinct().order_by(assetmark.c.assetid)
    return connection.scalars(query.where(assetmark.c.assetid > after, assetmark.c.assetid < end)).all()


def forget_asset(connection: Connection, assetid: int) -> None:
    """Remove an asset from the index, as erasing it needs; the caller's transaction commits."""
    lock_index(connection)
    connection.execute(delete(assetmark).where(assetmark.c.assetid == assetid))
    forget_words(connection, assetid)


def asset_keys(row: Row[Any]) -> set[bytes]:
    """Return the keys of every word of an asset, given by the row of `select_texts`."""
    keys: set[bytes] = set()
    for value in (row.identityvalue, row.assettype, orjson.loads(row.attributes)):
        add_keys(keys, value)
    if row.sitefields:
        add_keys(keys, orjson.loads(row.sitefields))
    return keys


def select_texts() -> Select[Any]:
    """Return the query of what the words of assets are found in; those that were erased have none."""
    columns = asset.c.assetid, asset.c.identityvalue, asset.c.assettype
    texts = assetattributes.c.attributes, assetsitefields.c.sitefields
    joined = select(*columns, *texts).join_from(asset, assetattributes).join(assetsitefields, isouter=True)
    return joined.where(asset.c.state != "erased")


@dataclass(frozen=True, slots=True)
class MarkedAsset:
    """A marked asset on a snapshot: its marks, and the row of `select_texts`, `None` if it was erased.

    Each mark is an auditid and the diff of its entry, `None` if that created the asset, or was pruned.
    """

    assetid: int
    changes: Sequence[tuple[int, str | None]]
    texts: Row[Any] | None


def read_marked(connection: Connection, after: int, limit: int) -> list[MarkedAsset]:
    """Return up to `limit` marked assets with an id above `after`, in the order of their ids."""
    query = select(assetmark.c.assetid).distinct().order_by(assetmark.c.assetid).limit(limit)
    assetids = connection.scalars(query.where(assetmark.c.assetid > after)).all()
    changed = and_(auditentry.c.auditid == assetmark.c.auditid, auditentry.c.action != "created")
    marks = (
        select(assetmark.c.assetid, assetmark.c.auditid, auditentry.c.diff)
        .join_from(assetmark, auditentry, changed, isouter=True)
        .where(assetmark.c.assetid.in_(assetids))
        .order_by(assetmark.c.assetid, assetmark.c.auditid)
    )
    changes: dict[int, list[tuple[int, str | None]]] = {assetid: [] for assetid in assetids}
    for assetid, auditid, diff in connection.execute(marks):
        changes[assetid].append((auditid, diff))
    texts = connection.execute(select_texts().where(asset.c.assetid.in_(assetids)))
    current = {row.assetid: row for row in texts}
    return [MarkedAsset(assetid, each, current.get(assetid)) for assetid, each in changes.items()]


def _of_words() -> dict[int, dict[bytes, int]]:
    return defaultdict(lambda: defaultdict(int))


@dataclass
class Changes:
    """What marked assets add to the index and take from it, as of the snapshots where they were read."""

    marks: list[tuple[int, int]] = field(default_factory=list)
    added: dict[int, dict[bytes, int]] = field(default_factory=_of_words)
    removed: dict[int, dict[bytes, int]] = field(default_factory=_of_words)

    def add(self, marked: MarkedAsset) -> None:
        """Add those of one asset."""
        self.marks += [(marked.assetid, auditid) for auditid, _ in marked.changes]
        block, bit = place_of(marked.assetid)
        keys = asset_keys(marked.texts) if marked.texts is not None else set()
        diffs = [orjson.loads(diff) for _, diff in marked.changes if diff is not None]
        old, new = _changed_keys(diffs)
        # Without a diff the asset is new, or its entry was pruned.
        for key in keys & new if len(diffs) == len(marked.changes) else keys:
            self.added[block][key] |= bit
        for key in old - keys:
            self.removed[block][key] |= bit

    def apply(self, connection: Connection) -> None:
        """Write the changes, and remove the marks; raises `Outdated` if another process did."""
        lock_index(connection)
        marks = [{"asset": assetid, "audit": auditid} for assetid, auditid in self.marks]
        if _UNMARK.run_many(connection, marks) != len(marks):
            raise Outdated
        for block in sorted({*self.added, *self.removed}):
            write_block(connection, block, self.added.get(block, {}), self.removed.get(block, {}))


def _changed_keys(diffs: Iterable[Mapping[str, Mapping[str, Json]]]) -> tuple[set[bytes], set[bytes]]:
    """Return the keys of what changes removed, and of what they added."""
    old: set[bytes] = set()
    new: set[bytes] = set()
    for diff in diffs:
        for change in diff.values():
            add_keys(old, change.get("before", change.get("removed")))
            add_keys(new, change.get("after", change.get("added")))
    return old, new


def index_marked(store: Store, pause: Callable[[], object]) -> Iterator[int]:
    """Index all marked assets; yield how many of them each transaction had.

    `pause` is called between short pieces of work, during which other threads run. Raises `Unavailable`.
    """
    while True:
        changes, number, after = Changes(), 0, 0
        while number < TOGETHER and (found := _next_marked(store, after)):
            for each in found:
                changes.add(each)
            number, after = number + len(found), found[-1].assetid
            pause()
        if not number:
            return
        try:
            store.transaction(changes.apply)
        except Outdated:
            return
        yield number


def _next_marked(store: Store, after: int) -> list[MarkedAsset]:
    return store.read(lambda connection: read_marked(connection, after, AT_A_TIME))
