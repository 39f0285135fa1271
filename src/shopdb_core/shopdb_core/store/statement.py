"""Column types that mean the same on every database.

Statements of the submission path: written with SQLAlchemy, compiled once, run on the driver's cursor.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, DateTime, Dialect, Insert, Integer, LargeBinary, String, Text
from sqlalchemy.dialects.mysql import DATETIME, LONGTEXT, VARBINARY, VARCHAR
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.sql import ClauseElement
from sqlalchemy.types import TypeDecorator, TypeEngine

IDENTITY_KEY_BYTES = 1530
"""Room for 255 characters, case-folded, in UTF-8: no character grows beyond six bytes."""

RowId = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite counts up by itself in columns of type INTEGER only."""

Key = LargeBinary().with_variant(VARBINARY(IDENTITY_KEY_BYTES), "mysql")
"""Bytes, so that no collation and no padding rule ever decides what is equal."""

Digest = LargeBinary().with_variant(VARBINARY(32), "mysql")

JsonText = Text().with_variant(LONGTEXT(), "mysql")
"""JSON as the text that was written: the audit chain is a hash of it."""


def exact_text(length: int) -> TypeEngine[str]:
    """Return the type of a string that is compared character by character, on MySQL too."""
    return String(length).with_variant(VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin"), "mysql")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware date-time in Python, a naive one in UTC in the database.

    SQLite and MariaDB would drop an offset without a word.
    """

    impl = DateTime().with_variant(DATETIME(fsp=6), "mysql")
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Convert to UTC; raises `ValueError` for a value without an offset."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A date-time without an offset was about to be stored.")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Say again that it is UTC."""
        return value and value.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """The statement in one database's words."""

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
    """One statement; `run` skips the layers above the driver, which cost more than the driver itself.

    Rows come as the driver gives them: select columns of types that need no conversion.
    """

    def __init__(self, element: ClauseElement) -> None:
        self._element = element
        self._prepared: dict[str, _Prepared] = {}

    def run(self, connection: Connection, values: Mapping[str, Any]) -> DBAPICursor:
        """Execute in the connection's transaction; the driver's own errors come through."""
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
        """Return the statement as this database needs it."""
        return self._element


class Insertion(Statement):
    """The insertion of one row into a table that numbers its rows."""

    def __init__(self, insert: Insert) -> None:
        super().__init__(insert)
        self._returning = insert.returning(*insert.table.primary_key)

    def insert(self, connection: Connection, values: Mapping[str, Any]) -> int:
        """Insert a row and return its number."""
        cursor = self.run(connection, values)
        row = (cursor.lastrowid,) if _tells_number(connection.dialect) else cursor.fetchone()
        assert row
        return int(row[0])

    def _for(self, dialect: Dialect) -> ClauseElement:
        """Ask for the number where the driver does not tell it by itself."""
        return self._element if _tells_number(dialect) else self._returning


def _tells_number(dialect: Dialect) -> bool:
    return dialect.name != "postgresql"
