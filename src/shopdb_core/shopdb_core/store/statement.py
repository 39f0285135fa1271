"""Statements of the submission path: written with SQLAlchemy, compiled once, run on the driver's cursor."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Dialect
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
        compiled = self._element.compile(dialect=dialect)
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
