"""Audit entries as people look through them: the newest first, with every filter that a person may think of.

Where an index answers the filters, a page is found whatever the size of the site. For every other filter the
entries that the indexes leave are looked through, some thousand at a time, until the page is full or its time
is over: then the page is short, and says how far it went.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, case, func, select

from shopdb_core.audit.browsing.filters import EntryFilters, indexed_keys, other_conditions
from shopdb_core.audit.browsing.times import ids_between
from shopdb_core.audit.entries import FIELDS
from shopdb_core.errors import NotFound
from shopdb_core.store.databases import DATABASES
from shopdb_core.store.paging import distinct_values, is_among
from shopdb_core.store.tables import LARGEST_ID, asset, auditentry
from shopdb_hookspecs import JsonObject

PAGE_SECONDS = 0.25
"""After this time a page ends, however many entries it has; the next one goes on from there."""

FIRST_CHUNK = 500
LARGEST_CHUNK = 4_000
"""How many entries are looked through between two looks at the clock, at first and at most."""

SHOWN_BYTES = 32 * 1024
"""A longer diff is not read for a list."""

MOST_UNCHANGED = 10_000
"""Up to how many submissions without a change are counted."""

_column = auditentry.c
_LISTED = tuple(_column[name] for name in ("auditid", *FIELDS) if name not in ("diff", "rowhash"))
# Not a join: a database may begin a join with all assets.
_ASSETTYPE = select(asset.c.assettype).where(asset.c.assetid == _column.assetid).scalar_subquery()


@dataclass(frozen=True, slots=True)
class Entries:
    """A page of entries, the newest first.

    Each item has the columns of the entry, the `assettype` of its asset, its `diff`, and the `size` of that
    in bytes; `diff` is `None` if it is longer than `SHOWN_BYTES`.

    `next` is the `before` of the following page, `None` on the last. If the page ended because of its time,
    `reached` is the time of the entry up to which it went.
    """

    items: Sequence[JsonObject]
    next: int | None
    reached: datetime | None = None


def browse(
    connection: Connection,
    filters: EntryFilters,
    *,
    before: int | None = None,
    limit: int,
    seconds: float = PAGE_SECONDS,
) -> Entries:
    """Return a page of the entries with ids below `before`, or of the newest.

    The caller's transaction must read one snapshot.
    """
    deadline = time.monotonic() + seconds
    low, high = ids_between(connection, filters.first, filters.last)
    high = min(high, before or LARGEST_ID)
    items: list[JsonObject] = []
    last = None
    for found in _found(connection, filters, low, high, limit):
        for item in read_items(connection, found.ids, limit + 1):
            if item["diff"] is not None and not filters.has(item["diff"]):
                continue
            if len(items) == limit:
                return Entries(items, last)
            items.append(item)
            last = item["auditid"]
        if found.end is None:
            return Entries(items, None)
        if time.monotonic() > deadline:
            return Entries(items, found.end, _time_of(connection, found.end))
    raise AssertionError("the last chunk has no end")


def read_entry(connection: Connection, auditid: int) -> Row[Any]:
    """Return the whole row of an entry, with its hashes and the `assettype`; raises `NotFound`."""
    query = select(auditentry, _ASSETTYPE.label("assettype")).where(_column.auditid == auditid)
    row = connection.execute(query).first()
    if row is None:
        raise NotFound(f"There is no audit entry {auditid}, or it was pruned.")
    return row


def read_items(connection: Connection, ids: Sequence[int], size: int) -> Iterator[JsonObject]:
    """Yield entries as `Entries` has them, in the order of their ids, the newest first, `size` at a time."""
    length = DATABASES[connection.dialect.name].octet_length(_column.diff)
    diff = case((length <= SHOWN_BYTES, _column.diff)).label("diff")
    query = select(*_LISTED, _ASSETTYPE.label("assettype"), diff, length.label("size"))
    for first in range(0, len(ids), size):
        of_some = query.where(_column.auditid.in_(ids[first : first + size]))
        for row in connection.execute(of_some.order_by(_column.auditid.desc())):
            read = None if row.diff is None else orjson.loads(row.diff)
            yield {**row._mapping, "diff": read}  # noqa: SLF001  # its public name


def count_unchanged(connection: Connection, low: int, high: int) -> int:
    """Return how many noops of the site have ids between two others; at most one more than `MOST_UNCHANGED`.

    Only an index is read.
    """
    plugins = distinct_values(connection, _column.plugin)
    counted = 0
    for plugin in plugins:
        of_plugin = and_(_column.plugin == plugin, _column.action == "noop")
        noops = select(_column.auditid).where(of_plugin, _column.auditid > low, _column.auditid < high)
        most = noops.limit(MOST_UNCHANGED + 1 - counted).subquery()
        counted += connection.scalar(select(func.count()).select_from(most)) or 0
    return counted


@dataclass(frozen=True, slots=True)
class _Found:
    """The ids of some entries that match, the newest first; `end` is the id up to which was looked.

    `None` is the end of all.
    """

    ids: Sequence[int]
    end: int | None


def _found(
    connection: Connection, filters: EntryFilters, low: int, high: int, limit: int
) -> Iterator[_Found]:
    """Yield the ids of matching entries with ids from `low` to below `high`, chunk by chunk."""
    keys, others = indexed_keys(connection, filters), [*other_conditions(filters)]
    size = FIRST_CHUNK if others else limit + 1
    while keys is not None:
        within = {"low": low, "high": high, "size": size}
        found = _matching(connection, keys, others, within) if others else _all(connection, keys, within)
        yield found
        if found.end is None:
            return
        high, size = found.end, min(size * 2, LARGEST_CHUNK)
    yield _Found([], None)


def _all(connection: Connection, keys: Select[tuple[int]], within: Mapping[str, int]) -> _Found:
    ids = [*connection.scalars(keys, within)]
    return _Found(ids, ids[-1] if len(ids) == within["size"] else None)


def _matching(
    connection: Connection,
    keys: Select[tuple[int]],
    others: Sequence[ColumnElement[bool]],
    within: Mapping[str, int],
) -> _Found:
    part = keys.subquery()
    number, end = connection.execute(select(func.count(), func.min(part.c.auditid)), within).one()
    query = select(_column.auditid).where(is_among(_column.auditid, keys), *others)
    ids = [*connection.scalars(query.order_by(_column.auditid.desc()), within)] if number else []
    return _Found(ids, end if number == within["size"] else None)


def _time_of(connection: Connection, auditid: int) -> datetime | None:
    return connection.scalar(select(_column.at).where(_column.auditid == auditid))
