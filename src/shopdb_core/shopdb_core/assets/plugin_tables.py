"""`PluginTables` reads and deletes the rows of a plugin's own tables; `differences` compares two reads."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    Row,
    Table,
    and_,
    bindparam,
    delete,
    inspect,
    select,
)

from shopdb_core.store import tables as core

Content = tuple[Any, ...]
"""The names and values of a row's columns, hashable; a key that the database generates is left out."""

Contents = Mapping[str, Counter[Content]]
"""How often each content occurs in each table."""

RowKeys = Mapping[str, Sequence[tuple[Any, ...]]]
"""The primary keys of some rows of each table."""

ASSETID = core.asset.c.assetid.name


def reflected_tables(connection: Connection, plugin: str) -> dict[str, Table]:
    """Return the tables whose names begin with the plugin's name, sorted by name."""
    names = [name for name in inspect(connection).get_table_names() if name.startswith(f"{plugin}_")]
    metadata = MetaData()
    metadata.reflect(connection, only=names)
    return {name: metadata.tables[name] for name in sorted(names)}


class PluginTables:
    """The tables of a migrated database whose names begin with the plugin's name."""

    def __init__(self, connection: Connection, plugin: str) -> None:
        self._tables = reflected_tables(connection, plugin)
        metadata = next((table.metadata for table in self._tables.values()), MetaData())
        self._owned = [
            table
            for table in reversed(metadata.sorted_tables)
            if table.name in self._tables and ASSETID in table.columns
        ]
        self._asset_columns = {
            name: column
            for name, table in self._tables.items()
            if (column := asset_column(table)) is not None
        }

    def raw(self, connection: Connection) -> Mapping[str, list[tuple[Any, ...]]]:
        """Return every row of every table, sorted."""
        return {name: self._rows(connection, table) for name, table in self._tables.items()}

    def of_assets(self, connection: Connection) -> Contents:
        """Return the rows that belong to assets, of each table that refers to them.

        A foreign key to another table of the plugin is replaced by the content of the row that it refers to:
        two databases may generate different keys.
        """
        snapshot = _Snapshot(connection, self._tables)
        return {name: snapshot.contents(name) for name in self._asset_tables()}

    def keys(self, connection: Connection, assetids: Collection[int]) -> Mapping[int, RowKeys]:
        """Return the keys of each asset's rows, of each table with a column `assetid`.

        A table without an index that begins with `assetid` is read as a whole.
        """
        found: defaultdict[int, dict[str, list[tuple[Any, ...]]]] = defaultdict(dict)
        for table in self._owned:
            query = select(table.c[ASSETID], *table.primary_key).where(table.c[ASSETID].in_(assetids))
            for assetid, *key in connection.execute(query):
                found[assetid].setdefault(table.name, []).append(tuple(key))
        return found

    def delete(self, connection: Connection, assetid: int, keys: RowKeys) -> None:
        """Delete the rows of one asset by their keys, of referring tables first; the caller commits.

        A table without an `assetid` that refers to a deleted row needs `ON DELETE CASCADE`.
        """
        for table in self._owned:
            rows = keys.get(table.name, ())
            if rows and not len(table.primary_key):
                connection.execute(delete(table).where(table.c[ASSETID] == assetid))
            elif rows:
                columns = list(table.primary_key)
                names = [f"key{index}" for index in range(len(columns))]
                is_row = (column == bindparam(name) for column, name in zip(columns, names, strict=True))
                parameters = [dict(zip(names, row, strict=True)) for row in rows]
                connection.execute(delete(table).where(and_(*is_row)), parameters)

    def contents(self, connection: Connection, assetids: Collection[int]) -> Contents:
        """Return the rows of some assets, of each table with a column that refers to them."""
        return {
            name: self._contents(connection, column, assetids) for name, column in self._asset_columns.items()
        }

    def _contents(
        self, connection: Connection, column: Column[Any], assetids: Collection[int]
    ) -> Counter[Content]:
        columns = compared_columns(column.table)
        query = select(*columns).where(column.in_(assetids))
        names = [column.name for column in columns]
        return Counter(tuple(zip(names, map(repr, row), strict=True)) for row in connection.execute(query))

    def _asset_tables(self) -> list[str]:
        """Return the names of the tables that refer to assets, or to another such table."""
        found: set[str] = set()
        while more := {
            name for name, table in self._tables.items() if name not in found and _refers(table, found)
        }:
            found |= more
        return sorted(found)

    def _rows(self, connection: Connection, table: Table) -> list[tuple[Any, ...]]:
        return sorted(map(tuple, connection.execute(select(table))), key=repr)


class _Snapshot:
    """The rows of all tables at one moment."""

    def __init__(self, connection: Connection, tables: Mapping[str, Table]) -> None:
        self._tables = tables
        self._rows = {name: list(connection.execute(select(table))) for name, table in tables.items()}

    def contents(self, name: str) -> Counter[Content]:
        """Return how often each content occurs in a table."""
        return Counter(self._content(self._tables[name], row, ()) for row in self._rows[name])

    def _content(self, table: Table, row: Row[Any], path: tuple[object, ...]) -> Content:
        columns = compared_columns(table)
        return tuple((column.name, self._value(column, row, path)) for column in columns)

    def _value(self, column: Column[Any], row: Row[Any], path: tuple[object, ...]) -> Any:
        """Return the text of a value; for a reference inside the plugin's tables, the content of that row."""
        value = row._mapping[column]  # noqa: SLF001  # a public attribute of SQLAlchemy
        for key in column.foreign_keys:
            target = key.column
            step = (target.table.name, value)
            if value is not None and target.table.name in self._tables and step not in path:
                return self._referred(target, value, (*path, step))
        return repr(value)

    def _referred(self, target: Column[Any], value: Any, path: tuple[object, ...]) -> Content:
        rows = self._rows[target.table.name]
        found = (row for row in rows if row._mapping[target] == value)  # noqa: SLF001  # as above
        return next((self._content(target.table, row, path) for row in found), ("missing row",))


def differences(stored: Contents, expected: Contents) -> Iterator[tuple[str, str]]:
    """Yield the table and what is wrong with a row, for the differences between two reads.

    First the columns in which a row differs from the one that is most like it.
    """
    for table in stored:
        extra, missing = [*(stored[table] - expected[table])], [*(expected[table] - stored[table])]
        pairs = [(row, other) for row in extra for other in missing]
        row, other = max(pairs, key=lambda pair: len({*pair[0]} & {*pair[1]}), default=((), ()))
        if equal := [column for column in row if column in other]:
            wrong = [f"{name} {value} instead of {dict(other)[name]}" for name, value in {*row} - {*equal}]
            yield table, f"({_columns(equal)}) has {', '.join(sorted(wrong))}"
        yield from ((table, f"({_columns(row)}) is there and should not be") for row in extra)
        yield from ((table, f"({_columns(row)}) is missing") for row in missing)


def _columns(row: Iterable[tuple[str, Any]]) -> str:
    return ", ".join(f"{name} {value}" for name, value in row)


def _refers(table: Table, names: set[str]) -> bool:
    """Whether a table refers to assets, or to one of the tables in `names`."""
    targets = {key.column.table.name for key in table.foreign_keys}
    return ASSETID in table.columns or not targets.isdisjoint({core.asset.name, *names})


def asset_column(table: Table) -> Column[Any] | None:
    """Return the column `assetid` of a table, or else the one that refers to assets."""
    named = table.columns.get(ASSETID)
    referring = (key.parent for key in table.foreign_keys if key.column.table.name == core.asset.name)
    return named if named is not None else next(referring, None)


def compared_columns(table: Table) -> list[Column[Any]]:
    """Return the columns, without a primary key of one integer that refers to nothing: it is generated."""
    columns, key = list(table.columns), list(table.primary_key.columns)
    if len(key) > 1 or not key or not isinstance(key[0].type, Integer):
        return columns
    if key[0].foreign_keys or key[0].name == ASSETID:
        return columns
    return [column for column in columns if column is not key[0]] or key
