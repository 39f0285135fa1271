"""The databases that the checks make on a server, and the servers that they refuse."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from databases import administer, execute
from sqlalchemy import URL, Connection, text

from shopdb_core.devkit import check_plugin
from shopdb_core.devkit.databases import database_servers
from shopdb_core.errors import ConfigurationError
from shopdb_core.plugins.discovery import Candidate
from shopdb_core.testing import assert_conforms
from shopdb_hookspecs import Report

pytestmark = pytest.mark.every_server

NAMES = {
    "postgresql": "SELECT datname FROM pg_database",
    "mysql": "SELECT schema_name FROM information_schema.schemata",
}
LIMITED = {
    "postgresql": ("CREATE ROLE limited LOGIN", "DROP ROLE IF EXISTS limited"),
    "mysql": (
        "CREATE USER limited; GRANT SELECT ON mysql.* TO limited",
        "DROP USER IF EXISTS limited",
    ),
}
"""The statements that make an account without the right to make databases, and that remove it."""


@pytest.fixture
def url(server_url: Callable[[str], URL], database_kind: str) -> URL:
    """The URL of the test's server."""
    return server_url(database_kind)


@pytest.fixture
def made(url: URL, database_kind: str) -> Callable[[], list[str]]:
    """Return a function that lists the databases of checks on the server."""

    def names() -> list[str]:
        return [name for (name,) in execute(url, NAMES[database_kind]) if name.startswith("shopdb_check_")]

    return names


def shown(url: URL) -> str:
    """Return the URL with its password."""
    return url.render_as_string(hide_password=False)


def only_on_sqlite(connection: Connection) -> Iterable[tuple[Any]]:
    """Call a function that no server has."""
    yield (connection.scalar(text("SELECT julianday('2026-01-01')")),)


def test_a_report_that_runs_on_sqlite_alone(
    make_plugin: Callable[..., Candidate], url: URL, database_kind: str, made: Callable[[], list[str]]
) -> None:
    """The finding has the sentence of the server; no database is left there."""
    report = Report("old", "Old racks", ("days",), only_on_sqlite)
    candidate = make_plugin(get_reports=lambda: [report])

    with database_servers([shown(url)]) as servers:
        result = check_plugin(candidate, servers)

    faults = {each.title: each.faults for each in result.results if each.faults}
    assert list(faults) == [f"reports on {database_kind}"]
    assert "julianday" in faults[f"reports on {database_kind}"][0].what
    assert {each.database for each in result.results} == {"", "sqlite", database_kind}
    assert made() == []


def test_a_check_inside_of_pytest(
    make_plugin: Callable[..., Candidate], url: URL, made: Callable[[], list[str]]
) -> None:
    """`assert_conforms` takes the URLs of servers; its output names the server."""
    report = Report("old", "Old racks", ("days",), only_on_sqlite)
    plugin = make_plugin(get_reports=lambda: [report]).load()

    with pytest.raises(AssertionError, match=r"\nreports +ok\n(?s:.*)reports on \w+ +FAILED\n"):
        assert_conforms(plugin, name="rack", database_urls=[shown(url)])
    assert made() == []


def test_scripts_that_leave_something_behind(
    make_plugin: Callable[..., Candidate], write_migrations: Callable[..., Any], url: URL, database_kind: str
) -> None:
    """The schema of a server is compared as that of a SQLite file; its sites are not tried then."""
    directory = write_migrations(
        "CREATE TABLE rack_tray (name VARCHAR(20)); ALTER TABLE asset ADD COLUMN colour VARCHAR(20)", ""
    )
    candidate = make_plugin(get_migrations=lambda: directory)

    with database_servers([shown(url)]) as servers:
        result = check_plugin(candidate, servers)

    results = {each.title: each for each in result.results}
    faults = {str(fault) for fault in results[f"migrations on {database_kind}"].faults}
    assert "upgrade: changes the core's asset" in faults
    assert "downgrade: leaves rack_tray behind" in faults
    assert results[f"reports on {database_kind}"].state == "skipped"


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.full_size)])
def test_an_interrupted_check_leaves_no_database(
    url: URL, made: Callable[[], list[str]], number: signal.Signals
) -> None:
    """The command ends the process of the checks, and drops what that made."""
    command = [sys.executable, "-m", "shopdb_core", "plugin", "check", "computers"]
    with subprocess.Popen(
        [*command, "--database-url", shown(url)], stderr=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        # The first one only shows that the account may make databases.
        wait_until(lambda: any(name.endswith("_3") for name in made()))
        os.kill(process.pid, number)
        output, _ = process.communicate(timeout=60)

    assert (process.returncode, output) == (1, b"")
    assert made() == []


def wait_until(is_reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not is_reached():
        assert time.monotonic() < deadline, "the check makes no database"
        time.sleep(0.1)


def test_the_database_of_a_site_is_refused(
    make_migrated: Callable[..., Any], database_kind: str, made: Callable[[], list[str]]
) -> None:
    """The error names the database, and what to give instead."""
    site = make_migrated(database_kind, [])

    with (
        pytest.raises(ConfigurationError, match=rf"^--database-url: the database {site.name} has the tables"),
        database_servers([site.url]),
    ):
        pass
    assert made() == []


def test_an_account_that_may_not_make_databases(url: URL, database_kind: str) -> None:
    """The error has the statement that gives it the right, and no password."""
    make, remove = LIMITED[database_kind]
    limited = shown(url.set(username="limited", password="s3cret-words"))
    administer(url, remove)
    for statement in make.split(";"):
        administer(url, statement)
    if database_kind == "mysql":
        administer(url, "SET PASSWORD FOR limited = PASSWORD('s3cret-words')")
    try:
        with pytest.raises(ConfigurationError) as refused, database_servers([limited]):
            pass
        assert "s3cret" not in str(refused.value)
        (_, grant) = str(refused.value).split("make and drop databases: ")
        administer(url, grant)
        with database_servers([limited]) as (server,):
            server.make()
    finally:
        administer(url, remove)


def test_a_server_that_does_not_answer(url: URL) -> None:
    """The error has the option and the sentence of the driver."""
    with (
        pytest.raises(
            ConfigurationError, match=r"^--database-url \w+\+\w+://.*@127\.0\.0\.1:1/.*127\.0\.0\.1"
        ),
        database_servers([shown(url.set(host="127.0.0.1", port=1))]),
    ):
        pass


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("sqlite:///shopdb.sqlite3", "--database-url names a SQLite file: the checks always run on SQLite"),
        ("nothing", "--database-url is not a database URL"),
        ("postgresql://me@localhost", "--database-url does not name a database"),
        ("oracle://me@localhost/x", "--database-url names oracle; ShopDB supports"),
    ],
)
@pytest.mark.usefixtures("database_kind")
def test_a_url_of_no_server(given: str, message: str) -> None:
    """The error names the option."""
    with pytest.raises(ConfigurationError, match=message), database_servers([given]):
        pass


def test_two_servers_of_one_kind_have_different_names(url: URL, database_kind: str) -> None:
    """The results name them by host and port."""
    with database_servers([shown(url), shown(url)]) as servers:
        assert {server.name for server in servers} == {f"{database_kind} {url.host}:{url.port}"}
