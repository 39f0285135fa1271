"""Statements of the submission path: written with SQLAlchemy, compiled once, run on the driver's cursor."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Dialect, Insert
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.sql import ClauseElement


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
