"""Column types with a variant for each database, and statements that are compiled once for each.

`Statement` and `Insertion` are written with SQLAlchemy and run on the driver's cursor (ADR 0007).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Dialect, Insert
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.sql import ClauseElement
from sqlalchemy.types import TypeDecorator, TypeEngine

from shopdb_core.store.databases import DATABASES
from shopdb_core.store.dialect import ColumnTypes

T = TypeVar("T")

IDENTITY_KEY_BYTES = 1530
"""Length of 255 case-folded characters in UTF-8, each of which takes at most six bytes."""


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
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A statement as it is compiled for one database."""

    sql: str
    names: tuple[str, ...]
    positional: bool
    constants: Mapping[str, Any]
    convert: Mapping[str, Callable[[Any], Any]]

    def arguments(self, values: Mapping[str, Any]) -> Any:
        converted = {name: convert(values[name]) for name, convert in self.convert.items()}
        complete = {**self.constants, **values, **converted}
        return [complete[name] for name in self.names] if self.positional else complete


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
        dialect = connection.dialect
        prepared = self._prepared.get(dialect.name) or self._prepare(dialect)
        cursor = connection.connection.cursor()
        cursor.execute(prepared.sql, prepared.arguments(values))
        return cursor

    def _prepare(self, dialect: Dialect) -> _Prepared:
        compiled = self._for(dialect).compile(dialect=dialect)
        binds = compiled.binds  # type: ignore[attr-defined]  # every SQL compiler has it
        names = tuple(compiled.positiontup or binds)  # type: ignore[attr-defined]  # likewise
        processors = {name: binds[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names}
        prepared = _Prepared(
            sql=str(compiled),
            names=names,
            positional=dialect.positional,
            constants={name: value for name, value in compiled.params.items() if not binds[name].required},
            convert={name: processor for name, processor in processors.items() if processor},
        )
        self._prepared[dialect.name] = prepared
        return prepared

    def _for(self, _dialect: Dialect) -> ClauseElement:
        """Return the statement for one database."""
        return self._element


class Insertion(Statement):
    """The insertion of one row into a table whose primary key the database generates."""

    def __init__(self, insert: Insert) -> None:
        super().__init__(insert)
        self._returning = insert.returning(*insert.table.primary_key)

    def insert(self, connection: Connection, values: Mapping[str, Any]) -> int:
        """Insert a row and return its id."""
        cursor = self.run(connection, values)
        from_cursor = DATABASES[connection.dialect.name].row_id_from_cursor
        row = (cursor.lastrowid,) if from_cursor else cursor.fetchone()
        assert row
        return int(row[0])

    def _for(self, dialect: Dialect) -> ClauseElement:
        return self._element if DATABASES[dialect.name].row_id_from_cursor else self._returning
