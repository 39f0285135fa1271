"""Reading a page of the feed on one snapshot.

A page looks at `WINDOW` positions at most, whatever the filters are, so that none takes long. It may be empty
although more follows: the reader is at the end only if the cursor stays the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Row, RowMapping, func, select

from shopdb_core.audit.entries import FIELDS
from shopdb_core.audit.positions import (
    last_position,
    newest_position,
    placed_entries,
    position_column,
)
from shopdb_core.audit.prune import OF_KIND, Kind
from shopdb_core.errors import Gone, InvalidParameter
from shopdb_core.feed.cursor import BEGIN_ANEW, NEWEST, Cursor, mark_of
from shopdb_core.store.paging import read_rows
from shopdb_core.store.tables import asset, auditentry, auditfeed, auditpruning
from shopdb_hookspecs import JsonObject

WINDOW = 10_000

_LISTED = (auditentry.c.auditid, *(auditentry.c[name] for name in FIELDS if name != "rowhash"))
# Not a join: a database may begin a join with all assets.
_ASSETTYPE = select(asset.c.assettype).where(asset.c.assetid == auditentry.c.assetid).scalar_subquery()
_MARKED = (auditentry.c.auditid, auditentry.c.at, auditentry.c.assetid, auditentry.c.requestid)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which entries a reader wants; an empty tuple, and `None`, are all."""

    plugins: Sequence[str] = ()
    assettypes: Sequence[str] = ()
    actions: Sequence[str] = ()
    kind: Kind | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return what an entry must fulfil."""
        lists = (
            (auditentry.c.plugin, self.plugins),
            (_ASSETTYPE, self.assettypes),
            (auditentry.c.action, self.actions),
        )
        of_kind = [] if self.kind is None else [OF_KIND[self.kind]]
        return [*(column.in_(values) for column, values in lists if values), *of_kind]


EVERYTHING = Selection()


@dataclass(frozen=True, slots=True)
class Changes:
    """A page of the feed: entries, and the cursor after them.

    Each entry has its `position` and `assettype`; its `diff` stays JSON text.
    """

    items: Sequence[JsonObject]
    next: Cursor

    def after(self, item: JsonObject) -> Cursor:
        """Return the cursor after one of the items."""
        return replace(self.next, position=item["position"], mark=mark_of(item))


def read_changes(
    connection: Connection, after: str | None, selection: Selection = EVERYTHING, limit: int = 1000
) -> Changes:
    """Return up to `limit` entries after a cursor, after the newest entry, or from the oldest (`None`).

    Raises `InvalidParameter` for a cursor of another site, and `Gone` for one behind which entries were
    pruned, or that is of a later state of this site than a backup that was put back.
    """
    begin = _beginning(connection, after, selection)
    if after == NEWEST:
        return Changes([], begin)
    window = WINDOW if selection.conditions() else limit
    end = _end_of_window(connection, begin.position, window)
    if end is None:
        return Changes([], begin)
    rows, more = _read(connection, begin.position, end, selection, limit)
    items = [{**row._mapping, "diff": orjson.Fragment(row.diff)} for row in rows]  # noqa: SLF001  # its public name
    page = Changes(items, begin)
    following = page.after(items[-1]) if more else _cursor_at(connection, begin, end)
    return replace(page, next=following)


def _beginning(connection: Connection, after: str | None, selection: Selection) -> Cursor:
    feedid = connection.scalars(select(auditfeed.c.feedid)).one()
    pruned = _pruned_up_to(connection, selection.kind)
    if after is None:
        return Cursor(feedid, 0, horizon=pruned)
    if after == NEWEST:
        newest = newest_position(connection)
        return _cursor_at(connection, Cursor(feedid, 0), newest) if newest else Cursor(feedid, 0)
    cursor = Cursor.read(after)
    if cursor.feedid != feedid:
        raise InvalidParameter(f"after is a cursor of another site. {BEGIN_ANEW}")
    _require_known(connection, cursor)
    if pruned > max(cursor.position, cursor.horizon):
        raise Gone(f"Entries after this cursor were pruned before they were read. {BEGIN_ANEW}")
    return cursor


def _require_known(connection: Connection, cursor: Cursor) -> None:
    """Raise `Gone` if the cursor's entry is not the one that it was when it was read."""
    if not cursor.position:
        return
    entry = _marked_at(connection, cursor.position)
    is_known = (
        cursor.position <= last_position(connection) if entry is None else mark_of(entry) == cursor.mark
    )
    if not is_known:
        raise Gone(
            "The entry of this cursor is not in the history of this site: an older backup was put back, or "
            f"this is a copy of the site. {BEGIN_ANEW}"
        )


def _pruned_up_to(connection: Connection, kind: Kind | None) -> int:
    """Return the last position that was pruned, of one kind of entries or of all."""
    query = select(func.max(auditpruning.c.deleted))
    return connection.scalar(query if kind is None else query.where(auditpruning.c.kind == kind)) or 0


def _end_of_window(connection: Connection, begin: int, window: int) -> int | None:
    """Return the position at which a page ends at the latest, `None` if there is nothing after `begin`."""
    position = position_column(connection)
    later = select(position).where(position > begin)
    last = connection.scalar(later.order_by(position).offset(window - 1).limit(1))
    return last or connection.scalar(later.order_by(position.desc()).limit(1))


def _read(
    connection: Connection, begin: int, end: int, selection: Selection, limit: int
) -> tuple[Sequence[Row[Any]], bool]:
    """Return the rows of a page, and whether more follow before its end."""
    position, entries = position_column(connection), placed_entries(connection)
    found = select(position).where(position > begin, position <= end).order_by(position).limit(limit + 1)
    if conditions := selection.conditions():
        # MariaDB would sort all entries that fulfil the conditions.
        found = found.select_from(entries).where(*conditions).prefix_with("STRAIGHT_JOIN", dialect="mysql")
    keys = select(position).where(position.in_(connection.scalars(found).all()))
    listed = select(position.label("position"), *_LISTED, _ASSETTYPE.label("assettype")).select_from(entries)
    rows, more = read_rows(connection, listed, position, auditentry.c.diff, keys=keys, limit=limit)
    return list(rows), more is not None


def _cursor_at(connection: Connection, begin: Cursor, position: int) -> Cursor:
    entry = _marked_at(connection, position)
    assert entry is not None
    return replace(begin, position=position, mark=mark_of(entry))


def _marked_at(connection: Connection, position: int) -> RowMapping | None:
    query = select(*_MARKED).select_from(placed_entries(connection))
    return connection.execute(query.where(position_column(connection) == position)).mappings().first()
