"""`ScratchTables`: empty tables in the place of a plugin's own; `AssetRows`: what assets have in either.

On every database a temporary table hides the table of the same name from its connection. So a hook writes
into it by its usual statements, and no other connection sees it.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    FromClause,
    MetaData,
    Row,
    Select,
    Table,
    and_,
    select,
)
from sqlalchemy.schema import CreateIndex, CreateTable

from shopdb_core.assets.plugin_tables import Content, asset_column, compared_columns, reflected_tables
from shopdb_core.store import tables as core

Digests: TypeAlias = Mapping[int, Mapping[str, Counter[int]]]
"""How often each row occurs, by asset and table; only a row's hash is kept, since an asset may have many."""

_Referred: TypeAlias = Mapping[Column[Any], Mapping[Any, Row[Any]]]

_OWNER = "shopdb_owner"


class ScratchTables:
    """Empty copies of the tables whose names begin with the plugin's name, without their foreign keys."""

    def __init__(self, connection: Connection, plugin: str) -> None:
        self._tables = [
            Table(name, MetaData(), autoload_with=connection, resolve_fks=False, prefixes=["TEMPORARY"])
            for name in reflected_tables(connection, plugin)
        ]

    @contextmanager
    def hiding(self, connection: Connection) -> Iterator[None]:
        """Hide the plugin's tables within the block; the caller must roll the transaction back."""
        try:
            for table in self._tables:
                _create(connection, table)
            yield
        finally:
            # Rolling back removes them, except on MySQL and MariaDB.
            if connection.dialect.name == "mysql" and not connection.invalidated:
                for table in self._tables:
                    connection.exec_driver_sql(f"DROP TEMPORARY TABLE IF EXISTS `{table.name}`")


def _create(connection: Connection, table: Table) -> None:
    connection.execute(CreateTable(table, include_foreign_key_constraints=[]))
    for index in table.indexes:
        if index.unique:  # the ON CONFLICT of a hook may need it
            connection.execute(CreateIndex(index))


class AssetRows:
    """Reads the rows of assets, of each table that refers to assets and of those that refer to such a table.

    Where a row refers to one with a generated key, which several assets may share, the content of that row
    replaces the key.
    """

    def __init__(self, connection: Connection, plugin: str) -> None:
        self._plugin = plugin
        tables = reflected_tables(connection, plugin)
        self._sources = _sources(tables)
        self._keys: dict[Column[Any], ForeignKey] = {}
        self._through: dict[Table, ForeignKey] = {}
        reached = [*self._sources]
        for table in reached:  # grows meanwhile
            for key in _generated_keys(table, tables):
                self._keys[key.parent] = key
                if key.column.table not in reached:
                    self._through[key.column.table] = key
                    reached.append(key.column.table)

    def read(self, connection: Connection, assetids: Collection[int]) -> Digests:
        """Return what these assets have, in the scratch tables where these hide the others."""
        found: defaultdict[int, defaultdict[str, Counter[int]]] = defaultdict(lambda: defaultdict(Counter))
        contents = _Contents(self._keys, self._referred(connection, assetids))
        for table, (source, owner) in self._sources.items():
            columns: list[ColumnElement[Any]] = [*table.columns, owner.label(_OWNER)]
            query = select(*columns).select_from(source)
            for row in connection.execute(query.where(owner.in_(assetids))):
                found[row._mapping[_OWNER]][table.name][hash(contents.of(table, row))] += 1  # noqa: SLF001  # its public name
        return found

    def strays(self, connection: Connection, after: int, last: int | None) -> Iterator[tuple[int, str]]:
        """Yield id and table of the rows that belong to no asset of the plugin.

        The ids are those above `after`, up to `last`; `None`: without end.
        """
        for table, (source, owner) in self._sources.items():
            if source is table:
                known = select(core.asset.c.assetid).filter_by(assettype=self._plugin, assetid=owner)
                between = owner > after if last is None else and_(owner > after, owner <= last)
                query = select(owner).distinct().where(between, ~known.exists()).order_by(owner)
                yield from ((assetid, table.name) for assetid in connection.scalars(query))

    def _referred(self, connection: Connection, assetids: Collection[int]) -> _Referred:
        """Return the rows that those of these assets refer to, by their keys."""
        found: defaultdict[Column[Any], dict[Any, Row[Any]]] = defaultdict(dict)
        for key in self._keys.values():
            values = self._values(key.parent, assetids)
            query = select(key.column.table).where(key.column.in_(values))
            found[key.column].update((row._mapping[key.column], row) for row in connection.execute(query))  # noqa: SLF001  # as above
        return found

    def _values(self, column: Column[Any], assetids: Collection[int]) -> Select[Any]:
        """Return the query of a column's values in the rows of these assets, or in those referred to."""
        if column.table in self._sources:
            source, owner = self._sources[column.table]
            return select(column).select_from(source).where(owner.in_(assetids))
        key = self._through[column.table]
        return select(column).where(key.column.in_(self._values(key.parent, assetids)))


def _sources(tables: Mapping[str, Table]) -> dict[Table, tuple[FromClause, ColumnElement[int]]]:
    """Return where to select each table's rows, and the column with their asset."""
    sources: dict[Table, tuple[FromClause, ColumnElement[int]]] = {
        table: (table, column) for table in tables.values() if (column := asset_column(table)) is not None
    }
    for _ in tables:  # a chain of references is not longer
        for table in tables.values():
            for reference in table.foreign_key_constraints:
                if table not in sources and reference.referred_table in sources:
                    source, owner = sources[reference.referred_table]
                    on = and_(*(key.parent == key.column for key in reference.elements))
                    sources[table] = (source.join(table, on), owner)
    return sources


def _generated_keys(table: Table, tables: Mapping[str, Table]) -> Iterator[ForeignKey]:
    """Yield the references of a table to generated keys of another table of the plugin."""
    for reference in table.foreign_key_constraints:
        key, target = reference.elements[0], reference.referred_table
        is_other = target is not table and target.name in tables
        if is_other and len(reference.elements) == 1 and key.column not in compared_columns(target):
            yield key


class _Contents:
    """The contents of rows, with those that they refer to."""

    def __init__(
        self,
        keys: Mapping[Column[Any], ForeignKey],
        referred: _Referred,
    ) -> None:
        self._keys = keys
        self._referred = referred

    def of(self, table: Table, row: Row[Any], path: tuple[ForeignKey, ...] = ()) -> Content:
        columns = compared_columns(table)
        return tuple(self._value(column, row._mapping[column], path) for column in columns)  # noqa: SLF001  # as above

    def _value(self, column: Column[Any], value: Any, path: tuple[ForeignKey, ...]) -> Any:
        key = self._keys.get(column)
        if key is None or value is None or key in path:
            return repr(value)
        row = self._referred[key.column].get(value)
        return "missing row" if row is None else self.of(key.column.table, row, (*path, key))
