"""How each driver executes several statements without waiting for the answer to each.

The error of the first that fails is raised, and none after it is executed.
"""

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

Execution: TypeAlias = tuple[str, Sequence[tuple[Any, ...]]]
"""A statement, and the parameters of each of its executions."""

LONGEST_TEXT: Final = 1024 * 1024
"""Characters of statements in one text: a server takes 16 MiB, and a character may take eight bytes in it."""


def one_by_one(cursor: Any, executions: Sequence[Execution]) -> None:
    """Execute statements one after another."""
    for statement, rows in executions:
        cursor.execute(statement, rows[0]) if len(rows) == 1 else cursor.executemany(statement, rows)


def in_pipeline(cursor: Any, executions: Sequence[Execution]) -> None:
    """Send statements in psycopg's pipeline mode, and then read the answers."""
    with cursor.connection.pipeline():
        one_by_one(cursor, executions)


def as_one_text(cursor: Any, executions: Sequence[Execution]) -> None:
    """Send statements as one text, separated by semicolons, and read the answers one after another.

    If the text would be too long for the server, each is sent alone.
    """
    statements = [statement for statement, rows in executions for _ in rows]
    parameters = [value for _, rows in executions for row in rows for value in row]
    if sum(map(len, [*statements, *parameters])) > LONGEST_TEXT:
        one_by_one(cursor, executions)
        return
    cursor.execute(";".join(statements), parameters)
    while cursor.nextset():
        pass
