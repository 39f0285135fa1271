"""Which assets a list has, and in which order: queries for their ids, which read little more than a page.

The orders are those that an index has, in both directions: by id, which is by age, and by identity. A page
begins after the asset with the id `after`; 0 is the beginning of the list.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, get_args

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    func,
    literal_column,
    select,
    true,
    union_all,
)

from shopdb_core.assets.identity import identity_key
from shopdb_core.assets.rows import State
from shopdb_core.errors import InvalidParameter
from shopdb_core.store.paging import MOST_SERIES, distinct_values, greatest_keys, least_keys, unindexed
from shopdb_core.store.tables import IDENTITY_LENGTH, LARGEST_ID, asset

Shown = State | Literal["all"]
"""The state of the assets of a list."""

STATES: tuple[str, ...] = (*get_args(State), "all")

LAST_BYTE = b"\xff"
"""Sorts after every byte of a UTF-8 string."""

FEW = 20_000
"""How many entries of an index a search by prefix reads before it tries something else.

Identities that begin alike are next to each other in an index, but their ids are in any order, so all of
them have to be read. If they are many, the first of them are probably among the next ids.
"""


BY_TYPE = "ix_asset_assettype_assetid"
"""The index that has the ids of each type in order."""


@dataclass(frozen=True, slots=True)
class Order:
    """The order of a list: by id, or by identity and then by type; `descending`: the last one first."""

    by_identity: bool = False
    descending: bool = False

    @property
    def reversed(self) -> "Order":
        """The opposite order."""
        return Order(self.by_identity, not self.descending)

    @property
    def columns(self) -> Sequence[ColumnElement[Any]]:
        """What a query of assets is ordered by."""
        by = (asset.c.identitykey, asset.c.assettype) if self.by_identity else (asset.c.assetid,)
        return [self.directed(column) for column in by]

    def directed(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return the ordering by a column in the direction of this order."""
        return column.desc() if self.descending else column.asc()

    def first_keys(
        self, series: Sequence[ColumnElement[bool]], limit: int, index: str | None = None
    ) -> Select[tuple[int]]:
        """Return the query of the first ids in this order by id, as `least_keys` does."""
        if self.descending:
            return greatest_keys(asset.c.assetid, series, limit, index)
        return least_keys(asset.c.assetid, series, limit)

    def is_later(self, assetid: int) -> ColumnElement[bool]:
        """Return the condition that an asset has a later id than one; 0 is before the first."""
        key: ColumnElement[int] = asset.c.assetid
        return key <= (assetid - 1 if assetid else LARGEST_ID) if self.descending else key > assetid


ORDERS: Mapping[str, Order] = MappingProxyType(
    {
        "assetid": Order(),
        "-assetid": Order(descending=True),
        "identityvalue": Order(by_identity=True),
        "-identityvalue": Order(by_identity=True, descending=True),
    }
)
"""The orders by their names in addresses."""

BY_ID = ORDERS["assetid"]


def first_ids(
    connection: Connection,
    assettype: str | None,
    identityvalue: str | None,
    state: Shown,
    *,
    order: Order = BY_ID,
    after: int,
    limit: int,
) -> Select[tuple[int]]:
    """Return the query of the first ids of a list, `limit` at most; `identityvalue` is a prefix.

    Raises `InvalidParameter` for an order by identity of assets that are not active.
    """
    prefix = None if identityvalue is None else prefix_key(identityvalue)
    if order.by_identity:
        return _by_identity(connection, assettype, prefix, state, order=order, after=after, limit=limit)
    later = order.is_later(after)
    if state not in ("active", "all"):
        others = and_(later, _in_state(state, assettype, prefix))
        return order.first_keys([others], limit)
    of_type = () if assettype is None else (asset.c.assettype == assettype,)
    listed = and_(*of_type, later, _is_shown(state))
    if prefix is None:
        return order.first_keys([listed], limit, BY_TYPE if of_type else None)
    types = _types(connection, assettype)
    matching = select(asset.c.assetid).where(
        asset.c.assettype.in_(types), begins_with(asset.c.identitykey, prefix)
    )
    if _count(connection, matching.limit(FEW + 1)) > FEW:
        end = _is_near(connection, order, after)
        near = and_(listed, end, begins_with(unindexed(asset.c.identitykey), prefix))
        found = order.first_keys([near], limit)
        if _count(connection, found) == limit:
            return found
    assetid = unindexed(asset.c.assetid)
    later = assetid > after if not (order.descending and after) else assetid < after
    return matching.where(later, _is_shown(state)).order_by(order.directed(assetid)).limit(limit)


def count_first(
    connection: Connection, assettype: str | None, identityvalue: str | None, state: Shown, *, most: int
) -> int:
    """Return how many assets a list has, or `most` if they are more.

    Active assets are counted as those in any state but the others, so that indexes alone are read.
    """
    prefix = None if identityvalue is None else prefix_key(identityvalue)
    if state not in ("active", "all"):
        return _count(
            connection, select(asset.c.assetid).where(_in_state(state, assettype, prefix)).limit(most)
        )
    others = 0
    if state == "active":
        not_active = select(asset.c.assetid).where(_is_not_active(assettype, prefix))
        others = _count(connection, not_active)
    whole = select(asset.c.assetid)
    if assettype is not None or prefix is not None:
        whole = whole.where(asset.c.assettype.in_(_types(connection, assettype)))
    if prefix is not None:
        whole = whole.where(begins_with(asset.c.identitykey, prefix))
    return _count(connection, whole.limit(most + others)) - others


def prefix_key(identityprefix: str) -> bytes:
    """Return the beginning of the keys of identities that begin so.

    No identity is longer, and normalising hostile text takes quadratic time.
    """
    return identity_key(identityprefix[: IDENTITY_LENGTH + 1])


def begins_with(column: ColumnElement[bytes], prefix: bytes) -> ColumnElement[bool]:
    """Return the condition that the bytes in a column begin with `prefix`."""
    return and_(column >= prefix, column < prefix + LAST_BYTE)


def _by_identity(
    connection: Connection,
    assettype: str | None,
    prefix: bytes | None,
    state: Shown,
    *,
    order: Order,
    after: int,
    limit: int,
) -> Select[tuple[int]]:
    """Return the query of the first ids by identity: the first of each type, and of these the first."""
    if state not in ("active", "all"):
        raise InvalidParameter(
            f"sort: {state} assets are not listed by identity; leave out sort, or sort by assetid."
        )
    types = _types(connection, assettype)
    place = _place_of(connection, types, after)
    columns = asset.c.assetid, asset.c.identitykey, asset.c.assettype
    firsts = []
    for number, each in enumerate(types):
        conditions = [asset.c.assettype == each, _is_shown(state), _follows(order, number, place)]
        if prefix is not None:
            conditions.append(begins_with(asset.c.identitykey, prefix))
        ordered = select(*columns).where(*conditions).order_by(order.directed(asset.c.identitykey))
        firsts.append(ordered.limit(limit))
    found = _first_of(firsts, order, limit)
    return found.with_only_columns(found.selected_columns.assetid)


def _first_of(series: Sequence[Select[Any]], order: Order, limit: int) -> Select[Any]:
    """Return the query of the first rows by identity of several queries, each of which has its first ones."""
    if len(series) > MOST_SERIES:
        groups = [series[first : first + MOST_SERIES] for first in range(0, len(series), MOST_SERIES)]
        series = [_first_of(group, order, limit) for group in groups]
    found = union_all(*(select(each.subquery()) for each in series)).subquery()
    ordering = order.directed(found.c.identitykey), order.directed(found.c.assettype)
    return select(*found.c).order_by(*ordering).limit(limit)


def _place_of(connection: Connection, types: Sequence[str], assetid: int) -> tuple[bytes, int] | None:
    """Return where an asset is in the order by identity and number of the type; `None`, the start, for 0."""
    if not assetid:
        return None
    found = connection.execute(
        select(asset.c.identitykey, asset.c.assettype).where(asset.c.assetid == assetid)
    ).first()
    if found is None:
        raise InvalidParameter(f"after: there is no asset {assetid}; begin without it.")
    # In the order of the database, whose collation may differ from that of Python.
    return bytes(found.identitykey), types.index(found.assettype) if found.assettype in types else 0


def _follows(order: Order, number: int, place: tuple[bytes, int] | None) -> ColumnElement[bool]:
    """Return the condition that an asset of the type with a number comes after a place in the order."""
    key = asset.c.identitykey
    if place is None:
        return key >= b""  # lets each database use the index that has this order
    last, number_there = place
    if order.descending:
        return key <= last if number < number_there else key < last
    return key >= last if number > number_there else key > last


def _is_shown(state: Shown) -> ColumnElement[bool]:
    """Return the condition of a list of active assets, or of all: most are active, so others are skipped."""
    return true() if state == "all" else unindexed(asset.c.state) == state


def _in_state(state: str, assettype: str | None, prefix: bytes | None) -> ColumnElement[bool]:
    """Return the condition of assets that are in one state and not active."""
    return and_(_is_not_active(assettype, prefix), asset.c.state == state)


def _is_not_active(assettype: str | None, prefix: bytes | None) -> ColumnElement[bool]:
    """Return the condition of assets that are not active: few, which an index of their own has in order."""
    # The same literal as in the index, or else SQLite and PostgreSQL do not use it.
    conditions: list[ColumnElement[bool]] = [asset.c.state != literal_column("'active'")]
    if assettype is not None:
        conditions.append(unindexed(asset.c.assettype) == assettype)
    if prefix is not None:
        conditions.append(begins_with(unindexed(asset.c.identitykey), prefix))
    return and_(*conditions)


def _is_near(connection: Connection, order: Order, after: int) -> ColumnElement[bool]:
    """Return the condition that an asset is among the next `FEW` ids."""
    if not order.descending:
        return asset.c.assetid <= min(after + FEW, LARGEST_ID)
    start = after or (connection.scalar(select(func.max(asset.c.assetid))) or 0) + 1
    return asset.c.assetid >= start - FEW


def _types(connection: Connection, assettype: str | None) -> Sequence[str]:
    return [assettype] if assettype is not None else distinct_values(connection, asset.c.assettype) or [""]


def _count(connection: Connection, query: Select[tuple[int]]) -> int:
    return connection.scalars(select(func.count()).select_from(query.subquery())).one()
