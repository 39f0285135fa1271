"""Whether a plugin's migrations run up, down and up again, and touch nothing but its own tables."""

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from sqlalchemy import Connection, text

from shopdb_core.devkit.subject import Subject
from shopdb_core.devkit.verdict import Finding
from shopdb_core.errors import ConfigurationError
from shopdb_core.store.migrate import VERSION_TABLE_PREFIX as _VERSION_TABLES
from shopdb_core.store.migrate import MigrationScripts, upgrade
from shopdb_core.store.open import migration_transaction

HOOK = "get_migrations"

Schema = Mapping[str, tuple[str, str]]
"""The kind of each table, index and trigger, and the statement that made it, by its name."""


def check_migrations(subject: Subject, folder: Path) -> Iterator[Finding]:
    """Yield what is wrong with the scripts, and with what they leave behind in a database in `folder`."""
    directory = subject.plugin.migrations
    if directory is None:
        if subject.implements("store_asset"):
            yield Finding(HOOK, "names no directory, though there is store_asset", isnote=True)
        return
    yield from _directory_faults(subject, directory)
    try:
        yield from _faults(
            MigrationScripts(subject.name, directory), f"sqlite:///{folder}/migrations.sqlite3"
        )
    except ConfigurationError as error:
        yield Finding(HOOK, str(error), f"The scripts are in {directory.name}/.")


def _faults(scripts: MigrationScripts, url: str) -> Iterator[Finding]:
    if scripts.head() is None:
        yield Finding(
            HOOK,
            "names a directory without versions",
            "Put Alembic versions into it, and pack them into the wheel.",
        )
        return
    upgrade(url, [])
    bare = _schema(url)
    _run(scripts, url, MigrationScripts.upgrade)
    full = _schema(url)
    yield from _foreign_faults(scripts.name, bare, full)
    _run(scripts, url, MigrationScripts.downgrade)
    if left := _left(bare, _schema(url)):
        mend = "downgrade() undoes what upgrade() did, in the opposite order."
        yield Finding("downgrade", f"leaves {', '.join(left)} behind", mend)
        return  # the same scripts would stumble over it
    _run(scripts, url, MigrationScripts.upgrade)
    if _schema(url) != full:
        yield Finding("upgrade", "after a downgrade makes other tables than the first time")


def _run(scripts: MigrationScripts, url: str, step: Callable[[MigrationScripts, Connection], None]) -> None:
    with migration_transaction(url) as connection:
        step(scripts, connection)


def _foreign_faults(name: str, bare: Schema, full: Schema) -> Iterator[Finding]:
    for made in sorted(full.keys() - bare.keys()):
        kind, _ = full[made]
        if kind in ("table", "view") and not made.startswith((f"{name}_", _VERSION_TABLES)):
            mend = f"Tables carry the plugin's name: {name}_{made}."
            yield Finding("upgrade", f"makes {made}, which another plugin could make, too", mend)
    for known in sorted(bare):
        if full.get(known) != bare[known]:
            yield Finding("upgrade", f"changes the core's {known}", "Only the core changes its own tables.")


def _left(bare: Schema, schema: Schema) -> list[str]:
    return sorted(made for made in schema.keys() - bare.keys() if not _is_kept(made))


def _is_kept(made: str) -> bool:
    """Whether it is Alembic's own table, or an index that SQLite drops with its table."""
    return _VERSION_TABLES in made or made.startswith("sqlite_autoindex_")


def _schema(url: str) -> Schema:
    with migration_transaction(url) as connection:
        rows = connection.execute(text("SELECT name, type, coalesce(sql, '') FROM sqlite_schema"))
        return {name: (kind, sql) for name, kind, sql in rows}


def _directory_faults(subject: Subject, directory: Path) -> Iterator[Finding]:
    home = _home(subject.candidate.load())
    if home is not None and home not in directory.resolve().parents:
        mend = 'Write Path(__file__).parent / "migrations", and let the wheel hold that folder.'
        yield Finding(HOOK, f"names {directory}, which is outside the plugin's own package {home}", mend)


def _home(plugin: object) -> Path | None:
    """Return the folder of the plugin's package; for a single module the folder where it is installed.

    A namespace that several distributions share has no file, and is no package of the plugin's own.
    """
    parts = str(getattr(plugin, "__name__", None) or type(plugin).__module__).split(".")
    names = (".".join(parts[:count]) for count in range(1, len(parts) + 1))
    files = (getattr(sys.modules.get(name), "__file__", None) for name in names)
    return next((Path(file).resolve().parent for file in files if file), None)
