"""Audit entries as people look through them: the newest first, with every filter that a person may think of.

The indexes of `auditentry` have the entries of one asset, and those of one plugin and action, in the order of
their ids. By these a page is found whatever the size of the site. For every other filter the entries that the
indexes leave are looked through, some thousand at a time, until the page is full or its time is over: then
the page is short, and says how far it went.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Any, Literal

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    case,
    func,
    not_,
    or_,
    select,
)

from shopdb_core.assets.merges import all_merged_into
from shopdb_core.audit.entries import ACTIONS, FIELDS, SITE_FIELD, SUBMITTED, Action
from shopdb_core.audit.times import ids_between
from shopdb_core.errors import NotFound
from shopdb_core.store.databases import DATABASES
from shopdb_core.store.paging import distinct_values, greatest_keys, is_among, unindexed
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

Shown = Literal["all", "changes", "lasting"]
"""All entries; all but noops; or all but noops and changes of volatile fields alone."""

_column = auditentry.c
_VOLATILE = and_(_column.action == "updated", _column.volatileonly)
_LISTED = tuple(_column[name] for name in ("auditid", *FIELDS) if name not in ("diff", "rowhash"))
# Not a join: a database may begin a join with all assets.
_ASSETTYPE = select(asset.c.assettype).where(asset.c.assetid == _column.assetid).scalar_subquery()


@dataclass(frozen=True, slots=True)
class EntryFilters:
    """Which entries are wanted; `None` is not a filter.

    plugin: the collector; an empty text stands for what people did.
    source: the name of the key that submitted.
    actor: `user:ann`, or only `ann`.
    field: a name in the diff; that of a field of people with or without `@sitefields.`.
    assetid: one asset, with those that were merged into it.
    first, last: the times from `first` to before `last`.
    shown: an action that is given is shown in any case.
    """

    plugin: str | None = None
    source: str | None = None
    actor: str | None = None
    action: Action | None = None
    field: str | None = None
    requestid: str | None = None
    assetid: int | None = None
    first: datetime | None = None
    last: datetime | None = None
    shown: Shown = "changes"

    @property
    def actions(self) -> Sequence[Action]:
        """The actions of the entries that are wanted."""
        if self.action is not None:
            return (self.action,)
        return ACTIONS if self.shown == "all" else [each for each in ACTIONS if each != "noop"]

    def has(self, diff: JsonObject) -> bool:
        """Return whether a diff has the field that is wanted."""
        return self.field is None or any(name in diff for name in _names(self.field))


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
    series, others = _conditions(connection, filters)
    if not series:
        yield _Found([], None)
        return
    size = FIRST_CHUNK if others else limit + 1
    while True:
        bounds = (_column.auditid >= low, _column.auditid < high)
        keys = greatest_keys(_column.auditid, [and_(each, *bounds) for each in series], size)
        found = _matching(connection, keys, others, size) if others else _all(connection, keys, size)
        yield found
        if found.end is None:
            return
        high, size = found.end, min(size * 2, LARGEST_CHUNK)


def _all(connection: Connection, keys: Select[tuple[int]], size: int) -> _Found:
    ids = [*connection.scalars(keys)]
    return _Found(ids, ids[-1] if len(ids) == size else None)


def _matching(
    connection: Connection, keys: Select[tuple[int]], others: Sequence[ColumnElement[bool]], size: int
) -> _Found:
    part = keys.subquery()
    number, end = connection.execute(select(func.count(), func.min(part.c.auditid))).one()
    query = select(_column.auditid).where(is_among(_column.auditid, keys), *others)
    ids = [*connection.scalars(query.order_by(_column.auditid.desc()))] if number else []
    return _Found(ids, end if number == size else None)


def _conditions(
    connection: Connection, filters: EntryFilters
) -> tuple[list[ColumnElement[bool]], list[ColumnElement[bool]]]:
    """Return the conditions that an index answers, of which an entry fulfils one, and all others."""
    others = [*_unindexed_conditions(filters)]
    if filters.assetid is not None:
        assetids = [filters.assetid, *all_merged_into(connection, filters.assetid)]
        if filters.plugin is not None:
            others.append(unindexed(_column.plugin) == filters.plugin if filters.plugin else _BY_PEOPLE)
        if len(filters.actions) < len(ACTIONS):
            others.append(unindexed(_column.action).in_(filters.actions))
        return [_column.assetid == one for one in assetids], others
    if filters.plugin is None and len(filters.actions) == len(ACTIONS):
        return [_column.auditid > 0], others
    plugins: Sequence[str | None] = [filters.plugin or None]
    if filters.plugin is None:
        plugins = [*distinct_values(connection, _column.plugin), None]
    return [
        and_(_column.plugin == plugin, _column.action == action)
        for plugin, action in product(plugins, filters.actions)
        if plugin is None or action in SUBMITTED
    ], others


_BY_PEOPLE = unindexed(_column.plugin).is_(None)


def _unindexed_conditions(filters: EntryFilters) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions that no index answers."""
    if filters.shown == "lasting":
        yield not_(_VOLATILE)
    if filters.source is not None:
        yield _column.source == filters.source
    if filters.actor is not None:
        yield _column.actor.in_([filters.actor, f"user:{filters.actor}"])
    if filters.requestid is not None:
        yield _column.requestid == filters.requestid
    if filters.first is not None:
        yield _column.at >= filters.first
    if filters.last is not None:
        yield _column.at < filters.last
    if filters.field is not None:
        # Only a member of the diff itself counts, but such a text may also be further inside: `has` decides.
        names = (orjson.dumps(name).decode() for name in _names(filters.field))
        yield or_(*(_column.diff.contains(f"{name}:{{", autoescape=True) for name in names))


def _names(field: str) -> tuple[str, ...]:
    return (field,) if field.startswith("@") else (field, f"{SITE_FIELD}{field}")


def _time_of(connection: Connection, auditid: int) -> datetime | None:
    return connection.scalar(select(_column.at).where(_column.auditid == auditid))
