"""The check `migrations`: they run up, down and up again, and change only the plugin's own tables."""

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Inspector, inspect, text

from shopdb_core.devkit.databases import Databases
from shopdb_core.devkit.results import SQLITE, Finding
from shopdb_core.devkit.subject import Subject
from shopdb_core.errors import ConfigurationError
from shopdb_core.store.migrate import MigrationScripts, upgrade
from shopdb_core.store.open import migration_transaction
from shopdb_core.store.revisions import VERSION_TABLE_PREFIX

HOOK = "get_migrations"

Schema = Mapping[str, tuple[str, str]]
"""The kind and the contents of each table and view by its name; on SQLite also of indexes and triggers."""


def check_migrations(subject: Subject, databases: Databases) -> Iterator[Finding]:
    """Yield the faults of the scripts, which run on a new database."""
    directory = subject.plugin.migrations
    if directory is None:
        if subject.stores:
            yield Finding(HOOK, "returns no directory, although the plugin stores assets", isnote=True)
        return
    yield from _directory_faults(subject, directory)
    scripts = MigrationScripts(subject.name, directory)
    try:
        yield from _faults(scripts, databases.make())
    except ConfigurationError as error:
        yield Finding(HOOK, str(error), f"The scripts are in {directory.name}/.")


def _faults(scripts: MigrationScripts, url: str) -> Iterator[Finding]:
    if scripts.head() is None:
        hint = "Put Alembic versions into it, and pack them into the wheel."
        yield Finding(HOOK, "names a directory without versions", hint)
        return
    upgrade(url, [])
    core = _schema(url)
    _run(scripts, url, MigrationScripts.upgrade)
    upgraded = _schema(url)
    yield from _foreign_faults(scripts.name, core, upgraded)
    _run(scripts, url, MigrationScripts.downgrade)
    if remaining := _remaining(core, _schema(url)):
        hint = "downgrade() must undo what upgrade() did, in the opposite order."
        yield Finding("downgrade", f"leaves {', '.join(remaining)} behind", hint)
        return  # upgrade() would fail, because these exist
    _run(scripts, url, MigrationScripts.upgrade)
    if _schema(url) != upgraded:
        yield Finding("upgrade", "after a downgrade creates other tables than the first time")


def _run(scripts: MigrationScripts, url: str, step: Callable[[MigrationScripts, Connection], None]) -> None:
    with migration_transaction(url) as connection:
        step(scripts, connection)


def _foreign_faults(plugin: str, core: Schema, upgraded: Schema) -> Iterator[Finding]:
    for name in sorted(upgraded.keys() - core.keys()):
        kind, _ = upgraded[name]
        if kind in ("table", "view") and not name.startswith((f"{plugin}_", VERSION_TABLE_PREFIX)):
            hint = f"Begin the name of a table with the plugin's name: {plugin}_{name}."
            yield Finding("upgrade", f"creates {name}, which another plugin could create, too", hint)
    for name in sorted(core):
        if upgraded.get(name) != core[name]:
            yield Finding("upgrade", f"changes the core's {name}", "Only the core changes its own tables.")


def _remaining(core: Schema, downgraded: Schema) -> list[str]:
    """Return what a downgrade did not drop, except Alembic's own table and the indexes of SQLite."""
    return sorted(
        name
        for name in downgraded.keys() - core.keys()
        if VERSION_TABLE_PREFIX not in name and not name.startswith("sqlite_autoindex_")
    )


def _schema(url: str) -> Schema:
    with migration_transaction(url) as connection:
        if connection.dialect.name == SQLITE:
            rows = connection.execute(text("SELECT name, type, coalesce(sql, '') FROM sqlite_schema"))
            return {name: (kind, sql) for name, kind, sql in rows}
        inspector = inspect(connection)
        tables = {name: ("table", _described(inspector, name)) for name in inspector.get_table_names()}
        views = {
            name: ("view", str(inspector.get_view_definition(name))) for name in inspector.get_view_names()
        }
        return {**tables, **views}


def _described(inspector: Inspector, table: str) -> str:
    """Return columns, keys, constraints and indexes of a table of a server as text that can be compared."""
    parts = (
        inspector.get_columns(table),
        [inspector.get_pk_constraint(table)],
        inspector.get_foreign_keys(table),
        inspector.get_unique_constraints(table),
        inspector.get_check_constraints(table),
        inspector.get_indexes(table),
    )
    return "\n".join(str(sorted(map(_text, part))) for part in parts)


def _text(item: Any) -> str:
    """Return the text of what the inspector returned: a column's type has one as SQL only."""
    return str(sorted((name, str(value) if name == "type" else repr(value)) for name, value in item.items()))


def _directory_faults(subject: Subject, directory: Path) -> Iterator[Finding]:
    package = _package_folder(subject.candidate.load())
    if package is not None and package not in directory.resolve().parents:
        hint = 'Write Path(__file__).parent / "migrations", and pack that folder into the wheel.'
        yield Finding(HOOK, f"names {directory}, which is outside the plugin's own package {package}", hint)


def _package_folder(plugin: object) -> Path | None:
    """Return the folder of the plugin's package; for a single module the folder where it is installed.

    A namespace package is skipped: it has no file, and several distributions share it.
    """
    parts = str(getattr(plugin, "__name__", None) or type(plugin).__module__).split(".")
    names = (".".join(parts[:count]) for count in range(1, len(parts) + 1))
    files = (getattr(sys.modules.get(name), "__file__", None) for name in names)
    return next((Path(file).resolve().parent for file in files if file), None)
