"""Column types with a variant for each database, and statements that are compiled once for each.

`Statement` and `SetQuery` are written with SQLAlchemy and run on the driver's cursor (ADR 0007).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import (
    Column,
    Connection,
    Dialect,
    LargeBinary,
    Select,
    bindparam,
)
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.sql import ClauseElement
from sqlalchemy.types import TypeDecorator, TypeEngine

from shopdb_core.store.databases import DATABASES
from shopdb_core.store.dialect import ColumnTypes, Run

T = TypeVar("T")

MOMENTS = 64
"""How many converted date-times each parameter of a statement keeps."""

IDENTITY_KEY_BYTES = 1530
"""Length of 255 case-folded characters in UTF-8, each of which takes at most six bytes."""

WORD_BYTES = 160
"""Length of 40 case-folded characters in UTF-8, each of which takes at most four bytes."""

ASSET_SET_BYTES = 512


def _on_each_database(choose: Callable[[ColumnTypes], TypeEngine[T]]) -> TypeEngine[T]:
    """Return SQLAlchemy's generic type with the variant of each database."""
    column_type = choose(ColumnTypes())
    for dialect in DATABASES.values():
        column_type = column_type.with_variant(choose(dialect.column_types), dialect.name)
    return column_type


RowId = _on_each_database(lambda types: types.row_id)

Key = _on_each_database(lambda types: types.binary(IDENTITY_KEY_BYTES))
"""Bytes, because no collation or padding rule applies to their comparison."""

Digest = _on_each_database(lambda types: types.binary(32))

Word = _on_each_database(lambda types: types.binary(WORD_BYTES))

AssetSet = _on_each_database(lambda types: types.binary(ASSET_SET_BYTES))
"""Which of 4,096 assets: a bitmap, or up to 255 positions of two bytes."""

JsonText = _on_each_database(lambda types: types.long_text)
"""JSON exactly as it was written: the audit chain is a hash of it."""


def exact_text(length: int) -> TypeEngine[str]:
    """Return the type of a string that is compared character by character."""
    return _on_each_database(lambda types: types.exact_text(length))


class UtcDateTime(TypeDecorator[datetime]):
    """An aware date-time in Python, a naive one in UTC in the database.

    SQLite and MariaDB would silently drop an offset.
    """

    impl = _on_each_database(lambda types: types.date_time)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Convert to UTC; raises `ValueError` for a value without an offset."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A date-time without an offset was about to be stored.")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Return the value as an aware date-time in UTC."""
        return value and value.replace(tzinfo=UTC)


def driver_time(value: datetime | str) -> datetime:
    """Return the value of a `UtcDateTime` column as an aware date-time, from a row of the driver itself."""
    if isinstance(value, str):
        return datetime.fromisoformat(value + "+00:00")  # a tenth of the time of `replace`
    return value.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A statement as it is compiled for one database; `arguments` makes the driver's from a row of values."""

    sql: str
    arguments: Callable[[Mapping[str, Any]], Any]


class Statement:
    """One statement; `run` skips SQLAlchemy's layers above the driver, which take longer than the driver.

    Rows are those of the driver: select only columns whose types need no conversion, or date-times for
    `driver_time`.
    """

    def __init__(self, element: ClauseElement) -> None:
        self._element = element
        self._prepared: dict[str, _Prepared] = {}

    def run(self, connection: Connection, values: Mapping[str, Any]) -> DBAPICursor:
        """Execute in the connection's transaction; raises the driver's own exceptions."""
        prepared = self._for_connection(connection)
        cursor = connection.connection.cursor()
        cursor.execute(prepared.sql, prepared.arguments(values))
        return cursor

    def run_many(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
        """Execute once for each row, and return how many rows of the table it concerned.

        Raises the driver's own exceptions.
        """
        if not rows:
            return 0
        prepared = self._for_connection(connection)
        cursor = connection.connection.cursor()
        cursor.executemany(prepared.sql, [prepared.arguments(row) for row in rows])
        return cursor.rowcount

    def run_of(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> Run:
        """Return the execution for each row, for a dialect that executes several statements together."""
        prepared = self._for_connection(connection)
        return prepared.sql, [prepared.arguments(row) for row in rows]

    def _for_connection(self, connection: Connection) -> _Prepared:
        dialect = connection.dialect
        return self._prepared.get(dialect.name) or self._prepare(dialect)

    def _prepare(self, dialect: Dialect) -> _Prepared:
        compiled = self._element.compile(dialect=dialect)
        bind_names = compiled.bind_names  # type: ignore[attr-defined]  # every SQL compiler has it
        binds = {name: bind for bind, name in bind_names.items()}
        names = tuple(compiled.positiontup or binds)  # type: ignore[attr-defined]  # likewise
        processors = {name: _processor(binds[name].type, dialect) for name in names}
        constants = {name: value for name, value in compiled.params.items() if not binds[name].required}
        make = _list_of if dialect.positional else _dict_of
        prepared = _Prepared(str(compiled), make(names, constants, processors))
        self._prepared[dialect.name] = prepared
        return prepared


def _processor(column_type: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    """Return the function that makes the driver's value of a Python value, `None` if it is the same."""
    implementation = column_type.dialect_impl(dialect)
    if isinstance(implementation, LargeBinary):
        return None  # every driver takes bytes, and SQLAlchemy would wrap them
    convert = implementation.bind_processor(dialect)
    # A batch writes the same few moments into many rows.
    return lru_cache(MOMENTS)(convert) if convert and isinstance(column_type, UtcDateTime) else convert


_Processors: TypeAlias = Mapping[str, Callable[[Any], Any] | None]


def _list_of(
    names: Sequence[str], constants: Mapping[str, Any], processors: _Processors
) -> Callable[[Mapping[str, Any]], list[Any]]:
    """Return the function that makes the arguments of a statement with positional parameters."""
    plan = [(name, processors[name]) for name in names]

    def arguments(values: Mapping[str, Any]) -> list[Any]:
        given = {**constants, **values} if constants else values
        return [given[name] if convert is None else convert(given[name]) for name, convert in plan]

    return arguments


def _dict_of(
    names: Sequence[str], constants: Mapping[str, Any], processors: _Processors
) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Return the function that makes the arguments of a statement with named parameters."""
    positional = _list_of(names, constants, processors)
    return lambda values: dict(zip(names, positional(values), strict=True))


Query: TypeAlias = tuple[Statement, Mapping[str, Any]]
"""A statement that returns rows, and its values."""

Rows: TypeAlias = Sequence[Any]


class SetQuery:
    """A query for the rows that have one of many values in a column.

    It is compiled for 1, 2, 4, 8, … values, and the last value is repeated to fill up.
    """

    def __init__(self, query: Select[Any], column: Column[Any]) -> None:
        self._query = query
        self._column = column
        self._statements: dict[int, Statement] = {}

    def run(self, connection: Connection, values: Sequence[Any], **more: Any) -> Rows:
        """Return the driver's rows; `more` are the query's other parameters."""
        if not values:
            return ()
        statement, parameters = self.of(values, **more)
        return statement.run(connection, parameters).fetchall()

    def of(self, values: Sequence[Any], **more: Any) -> Query:
        """Return the query for one or more values, as `run` runs it."""
        size = 1 << (len(values) - 1).bit_length()
        statement = self._statements.get(size) or self._compile(size)
        for index in range(size):
            more[f"value{index}"] = values[min(index, len(values) - 1)]
        return statement, more

    def _compile(self, size: int) -> Statement:
        values = [bindparam(f"value{index}", type_=self._column.type) for index in range(size)]
        statement = Statement(self._query.where(self._column.in_(values)))
        self._statements[size] = statement
        return statement
