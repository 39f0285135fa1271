"""Migrations on every database: up, down and up again; they create the tables that the code declares."""

import shutil
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, insert, inspect

import shopdb_computers.tables
import shopdb_printers.tables
from shopdb_core.store.migrate import MigrationScripts, core_scripts, migration_statuses, upgrade
from shopdb_core.store.open import migration_transaction
from shopdb_core.store.tables import metadata, migrationfailure

pytestmark = pytest.mark.every_database

DECLARED = [metadata, shopdb_computers.tables.metadata, shopdb_printers.tables.metadata]

NO_ROLLBACK = ("mysql",)
"""The databases without transactional DDL."""


@pytest.fixture
def url(database):
    """Return the URL of an empty database."""
    return database.url


def plugin_scripts() -> list[MigrationScripts]:
    """Return the migrations of the first-party plugins."""
    return [
        MigrationScripts("computers", Path(shopdb_computers.tables.__file__).parent / "migrations"),
        MigrationScripts("printers", Path(shopdb_printers.tables.__file__).parent / "migrations"),
    ]


def differences(url: str) -> list[object]:
    """Compare the database with the tables of core and plugins, without Alembic's version tables."""
    engine = create_engine(url)

    def ours(_object, name, kind, _reflected, _compared):
        return kind != "table" or not name.startswith("alembic_version_")

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": ours})
        found = compare_metadata(context, DECLARED)
    engine.dispose()
    return found


def tables(url: str) -> set[str]:
    """Return the tables, without Alembic's version tables."""
    engine = create_engine(url)
    names = inspect(engine).get_table_names()
    engine.dispose()
    return {name for name in names if not name.startswith("alembic_version_")}


def test_up_down_and_up_again_makes_the_declared_tables(url):
    """Every migration can be reversed, and the result equals the declared tables."""
    scripts = plugin_scripts()
    upgrade(url, scripts)
    assert differences(url) == []
    with migration_transaction(url) as connection:
        for each in [*reversed(scripts), core_scripts()]:
            each.downgrade(connection)
    assert tables(url) == set()
    upgrade(url, scripts)
    assert differences(url) == []


def layout(connection: Connection) -> dict[str, object]:
    """Return the columns and indexes of each table, without Alembic's version tables."""
    inspector = inspect(connection)
    return {
        name: (
            [
                (column["name"], str(column["type"]), column["nullable"])
                for column in inspector.get_columns(name)
            ],
            sorted((index["name"], tuple(index["column_names"])) for index in inspector.get_indexes(name)),
        )
        for name in inspector.get_table_names()
        if not name.startswith("alembic_version_")
    }


def test_each_step_down_restores_what_the_step_up_found(url):
    """The columns and indexes, so that an older release finds its own again."""
    with migration_transaction(url) as connection:
        config = core_scripts()._config(connection)
        revisions = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()][::-1]
        found = {}
        for revision in revisions:
            command.upgrade(config, revision)
            found[revision] = layout(connection)
        for revision in reversed(revisions):
            command.downgrade(config, revision)
            assert layout(connection) == found[revision], revision


def test_pairs_that_were_listed_before_are_findings(shop):
    """The migration that adds the table of duplicates records each value of exactly two assets."""
    shared = {"00:1A:2B:00:00:01": ("A", "B"), "00:1A:2B:00:00:02": ("C", "D", "E"), "00:1A:2B:00:00:03": "F"}
    for macaddress, names in shared.items():
        for name in names:
            shop.submit("computers", {"hostname": name, "macaddress": macaddress})
    before = shop.get("/api/duplicates").json["items"]
    with migration_transaction(shop.settings.database_url) as connection:
        config = core_scripts()._config(connection)
        older = ScriptDirectory.from_config(config).get_revision("0006").down_revision
        command.downgrade(config, older)
        command.upgrade(config, "head")

    (item,) = shop.get("/api/duplicates").json["items"]

    of_both = {
        "duplicateid",
        "kind",
        "field",
        "assetid",
        "identityvalue",
        "otherassetid",
        "otheridentityvalue",
    }
    assert [{name: item[name] for name in of_both}] == [
        {name: each[name] for name in of_both} for each in before
    ]


def test_upgrade_is_idempotent(url):
    """A second run changes nothing."""
    first, second = upgrade(url, plugin_scripts()), upgrade(url, plugin_scripts())
    assert first == second
    assert [status.behind for status in second] == [False] * 3


def write_migration(directory: Path, name: str, body: str, revision: str = "x1") -> None:
    """Write one migration of a plugin that only the test has."""
    directory.mkdir(exist_ok=True)
    text = (
        f"from alembic import op\nrevision = {revision!r}\ndown_revision = None\ndef upgrade():\n    {body}\n"
    )
    (directory / f"{name}.py").write_text(text + "def downgrade():\n    pass\n")


@pytest.fixture
def broken(tmp_path):
    """Return the migrations of a plugin that make a table and then fail."""
    directory = tmp_path / "broken"
    make = "op.execute('CREATE TABLE broken_t (a INTEGER)')"
    write_migration(directory, "one", f"{make}; op.execute('nonsense')")
    return MigrationScripts("broken", directory)


def test_a_failing_migration_leaves_the_others_alone(url, broken):
    """The others are migrated, and its status contains the error."""
    statuses = {status.name: status for status in upgrade(url, [broken, *plugin_scripts()])}

    assert "syntax" in statuses["broken"].failure
    assert (statuses["broken"].current, statuses["broken"].behind) == (None, True)
    assert not any(statuses[name].behind for name in ("core", "computers", "printers"))
    assert tables(url) - {"broken_t"} == {name for each in DECLARED for name in each.tables}


def test_a_failing_migration_reports_what_it_leaves(url, broken, database_kind):
    """Nothing with transactional DDL; otherwise the tables that it created, and the message says so."""
    (_, status) = upgrade(url, [broken])

    left = "broken_t" in tables(url)
    assert left == (database_kind in NO_ROLLBACK)
    assert left == ("cannot roll back what ran before" in status.failure)
    assert left != ("were rolled back" in status.failure)


def test_a_failure_is_reported_until_the_migration_succeeds(url, broken):
    """A corrected release runs the migration again."""
    upgrade(url, [broken])
    write_migration(broken.directory, "one", "op.execute('CREATE TABLE broken_u (a INTEGER)')")
    shutil.rmtree(broken.directory / "__pycache__", ignore_errors=True)

    assert {status.failure for status in upgrade(url, [broken])} == {None}
    assert "broken_u" in tables(url)


def test_two_upgrades_at_once_both_succeed(url):
    """One waits for the other, and then finds nothing to migrate."""
    outcomes, start = [], threading.Barrier(2)

    def run():
        start.wait(10)
        outcomes.append(upgrade(url, plugin_scripts()))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert [[status.behind for status in statuses] for statuses in outcomes] == [[False] * 3] * 2
    assert differences(url) == []


def test_a_failure_is_not_reported_once_another_upgrade_reached_the_head(url):
    """On a cluster the upgrade that failed may write its failure after the other one succeeded."""
    scripts = plugin_scripts()
    upgrade(url, scripts)
    engine = create_engine(url)
    late = {"name": "printers", "revision": scripts[1].head(), "reason": "failed", "at": datetime.now(UTC)}
    with engine.begin() as connection:
        connection.execute(insert(migrationfailure).values(late))
        statuses = migration_statuses(connection, scripts)
    engine.dispose()
    assert [status.failure for status in statuses] == [None] * 3


def test_a_duplicate_revision_is_reported(url, tmp_path):
    """Alembic alone would warn and use one of the two files."""
    directory = tmp_path / "double"
    write_migration(directory, "one", "pass")
    write_migration(directory, "two", "pass")
    (_, status) = upgrade(url, [MigrationScripts("double", directory)])
    assert "more than once" in status.failure


def test_a_plugin_that_is_gone_does_not_stop_the_others(url):
    """Its tables stay, its status is reported, and the core is still upgraded."""
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
    """Everything is behind; reading the statuses writes nothing."""
    engine = create_engine(url)
    with engine.connect() as connection:
        statuses = migration_statuses(connection, plugin_scripts())
    engine.dispose()
    assert [(status.current, status.behind) for status in statuses] == [(None, True)] * 3
    engine = create_engine(url)
    assert inspect(engine).get_table_names() == []
    engine.dispose()
