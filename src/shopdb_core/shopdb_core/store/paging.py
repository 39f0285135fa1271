"""Pages of a list: bounded in rows and in bytes, so that no answer takes more memory than a few megabytes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select

from shopdb_core.store.databases import DATABASES
from shopdb_hookspecs import JsonObject

MAX_PAGE_BYTES = 8 * 1024 * 1024
"""How large the items of one page are together; a single item that is larger is a page of its own."""

ITEM_BYTES = 3 * 1024
"""More than an item takes in JSON without its long text: names of 255 characters, times, hashes."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some items of a list, and the `after` of the following page; `None` on the last."""

    items: Sequence[JsonObject]
    next: int | None


def read_rows(
    connection: Connection,
    query: Select[Any],
    key: ColumnElement[int],
    long_text: ColumnElement[str],
    limit: int,
) -> tuple[Iterable[Row[Any]], int | None]:
    """Return the rows of one page of a query in the order of `key`, and the key after which more follow.

    The database first returns the lengths of the column `long_text`: drivers of database servers hold all
    rows of a result. The caller's transaction must read one snapshot.
    """
    octet_length = DATABASES[connection.dialect.name].octet_length
    sizes = connection.execute(
        query.with_only_columns(key, octet_length(long_text)).order_by(key).limit(limit + 1)
    )
    keys, more = _first_page(((found, size + ITEM_BYTES) for found, size in sizes), limit)
    rows = connection.execute(query.where(key.in_(keys)).order_by(key)) if keys else ()
    return rows, keys[-1] if more else None


def _first_page(sizes: Iterator[tuple[int, int]], limit: int) -> tuple[list[int], bool]:
    """Return the keys of as many rows as fit into a page, and whether there are more."""
    keys: list[int] = []
    total = 0
    for key, size in sizes:
        total += size
        if len(keys) == limit or (keys and total > MAX_PAGE_BYTES):
            return keys, True
        keys.append(key)
    return keys, False
