"""A SQLite file as the core leaves it to the plugin: an `asset` table, and the plugin's migrations run."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, insert

from shopdb_hookspecs import Json
from shopdb_printers import plugin
from shopdb_printers.tables import asset


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """Open a database file with the table of the core alone."""
    engine = create_engine(f"sqlite:///{tmp_path / 'printers.sqlite3'}")
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys=ON"))
    asset.create(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def migrate(engine: Engine) -> Callable[[str], None]:
    """Run the plugin's migrations by direction, `upgrade` or `downgrade`, without an environment file."""
    directory = str(plugin.get_migrations())
    scripts = ScriptDirectory(directory, version_locations=[directory])
    newest_first = [script.module for script in scripts.walk_revisions()]

    def run(direction: str) -> None:
        modules = newest_first if direction == "downgrade" else reversed(newest_first)
        with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
            for module in modules:
                getattr(module, direction)()

    return run


@pytest.fixture
def connection(engine: Engine, migrate: Callable[[str], None]) -> Iterator[Connection]:
    """Open a transaction on the migrated database."""
    migrate("upgrade")
    with engine.begin() as connection:
        yield connection


@pytest.fixture
def add_printer(connection: Connection) -> Callable[..., int]:
    """Put a printer with its attributes into the database; gives its assetid."""

    def add(identityvalue: str, **attributes: Json) -> int:
        values = insert(asset).values(identityvalue=identityvalue)
        assetid: int = connection.execute(values.returning(asset.c.assetid)).scalar_one()
        plugin.store_asset(connection, assetid, None, attributes)
        return assetid

    return add
