"""Migrations: up, down, up; what they make is what the code declares."""

import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, insert, inspect

import shopdb_computers.tables
import shopdb_printers.tables
from shopdb_core.store.scripts import MigrationScripts, core_scripts
from shopdb_core.store.tables import metadata, migrationfailure
from shopdb_core.store.upgrade import migration_statuses, upgrade


@pytest.fixture
def url(tmp_path):
    """Return the URL of a database that does not exist yet."""
    return f"sqlite:///{tmp_path}/migrated.sqlite3"


def plugin_scripts() -> list[MigrationScripts]:
    """Return the migrations of the first-party plugins."""
    return [
        MigrationScripts("computers", Path(shopdb_computers.tables.__file__).parent / "migrations"),
        MigrationScripts("printers", Path(shopdb_printers.tables.__file__).parent / "migrations"),
    ]


def differences(url: str) -> list[object]:
    """Compare the database with the tables of core and plugins; the version tables are Alembic's own."""
    engine = create_engine(url)
    declared = [metadata, shopdb_computers.tables.metadata, shopdb_printers.tables.metadata]

    def ours(_object, name, kind, _reflected, _compared):
        return kind != "table" or not name.startswith("alembic_version_")

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": ours})
        found = compare_metadata(context, declared)
    engine.dispose()
    return found


def test_up_down_and_up_again_makes_the_declared_tables(url):
    """Every step has its way back, and the result is what the code thinks it is."""
    scripts = plugin_scripts()
    upgrade(url, scripts)
    assert differences(url) == []
    engine = create_engine(url)
    with engine.begin() as connection:
        for each in [*reversed(scripts), core_scripts()]:
            each.downgrade(connection)
        left = [
            name for name in inspect(connection).get_table_names() if not name.startswith("alembic_version_")
        ]
    engine.dispose()
    assert left == []
    upgrade(url, scripts)
    assert differences(url) == []


def test_upgrade_is_idempotent(url):
    """A second run has nothing to do."""
    first, second = upgrade(url, plugin_scripts()), upgrade(url, plugin_scripts())
    assert first == second
    assert [status.behind for status in second] == [False] * 3


def write_migration(directory: Path, name: str, body: str, revision: str = "x1") -> None:
    """Write one migration of a plugin that the test invents."""
    directory.mkdir(exist_ok=True)
    text = (
        f"from alembic import op\nrevision = {revision!r}\ndown_revision = None\ndef upgrade():\n    {body}\n"
    )
    (directory / f"{name}.py").write_text(text + "def downgrade():\n    pass\n")


def test_a_failing_migration_is_rolled_back_and_the_others_go_on(url, tmp_path):
    """It leaves no half-made table, says why, and is remembered until it succeeds."""
    directory = tmp_path / "broken"
    write_migration(directory, "one", "op.execute('CREATE TABLE broken_t (a)'); op.execute('nonsense')")
    broken, healthy = MigrationScripts("broken", directory), plugin_scripts()[1]
    statuses = {status.name: status for status in upgrade(url, [broken, healthy])}
    engine = create_engine(url)
    tables = inspect(engine).get_table_names()
    engine.dispose()
    assert "broken_t" not in tables
    assert "syntax error" in statuses["broken"].failure
    assert not statuses["printers"].behind
    write_migration(directory, "one", "op.execute('CREATE TABLE broken_t (a)')")
    shutil.rmtree(directory / "__pycache__", ignore_errors=True)
    assert {status.failure for status in upgrade(url, [broken, healthy])} == {None}


def test_a_failure_is_forgotten_once_another_upgrade_reached_the_head(url):
    """Of two upgrades through two nodes of a cluster, the one that failed may be the last to write."""
    scripts = plugin_scripts()
    upgrade(url, scripts)
    engine = create_engine(url)
    late = {"name": "printers", "revision": scripts[1].head(), "reason": "failed", "at": datetime.now(UTC)}
    with engine.begin() as connection:
        connection.execute(insert(migrationfailure).values(late))
        statuses = migration_statuses(connection, scripts)
    engine.dispose()
    assert [status.failure for status in statuses] == [None] * 3


def test_a_revision_that_two_files_claim_is_told(url, tmp_path):
    """Alembic would pick one of them with a warning."""
    directory = tmp_path / "double"
    write_migration(directory, "one", "pass")
    write_migration(directory, "two", "pass")
    (_, status) = upgrade(url, [MigrationScripts("double", directory)])
    assert "more than once" in status.failure


def test_a_plugin_that_is_gone_stops_nobody(url):
    """Its tables stay, its status is shown, and the core still upgrades."""
    computers, printers = plugin_scripts()
    upgrade(url, [computers, printers])
    statuses = {status.name: status for status in upgrade(url, [computers])}
    assert statuses["printers"].head is None
    assert statuses["printers"].current is not None
    assert {status.name for status in upgrade(url, [computers, printers])} == {
        "core",
        "computers",
        "printers",
    }


def test_statuses_before_the_first_upgrade(url):
    """Everything is behind; looking writes nothing."""
    engine = create_engine(url)
    with engine.connect() as connection:
        statuses = migration_statuses(connection, plugin_scripts())
    engine.dispose()
    assert [(status.current, status.behind) for status in statuses] == [(None, True)] * 3
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    connection.close()
