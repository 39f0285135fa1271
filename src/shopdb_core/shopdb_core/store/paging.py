"""Pages of a list: bounded in rows and in bytes, so that no answer takes more memory than a few megabytes.

The keys of a page are found first, by an index, and its rows then by their keys.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Row,
    Select,
    asc,
    desc,
    func,
    select,
    union_all,
)

from shopdb_core.store.databases import DATABASES
from shopdb_hookspecs import JsonObject

T = TypeVar("T")

MAX_PAGE_BYTES = 8 * 1024 * 1024
"""How large the items of one page are together; a single item that is larger is a page of its own."""

ITEM_BYTES = 3 * 1024
"""More than an item takes in JSON without its long text: names of 255 characters, times, hashes."""


MOST_SERIES = 100
"""How many conditions one part of a query has; SQLite takes at most 500 parts."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some items of a list, and the `after` of the following page; `None` on the last."""

    items: Sequence[JsonObject]
    next: int | None


def read_rows(
    connection: Connection,
    query: Select[Any],
    key: ColumnElement[int],
    *long_texts: ColumnElement[str],
    keys: Select[Any],
    limit: int,
    order: Sequence[ColumnElement[Any]] = (),
) -> tuple[Iterable[Row[Any]], int | None]:
    """Return up to `limit` of the rows that have one of `keys`, and the key after which more follow.

    They are in the order of their keys, or in another one, which `keys` must have too.

    The database first returns the lengths of the columns `long_texts`: drivers of database servers hold all
    rows of a result. The caller's transaction must read one snapshot.
    """
    octet_length = DATABASES[connection.dialect.name].octet_length
    lengths = [func.coalesce(octet_length(each), 0) for each in long_texts]
    sorting = order or (key,)
    sizes = query.with_only_columns(key, *lengths).where(is_among(key, keys)).order_by(*sorting)
    found = ((one, sum(of_texts) + ITEM_BYTES) for one, *of_texts in connection.execute(sizes))
    page, more = _first_page(found, limit)
    rows = connection.execute(query.where(key.in_(page)).order_by(*sorting)) if page else ()
    return rows, page[-1] if more else None


def _first_page(sizes: Iterable[tuple[int, int]], limit: int) -> tuple[list[int], bool]:
    """Return the keys of as many rows as fit into a page, and whether there are more."""
    keys: list[int] = []
    total = 0
    for key, size in sizes:
        total += size
        if len(keys) == limit or (keys and total > MAX_PAGE_BYTES):
            return keys, True
        keys.append(key)
    return keys, False


def least_keys(
    key: ColumnElement[int], series: Iterable[ColumnElement[bool]], limit: int
) -> Select[tuple[int]]:
    """Return the query of the first `limit` keys of the rows that fulfil one condition of `series`.

    Each condition compares the first columns of an index with one value, and `key` follows them in the index:
    the database reads `limit` entries of the index for each, however many rows there are. It does not always
    do so if the query also asks for other columns. No row may fulfil two of the conditions.
    """
    return _first_keys(key, [*series], limit, asc)


def greatest_keys(
    key: ColumnElement[int],
    series: Iterable[ColumnElement[bool]],
    limit: int | BindParameter[int],
    index: str | None = None,
) -> Select[tuple[int]]:
    """Return the query of the last `limit` keys, the greatest first, as `least_keys` finds the first ones.

    `index` names that of the conditions, for MariaDB: from the middle on it would read all entries behind it.
    """
    return _first_keys(key, [*series], limit, desc, index)


def _first_keys(
    key: ColumnElement[int],
    series: Sequence[ColumnElement[bool]],
    limit: int | BindParameter[int],
    order: Callable[[ColumnElement[int]], ColumnElement[int]],
    index: str | None = None,
) -> Select[tuple[int]]:
    if len(series) > MOST_SERIES:
        groups = [series[first : first + MOST_SERIES] for first in range(0, len(series), MOST_SERIES)]
        series = [is_among(key, _first_keys(key, group, limit, order)) for group in groups]
    keys = select(key)
    if index is not None:
        keys = keys.with_hint(keys.get_final_froms()[0], f"FORCE INDEX ({index})", "mysql")
    firsts = [keys.where(each).order_by(order(key)).limit(limit).subquery() for each in series]
    found = union_all(*map(select, firsts)).subquery()
    return select(*found.c).order_by(*map(order, found.c)).limit(limit)


def is_among(key: ColumnElement[int], keys: Select[Any]) -> ColumnElement[bool]:
    """Return the condition that a key is one of a query's; MySQL takes no LIMIT directly in IN."""
    return key.in_(select(keys.subquery()))


def distinct_values(connection: Connection, column: ColumnElement[T]) -> Sequence[T]:
    """Return the values, without null, of a column that is the first of an index, with one look-up each.

    Databases read the whole index for a DISTINCT, and MariaDB also for a recursive query of look-ups.
    """
    values: list[T] = []
    query = select(func.min(column))
    value = connection.scalar(query)
    while value is not None:
        values.append(value)
        value = connection.scalar(query.where(column > value))
    return values


def unindexed(column: ColumnElement[T]) -> ColumnElement[T]:
    """Return the value of a column as an expression for which no database searches an index."""
    return func.coalesce(column, column)
