"""`Writer`: what submissions write of the programs of computers, on each kind of database.

It runs on the driver's cursor: SQLAlchemy's layers above it would take longer than the statements.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import Connection
from sqlalchemy.engine.interfaces import DBAPICursor

from shopdb_computers.programs.sending import one_by_one
from shopdb_computers.programs.statements import statements_for
from shopdb_hookspecs import Json, JsonObject

Rows: TypeAlias = Sequence[tuple[Json, ...]]
Inventories: TypeAlias = Sequence[tuple[int, bytes]]


class Marks(NamedTuple):
    """How many computers are uncounted, and the day on which the first of them was marked; may be empty."""

    number: int
    oldest: str


class Writer:
    """Runs the statements in the transaction of one connection; the caller commits.

    Concurrent transactions lock common rows in the order of their keys, so pass rows sorted. Raises the
    driver's own exceptions.
    """

    def __init__(self, connection: Connection) -> None:
        self._statements = statements_for(connection.dialect.name)
        self._cursor: DBAPICursor = connection.connection.cursor()

    def inventories(self, computerids: Iterable[int]) -> tuple[dict[int, bytes], Marks]:
        """Return the inventories of those of the computers that have one, and the marks of uncounted ones."""
        rows = self._fetch(self._statements.read_inventories, json.dumps(list(computerids)))
        marks = next(Marks(row[0], str(row[2] or "")) for row in rows if row[1] is None)
        return _by_computer(row for row in rows if row[1] is not None), marks

    def lock_uncounted(self) -> tuple[dict[int, bytes], str]:
        """Lock the uncounted computers that no other transaction has locked.

        Returns what was counted of each, and the day of the newest mark; empty if none has one.
        """
        rows = self._fetch(self._statements.lock_uncounted)
        return _by_computer(rows), max((str(row[2]) for row in rows if row[2]), default="")

    def put_inventories(
        self, inventories: Inventories, programs: Mapping[int, JsonObject], counted: Inventories, day: str
    ) -> None:
        """Insert or replace the inventories of some computers, and mark them as uncounted.

        Those of some programs that are not stored yet are inserted, each with its key. `counted` is what was
        counted of the computers; existing marks stay, locked.
        """
        statements = self._statements
        self._run(
            (statements.add_software, self._unknown(programs, day)),
            (statements.put_inventories, self._encoded(inventories)),
            (statements.mark_uncounted, self._marks(counted, day)),
        )

    def remove_inventory(self, computerid: int, counted: bytes, day: str) -> None:
        """Delete the inventory of a computer, and mark it as uncounted, with what was counted of it."""
        self._run(
            (self._statements.remove_inventories, [(computerid,)]),
            (self._statements.mark_uncounted, self._marks([(computerid, counted)], day)),
        )

    def remove_uncounted(self, computerids: Iterable[int]) -> None:
        """Remove the marks of some computers."""
        self._run((self._statements.remove_uncounted, [(computerid,) for computerid in computerids]))

    def change_counts(self, changes: Rows) -> None:
        """Add to the numbers of computers; a change may be negative."""
        self._run((self._statements.change_counts, changes))

    def note_vanished(self, lost: Rows) -> None:
        """Note the day for those of some programs that no computer has any more, by the totals."""
        self._run((self._statements.note_vanished, lost))

    def has_inventories(self, computerids: range) -> bool:
        """Whether one of some consecutive assets has an inventory."""
        return bool(self._fetch(self._statements.has_inventories, computerids[0], computerids[-1]))

    def block(self, number: int, computerids: range) -> list[tuple[Any, ...]]:
        """Return what was counted of the computers of a block, and the counts, as they are at one moment.

        Rows are (None, softwareid, computers) and (softwareids, None, None).
        """
        first, last = computerids[0], computerids[-1]
        return self._fetch(self._statements.read_block, number, first, last, first, last)

    def missing_totals(self) -> list[tuple[Any, ...]]:
        """Return what the totals lack of the sum over all blocks, as rows of (softwareid, computers)."""
        return self._fetch(self._statements.missing_totals)

    def _unknown(self, programs: Mapping[int, JsonObject], day: str) -> Rows:
        """Return the rows of programs, without those that a look-up finds."""
        keys = sorted(programs)
        if self._statements.unknown_software and keys:
            keys = sorted(key for (key,) in self._fetch(self._statements.unknown_software, json.dumps(keys)))
        return [(key, programs[key]["name"], programs[key].get("version") or "", day) for key in keys]

    def _marks(self, counted: Inventories, day: str) -> Rows:
        return [(*inventory, day) for inventory in self._encoded(counted)]

    def _encoded(self, inventories: Inventories) -> Rows:
        if self._statements.executemany:
            return inventories
        return [(computerid, softwareids.hex()) for computerid, softwareids in inventories]

    def _fetch(self, statement: str, *parameters: Json) -> list[tuple[Any, ...]]:
        self._cursor.execute(statement, parameters)
        return list(self._cursor.fetchall())

    def _run(self, *given: tuple[str, Rows]) -> None:
        """Execute statements in their order, those that have rows."""
        many = self._statements.executemany
        executions = [(sql, rows if many else [(json.dumps(rows),)]) for sql, rows in given if rows]
        send = self._statements.send if len(executions) > 1 else one_by_one
        send(self._cursor, executions)


def _by_computer(rows: Iterable[tuple[Any, ...]]) -> dict[int, bytes]:
    return {row[0]: bytes(row[1]) for row in rows}
