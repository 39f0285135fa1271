"""Read revisions without Alembic, whose import takes a quarter of the time in which a server starts.

What cannot be read so plainly is left to Alembic (`store/migrate.py`).
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, column, inspect, select, table

VERSION_TABLE_PREFIX = "alembic_version_"


def current_revision(connection: Connection, name: str) -> str | None:
    """Return the revision that the database has of `name`; `None` before its first migration."""
    versions = VERSION_TABLE_PREFIX + name
    if not inspect(connection).has_table(versions):
        return None
    return connection.scalar(select(column("version_num")).select_from(table(versions)))


def plain_head(directory: Path) -> str | None:
    """Return the newest revision of the migration scripts in `directory`, without running them.

    `None` unless each script assigns plain values to `revision` and `down_revision`, and all of them are one
    line from the first to the newest.
    """
    successors: dict[object, object] = {}
    scripts = [file for file in directory.glob("*.py") if file.name != "__init__.py"]
    for script in scripts:
        assigned = dict(_assigned_values(script))
        successors[assigned.get("down_revision")] = assigned.get("revision")
    line = list(_line(successors))
    newest = line[-1] if line and len(line) == len(scripts) else None
    return newest if isinstance(newest, str) else None


def _assigned_values(script: Path) -> Iterator[tuple[str, object]]:
    """Yield each name to which a script assigns a constant, and that; none if it does not parse."""
    try:
        statements = ast.parse(script.read_bytes()).body
    except (OSError, SyntaxError, ValueError):
        return
    for statement in statements:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=value))
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=value))
            ):
                yield name, value


def _line(successors: dict[object, object]) -> Iterator[object]:
    """Yield the revisions from the first on, each once."""
    revision: object = None
    while revision in successors:
        revision = successors.pop(revision)
        yield revision
