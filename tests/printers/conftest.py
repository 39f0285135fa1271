"""A database as the core leaves it to the plugin: an `asset` table, and the plugin's migrations run."""

from collections.abc import Callable, Iterator

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from databases import Database
from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, create_engine, event, insert

from shopdb_hookspecs import Json
from shopdb_printers import plugin
from shopdb_printers.tables import Number, asset

core = Table(
    "asset",
    MetaData(),
    Column("assetid", Number, primary_key=True),
    Column("identityvalue", String(255)),
)
"""What the plugin reads of the core's table, with the lengths that the core gives it."""


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    """Open a database with the table of the core alone."""
    engine = create_engine(database.url)
    if database.kind == "sqlite":
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys=ON"))
    core.create(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def migrate(engine: Engine) -> Callable[..., None]:
    """Run the plugin's migrations by direction, `upgrade` or `downgrade`, without an environment file.

    A number selects one of them.
    """
    directory = str(plugin.get_migrations())
    scripts = ScriptDirectory(directory, version_locations=[directory])
    newest_first = [script.module for script in scripts.walk_revisions()]

    def run(direction: str, number: str = "") -> None:
        modules = newest_first if direction == "downgrade" else newest_first[::-1]
        modules = [module for module in modules if module.revision.endswith(number)]
        with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
            for module in modules:
                getattr(module, direction)()

    return run


@pytest.fixture
def connection(engine: Engine, migrate: Callable[..., None]) -> Iterator[Connection]:
    """Open a transaction on the migrated database."""
    migrate("upgrade")
    with engine.begin() as connection:
        yield connection


@pytest.fixture
def add_printer(connection: Connection) -> Callable[..., int]:
    """Put a printer with its attributes into the database; gives its assetid."""

    def add(identityvalue: str, **attributes: Json) -> int:
        values = insert(asset).values(identityvalue=identityvalue)
        (assetid,) = connection.execute(values).inserted_primary_key
        plugin.store_asset(connection, assetid, None, attributes)
        return assetid

    return add
