"""Statements that one message takes to a database server: `run_all`, `read_all`, and `Insertion` (ADR 0035).

Each answer that is waited for takes as long as the network. SQLite executes one statement after another.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import Connection, Table, bindparam, func, insert, select

from shopdb_core.store.databases import DATABASES
from shopdb_core.store.dialect import COMMIT, Run, ServerDialect
from shopdb_core.store.statement import Query, Rows, Statement

Write: TypeAlias = tuple[Statement, Sequence[Mapping[str, Any]]]
"""A statement that returns nothing, and the rows for each of which it is executed."""


def run_all(connection: Connection, writes: Sequence[Write]) -> None:
    """Execute each statement once for each of its rows."""
    for statement, rows in writes:
        statement.run_many(connection, rows)


def read_all(connection: Connection, queries: Sequence[Query]) -> list[Rows]:
    """Return the driver's rows of each query."""
    database = DATABASES[connection.dialect.name]
    if isinstance(database, ServerDialect) and len(queries) > 1:
        return database.run_together(connection.connection.driver_connection, _reading(connection, queries))
    return [statement.run(connection, values).fetchall() for statement, values in queries]


def _writing(connection: Connection, writes: Sequence[Write]) -> list[Run]:
    return [statement.run_of(connection, rows) for statement, rows in writes if rows]


def _reading(connection: Connection, queries: Sequence[Query]) -> list[Run]:
    return [statement.run_of(connection, [values]) for statement, values in queries]


LARGEST_INSERT = 64
"""How many rows one statement inserts at most, where the database returns their ids."""


class Insertion:
    """The insertion of rows into a table whose primary key the database generates.

    `columns` are those of which the rows have a value, in a parameter of the same name.
    """

    def __init__(self, table: Table, columns: Sequence[str]) -> None:
        (self._key,) = table.primary_key
        self._columns = columns
        values: dict[str, Any] = {name: bindparam(name) for name in columns}
        self._table = table
        self._one = Statement(insert(table).values(values))
        self._with_key = Statement(
            insert(table).values({**values, self._key.name: bindparam(self._key.name)})
        )
        self._last_key = Statement(select(func.coalesce(func.max(self._key), 0)))
        self._returning: dict[int, Statement] = {}

    def insert(
        self,
        connection: Connection,
        rows: Sequence[Mapping[str, Any]],
        *,
        after: Sequence[Write] = (),
        then: Sequence[Write] = (),
        commit: bool = False,
    ) -> list[int]:
        """Insert rows and return their ids, which ascend in the order of the rows.

        This is done `after` other writes, and before those in `then`. On a database server neither takes a
        message of its own, and with `commit` nor does the COMMIT: set it only if the caller commits next.
        """
        ids, _ = self._insert(connection, rows, after=after, then=then, commit=commit)
        return ids

    def insert_and_read(
        self, connection: Connection, rows: Sequence[Mapping[str, Any]], queries: Sequence[Query]
    ) -> tuple[list[int], list[Rows]]:
        """Insert rows as `insert` does, then run queries, which take no message of their own.

        Returns the ids, and the driver's rows of each query.
        """
        return self._insert(connection, rows, queries=queries)

    def _insert(
        self,
        connection: Connection,
        rows: Sequence[Mapping[str, Any]],
        *,
        after: Sequence[Write] = (),
        then: Sequence[Write] = (),
        queries: Sequence[Query] = (),
        commit: bool = False,
    ) -> tuple[list[int], list[Rows]]:
        database = DATABASES[connection.dialect.name]
        if rows and isinstance(database, ServerDialect) and connection.dialect.insert_returning:
            before, behind = (_writing(connection, writes) for writes in (after, then))
            insertions, reading = [*self._insertions(connection, rows)], _reading(connection, queries)
            runs = [*before, *insertions, *behind, *reading, *([COMMIT] if commit else ())]
            found = database.run_together(connection.connection.driver_connection, runs)
            # Before ours, SQLAlchemy may have made other inserts return keys.
            returned = iter(found[-len(insertions) - len(reading) :])
            ids = [assigned for _ in insertions for assigned in sorted(int(row[0]) for row in next(returned))]
            return ids, [*returned]
        run_all(connection, after)
        ids = self._insert_alone(connection, rows)
        run_all(connection, then)
        return ids, read_all(connection, queries)

    def _insert_alone(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> list[int]:
        """Insert rows where they need messages of their own, or none."""
        if DATABASES[connection.dialect.name].one_writer:
            return self._insert_numbered(connection, rows)
        return [int(self._one.run(connection, row).lastrowid) for row in rows]

    def _insert_numbered(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> list[int]:
        """Number the rows here: no other transaction writes before this one ends."""
        if not rows:
            return []
        if len(rows) == 1:
            return [int(self._one.run(connection, rows[0]).lastrowid)]
        ((last,),) = self._last_key.run(connection, {}).fetchall()
        ids = [*range(last + 1, last + 1 + len(rows))]
        name = self._key.name
        self._with_key.run_many(connection, [{**row, name: key} for key, row in zip(ids, rows, strict=True)])
        return ids

    def _insertions(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> Iterator[Run]:
        """Yield statements of 64, 32, … rows, and 1; a statement numbers its rows in their order."""
        start = 0
        while start < len(rows):
            size = min(LARGEST_INSERT, 1 << (len(rows) - start).bit_length() - 1)
            chunk = rows[start : start + size]
            values = {f"{name}_{n}": row[name] for n, row in enumerate(chunk) for name in self._columns}
            yield (self._returning.get(size) or self._compile(size)).run_of(connection, [values])
            start += size

    def _compile(self, size: int) -> Statement:
        rows = [
            {name: bindparam(f"{name}_{n}", type_=self._table.c[name].type) for name in self._columns}
            for n in range(size)
        ]
        statement = Statement(insert(self._table).values(rows).returning(self._key))
        self._returning[size] = statement
        return statement
