"""Read revisions without Alembic, whose import takes a quarter of the time in which a server starts.

What cannot be read so plainly is left to Alembic (`store/migrate.py`).
"""

import re
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, column, inspect, select, table

VERSION_TABLE_PREFIX = "alembic_version_"

# A name, perhaps its type, and None or a string without an escape.
_CONSTANT = re.compile(r"""\w+(?: *:[^=]+)? *= *(?:None|(["'])(?P<text>[^"'\\]+)\1)\s*(?:#.*)?""")


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
    successors: dict[str | None, str | None] = {}
    scripts = [file for file in directory.glob("*.py") if file.name != "__init__.py"]
    for script in scripts:
        assigned = dict(_assigned_values(script))
        successors[assigned.get("down_revision")] = assigned.get("revision")
    line = list(_line(successors))
    return line[-1] if line and len(line) == len(scripts) else None


def _assigned_values(script: Path) -> Iterator[tuple[str, str | None]]:
    """Yield `revision` and `down_revision`, each with the constant that one line assigns to it.

    It is read as text: before Python 3.11.8, `ast.parse` raises `SystemError` while another thread parses, as
    `traceback` does for an exception that is logged.
    """
    try:
        text = script.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return
    for name in ("revision", "down_revision"):
        match re.findall(rf"^{name}\b.*", text, re.MULTILINE):
            case [line] if plain := _CONSTANT.fullmatch(line):
                yield name, plain["text"]


def _line(successors: dict[str | None, str | None]) -> Iterator[str | None]:
    """Yield the revisions from the first on, each once."""
    revision: str | None = None
    while revision in successors:
        revision = successors.pop(revision)
        yield revision
