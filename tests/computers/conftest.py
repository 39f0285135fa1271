"""A database as the core leaves it to the plugin: an `asset` table, and the plugin's migrations run."""

from collections.abc import Callable, Iterator
from types import ModuleType

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from databases import Database
from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Engine,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    insert,
)

import shopdb_computers
from shopdb_computers.tables import Id, asset
from shopdb_hookspecs import Json

Rows = list[tuple[Json, ...]]

core = Table(
    "asset",
    MetaData(),
    Column("assetid", Id, primary_key=True),
    Column("assettype", String(40)),
    Column("identityvalue", String(255)),
    Column("lastseenat", DateTime),
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
def migrate(engine: Engine) -> Callable[..., ModuleType]:
    """Run the plugin's migrations by direction, `upgrade` or `downgrade`, without an environment file.

    A number selects one of them, whose module is returned; any other direction does not run it.
    """
    directory = str(shopdb_computers.get_migrations())
    scripts = ScriptDirectory(directory, version_locations=[directory])
    newest_first = [script.module for script in scripts.walk_revisions()]

    def run(direction: str, number: str = "") -> ModuleType:
        modules = newest_first if direction == "downgrade" else newest_first[::-1]
        modules = [module for module in modules if module.revision.endswith(number)]
        with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
            for module in modules:
                getattr(module, direction, lambda: None)()
        return modules[-1]

    return run


@pytest.fixture
def connection(engine: Engine, migrate: Callable[[str], None]) -> Iterator[Connection]:
    """Open a transaction on the migrated database."""
    migrate("upgrade")
    with engine.begin() as connection:
        yield connection


@pytest.fixture
def add_computer(connection: Connection) -> Callable[..., int]:
    """Put a computer with (name, version) pairs as programs into the database; gives its assetid."""

    def add(identityvalue: str, *programs: tuple[str, str], **columns: object) -> int:
        values = {"identityvalue": identityvalue, "assettype": "computers", **columns}
        (assetid,) = connection.execute(insert(asset).values(values)).inserted_primary_key
        installed = [{"name": name, "version": version} for name, version in programs]
        shopdb_computers.store_asset(connection, assetid, None, {"installedsoftware": installed})
        return assetid

    return add


@pytest.fixture
def report(connection: Connection) -> Callable[..., Rows]:
    """Run a report by its name, as the core does: parameters that are not given have their defaults."""
    reports = {each.name: each for each in shopdb_computers.get_reports()}

    def run(report: str, **given: Json) -> Rows:
        defaults = {each.name: each.default for each in reports[report].parameters}
        return [tuple(row) for row in reports[report].rows(connection, **{**defaults, **given})]

    return run
