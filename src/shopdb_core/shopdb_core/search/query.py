"""`Search`: the pages of a search, by id in either direction, each within a time.

The index finds assets, and the conditions decide which of them match. Where no term has words of the index,
the list itself is looked through, some thousand assets a page.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, TypeAlias, TypedDict

from sqlalchemy import Connection, Row, Select, func, select

from shopdb_core.assets.listed_ids import BY_ID, Order, Shown, begins_with, first_ids, prefix_key
from shopdb_core.assets.listing import as_texts, read_assets, read_page
from shopdb_core.clock import Clock, utc_now
from shopdb_core.errors import InvalidParameter
from shopdb_core.plugins.registry import Plugins
from shopdb_core.search.conditions import Condition, FoundAsset, IndexWord, condition
from shopdb_core.search.fields import KnownFields
from shopdb_core.search.grammar import parse
from shopdb_core.search.index import BLOCK, find_assets, positions_of
from shopdb_core.search.marking import marked
from shopdb_core.store.paging import ITEM_BYTES, MAX_PAGE_BYTES, Page, unindexed
from shopdb_core.store.tables import asset
from shopdb_hookspecs import JsonObject

PAGE_SECONDS = 0.25
"""After this time a page ends, however many assets it has; the next one goes on from there."""

SECONDS_BACK = 0.05
"""After this time the page before another one is no longer searched for."""

CHUNK = 128
"""How many assets are looked at between two looks at the clock."""

SMALLEST_CHUNK = 16

MOST_BLOCKS = 32
"""In how many blocks the index is searched at once."""

Show: TypeAlias = Callable[[Row[Any]], JsonObject]


class Filters(TypedDict):
    """The other filters of the list, as `read_page` takes them."""

    assettype: str | None
    identityvalue: str | None
    state: Shown


class Search:
    """Searches the assets of one site; threads may share it.

    `sitefields` are the schemas of the fields of people. Dates without an offset are in `zone`.
    """

    def __init__(
        self, plugins: Plugins, sitefields: JsonObject, zone: tzinfo, *, clock: Clock = utc_now
    ) -> None:
        self._plugins = plugins
        self._sitefields = sitefields
        self._zone = zone
        self._clock = clock

    @property
    def fields(self) -> KnownFields:
        """The fields that are declared now."""
        declared = (each.declaration["fields"] for each in self._plugins.collectors().values())
        return KnownFields(declared, self._sitefields)

    def conditions(self, query: str) -> list[Condition]:
        """Return what a query asks; raises `InvalidParameter` with the position of what is wrong."""
        terms = parse(query)
        known = self.fields if any(term.field for term in terms) else KnownFields((), {})
        now = self._clock()
        return [condition(term, known, self._zone, now) for term in terms]

    def page(
        self,
        connection: Connection,
        conditions: Sequence[Condition],
        filters: Filters,
        *,
        order: Order = BY_ID,
        after: int,
        limit: int,
        show: Show = as_texts,
        seconds: float = PAGE_SECONDS,
    ) -> Page:
        """Return a page of the assets that fulfil all conditions; without any, of the whole list.

        Its items are what `show` returns of the rows. It may have fewer of them than `limit`, or none, and a
        `next`. The caller's transaction must read one snapshot. Raises `InvalidParameter` for an order by
        identity of a search, and as `first_ids` does.
        """
        if not conditions:
            return read_page(connection, **filters, order=order, after=after, limit=limit, show=show)
        if order.by_identity:
            raise InvalidParameter(
                "sort: what a search finds is sorted by assetid alone; leave out sort or q."
            )
        size = max(SMALLEST_CHUNK, min(CHUNK, limit + 1))
        candidates = _candidates(connection, conditions, filters, order=order, after=after, size=size)
        return _first_matching(candidates, conditions, limit, show, time.monotonic() + seconds)

    def start_of_previous(
        self,
        connection: Connection,
        conditions: Sequence[Condition],
        filters: Filters,
        *,
        order: Order,
        first: int,
        limit: int,
    ) -> int | None:
        """Return the `after` of the page before the one that begins with the asset `first`.

        `None` if it is not found within a time.
        """
        if not conditions:
            keys = first_ids(connection, **filters, order=order.reversed, after=first, limit=limit + 1)
            found: Sequence[int] = [*connection.scalars(keys)]
            return found[limit] if len(found) > limit else 0
        page = self.page(
            connection,
            conditions,
            filters,
            order=order.reversed,
            after=first,
            limit=limit + 1,
            show=_id_alone,
            seconds=SECONDS_BACK,
        )
        if len(page.items) > limit:
            return int(page.items[limit]["assetid"])
        return 0 if page.next is None else None


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Some assets in order; every asset up to `last` was found."""

    rows: Sequence[Row[Any]]
    last: int


def _first_matching(
    chunks: Iterator[_Chunk], conditions: Sequence[Condition], limit: int, show: Show, deadline: float
) -> Page:
    items: list[JsonObject] = []
    total = last = 0
    for chunk in chunks:
        for row in chunk.rows:
            found = FoundAsset(row)
            if not all(each.matches(found) for each in conditions):
                continue
            total += ITEM_BYTES + len(row.attributes) + len(row.sitefields or "")
            if len(items) == limit or (items and total > MAX_PAGE_BYTES):
                return Page(items, last)
            items.append(show(row))
            last = row.assetid
        if time.monotonic() > deadline:
            return Page(items, chunk.last)
    return Page(items, None)


def _candidates(
    connection: Connection,
    conditions: Sequence[Condition],
    filters: Filters,
    *,
    order: Order,
    after: int,
    size: int,
) -> Iterator[_Chunk]:
    """Yield the assets of the filters that may fulfil the conditions."""
    words = [word for each in conditions for word in each.index_words()]
    if not words:
        return _listed(connection, filters, order, after, size)
    return _indexed(connection, [*dict.fromkeys(words)], filters, order=order, after=after, size=size)


def _listed(
    connection: Connection, filters: Filters, order: Order, after: int, size: int
) -> Iterator[_Chunk]:
    """Yield every asset of the filters, chunk by chunk."""
    while True:
        found = first_ids(connection, **filters, order=order, after=after, limit=size)
        rows = [*read_assets(connection, found, size, order)[0]]
        if not rows:
            return
        after = rows[-1].assetid
        yield _Chunk(rows, after)


def _indexed(
    connection: Connection,
    words: Sequence[IndexWord],
    filters: Filters,
    *,
    order: Order,
    after: int,
    size: int,
) -> Iterator[_Chunk]:
    """Yield the assets that the index finds, and those that are not indexed yet."""
    largest = connection.scalar(select(func.max(asset.c.assetid))) or 0
    for blocks in _blocks(order, after, largest):
        found = find_assets(connection, words, blocks)
        ids = {each * BLOCK + position for each, bits in found.items() for position in positions_of(bits)}
        first, end = blocks.start * BLOCK, blocks.stop * BLOCK
        ids.update(marked(connection, first - 1, end))
        later = [each for each in ids if not after or (each < after if order.descending else each > after)]
        yield from _rows(connection, sorted(later, reverse=order.descending), filters, order, size)
        # Never 0, which is the beginning of a list.
        yield _Chunk([], max(first, 1) if order.descending else end - 1)


def _blocks(order: Order, after: int, largest: int) -> Iterator[range]:
    """Yield the blocks of the index after an asset, more and more at once."""
    number = 1
    if order.descending:
        last = min(after - 1, largest) if after else largest
        stop = last // BLOCK + 1 if last else 0
        while stop > 0:
            yield range(max(stop - number, 0), stop)
            stop, number = stop - number, min(number * 2, MOST_BLOCKS)
        return
    start = (after + 1) // BLOCK
    while start * BLOCK <= largest:
        yield range(start, start + number)
        start, number = start + number, min(number * 2, MOST_BLOCKS)


def _rows(
    connection: Connection, ids: Sequence[int], filters: Filters, order: Order, size: int
) -> Iterator[_Chunk]:
    """Yield the assets with these ids that pass the filters, chunk by chunk."""
    start = 0
    while start < len(ids):
        chunk = ids[start : start + size]
        rows, more = read_assets(connection, _filtered(chunk, filters), size, order)
        last = more or chunk[-1]
        yield _Chunk([*rows], last)
        start = ids.index(last, start) + 1


def _id_alone(row: Row[Any]) -> JsonObject:
    return {"assetid": row.assetid}


def _filtered(ids: Sequence[int], filters: Filters) -> Select[tuple[int]]:
    """Return the query of those ids whose assets pass the filters."""
    query = select(asset.c.assetid).where(asset.c.assetid.in_(ids))
    if filters["state"] != "all":
        query = query.where(unindexed(asset.c.state) == filters["state"])
    if filters["assettype"] is not None:
        query = query.where(unindexed(asset.c.assettype) == filters["assettype"])
    if filters["identityvalue"] is not None:
        prefix = prefix_key(filters["identityvalue"])
        query = query.where(begins_with(unindexed(asset.c.identitykey), prefix))
    return query
