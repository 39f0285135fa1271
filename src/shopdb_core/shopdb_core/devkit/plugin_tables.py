"""A plugin's own tables, by reflection: what they hold, and which of it belongs to assets."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Column, Connection, Integer, MetaData, Row, Table, inspect, select

from shopdb_core.store import tables as core

Content = tuple[Any, ...]
"""A row's columns and values in a form that can be counted, without the keys that only databases give."""

Contents = Mapping[str, Counter[Content]]
"""The contents of the rows of each table, with how often they are there."""

_ASSETID = core.asset.c.assetid.name


class PluginTables:
    """The tables that carry a plugin's prefix, as they are in a migrated database."""

    def __init__(self, connection: Connection, plugin: str) -> None:
        names = [name for name in inspect(connection).get_table_names() if name.startswith(f"{plugin}_")]
        metadata = MetaData()
        metadata.reflect(connection, only=names)
        self._tables = {name: metadata.tables[name] for name in sorted(names)}

    def raw(self, connection: Connection) -> Mapping[str, list[tuple[Any, ...]]]:
        """Return every row of every table, as it is."""
        return {name: self._rows(connection, table) for name, table in self._tables.items()}

    def of_assets(self, connection: Connection) -> Contents:
        """Return the rows that belong to assets, in each table that refers to them, with what they refer to.

        A key of one integer is replaced by what else its row holds: two databases may count differently.
        """
        reading = _Reading(connection, self._tables)
        return {name: reading.contents(name) for name in self._bound()}

    def _bound(self) -> list[str]:
        """Name the tables with rows of assets: those that refer to them, and those that refer to these."""
        bound: set[str] = set()
        while more := {
            name for name, table in self._tables.items() if name not in bound and _refers(table, bound)
        }:
            bound |= more
        return sorted(bound)

    def _rows(self, connection: Connection, table: Table) -> list[tuple[Any, ...]]:
        return sorted(map(tuple, connection.execute(select(table))), key=repr)


class _Reading:
    """The rows of all tables at one moment."""

    def __init__(self, connection: Connection, tables: Mapping[str, Table]) -> None:
        self._tables = tables
        self._rows = {name: list(connection.execute(select(table))) for name, table in tables.items()}

    def contents(self, name: str) -> Counter[Content]:
        """Count the contents of a table's rows."""
        return Counter(self._content(self._tables[name], row, ()) for row in self._rows[name])

    def _content(self, table: Table, row: Row[Any], path: tuple[object, ...]) -> Content:
        columns = _telling_columns(table)
        return tuple((column.name, self._value(column, row, path)) for column in columns)

    def _value(self, column: Column[Any], row: Row[Any], path: tuple[object, ...]) -> Any:
        """Return a value; one that refers to another table of the plugin is what that row holds."""
        value = row._mapping[column]  # noqa: SLF001  # SQLAlchemy's own name for it
        for key in column.foreign_keys:
            target = key.column
            step = (target.table.name, value)
            if value is not None and target.table.name in self._tables and step not in path:
                return self._referred(target, value, (*path, step))
        return repr(value)

    def _referred(self, target: Column[Any], value: Any, path: tuple[object, ...]) -> Content:
        rows = self._rows[target.table.name]
        found = (row for row in rows if row._mapping[target] == value)  # noqa: SLF001  # as above
        return next((self._content(target.table, row, path) for row in found), ("nothing there",))


def differences(kept: Contents, made: Contents) -> Iterator[tuple[str, Content, str]]:
    """Yield table, row and what is wrong with it: `kept` rows are there, `made` ones should be."""
    for name in kept:
        yield from ((name, row, "is there and should not be") for row in (kept[name] - made[name]))
        yield from ((name, row, "is missing") for row in (made[name] - kept[name]))


def _refers(table: Table, bound: set[str]) -> bool:
    if _ASSETID in table.columns:
        return True
    return any(
        key.column.table.name == core.asset.name or key.column.table.name in bound
        for key in table.foreign_keys
    )


def _is_counted(key: Column[Any]) -> bool:
    return isinstance(key.type, Integer) and not key.foreign_keys and key.name != _ASSETID


def _telling_columns(table: Table) -> list[Column[Any]]:
    """Return the columns without a key that the database, or nobody but the plugin, gives meaning to."""
    key = list(table.primary_key.columns)
    if len(key) == 1 and _is_counted(key[0]):
        return [column for column in table.columns if column is not key[0]] or key
    return list(table.columns)
