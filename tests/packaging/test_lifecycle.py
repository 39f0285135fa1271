"""A plugin with tables is installed, uninstalled and installed again, as real wheels."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

MakeSite = Callable[..., Any]

PLUGIN = """
from pathlib import Path

from shopdb_hookspecs import hookimpl
from sqlalchemy import text

@hookimpl
def get_collector_schema():
    return {"identityfield": "serial", "fields": {"serial": {"type": "string"}}}

@hookimpl
def get_migrations():
    return Path(__file__).parent / "migrations"

@hookimpl
def store_asset(connection, assetid):
    connection.execute(text("INSERT INTO rack_unit (assetid) VALUES (:assetid)"), {"assetid": assetid})
"""

MIGRATION = """
from alembic import op

revision = {revision!r}
down_revision = {previous!r}

def upgrade():
    op.execute({statement!r})
"""

FIRST = MIGRATION.format(
    revision="rack_0001", previous=None, statement="CREATE TABLE rack_unit (assetid INTEGER PRIMARY KEY)"
)
SECOND = MIGRATION.format(
    revision="rack_0002", previous="rack_0001", statement="ALTER TABLE rack_unit ADD COLUMN height INTEGER"
)
BROKEN = MIGRATION.format(
    revision="rack_0002", previous="rack_0001", statement="ALTER TABLE rack_nowhere ADD COLUMN height INTEGER"
)


@pytest.fixture(scope="module")
def releases(write_wheel: Callable[..., Path], install: Callable[..., Path]) -> dict[str, str]:
    """Releases of one plugin, each installed into a folder of its own; the last adds a column.

    The one between them would add it to a table that is not there.
    """
    files = {"rack/__init__.py": PLUGIN, "rack/migrations/0001_units.py": FIRST}
    broken = {**files, "rack/migrations/0002_height.py": BROKEN}
    later = {**files, "rack/migrations/0002_height.py": SECOND}
    return {
        "1.0": str(install(write_wheel("rack", "rack", files))),
        "1.9": str(install(write_wheel("rack", "rack", broken, version="1.9"))),
        "2.0": str(install(write_wheel("rack", "rack", later, version="2.0"))),
    }


@pytest.fixture
def used(make_site: MakeSite, releases: dict[str, str]) -> Any:
    """A site on which the first release has stored an asset."""
    site = make_site(variables={"PYTHONPATH": releases["1.0"]})
    site.upgrade()
    server = site.serve()
    assert server.submit("rack", {"serial": "r1"}).status_code == 201
    server.stop()
    return site


def units(site: Any) -> list[tuple[object, ...]]:
    """Return the rows of the plugin's own table."""
    rows: list[tuple[object, ...]] = site.database.query("SELECT * FROM rack_unit")
    return rows


def statuses(site: Any) -> dict[str, tuple[str | None, str]]:
    """Return the revision and the state of every distribution."""
    rows = json.loads(site.run("db", "status", "--json").stdout)
    return {row["name"]: (row["current"], row["state"]) for row in rows}


@pytest.mark.every_database
def test_without_the_plugin_the_core_still_upgrades(used: Any) -> None:
    """Uninstalling costs neither the rows nor the next `db upgrade`; the status says what is left."""
    del used.variables["PYTHONPATH"]

    done = used.run("db", "upgrade")

    assert (done.returncode, done.stderr) == (0, "")
    assert units(used) == [(1,)]
    assert statuses(used)["rack"] == ("rack_0001", "plugin is gone, its tables are kept")


def test_without_the_plugin_the_site_still_serves(used: Any) -> None:
    """Its endpoint is gone, its asset and the other collectors are not."""
    del used.variables["PYTHONPATH"]
    token = used.token()

    server = used.serve()

    assert server.submit("rack", {"serial": "r1"}).status_code == 404
    assert server.submit("computers", {"hostname": "PC-1234", "osname": "Debian"}).status_code == 201
    with server.client() as client:
        found = client.get("/api/assets/1", headers={"Authorization": f"Bearer {token}"})
    assert found.json()["identityvalue"] == "r1"


@pytest.mark.every_database
def test_a_plugin_that_returns_continues_where_it_was(used: Any, releases: dict[str, str]) -> None:
    """A later release runs the missing migrations, and finds its assets again."""
    del used.variables["PYTHONPATH"]
    used.upgrade()
    used.variables["PYTHONPATH"] = releases["2.0"]

    used.upgrade()

    assert statuses(used)["rack"] == ("rack_0002", "up to date")
    assert units(used) == [(1, None)]
    assert used.serve().submit("rack", {"serial": "r1"}).json()["action"] == "noop"


@pytest.mark.every_database
def test_a_migration_that_fails_and_is_corrected(used: Any, releases: dict[str, str]) -> None:
    """The others serve, its own endpoint says why it does not; the corrected release continues."""
    used.variables["PYTHONPATH"] = releases["1.9"]
    message = "The migrations of rack failed"

    failed = used.run("db", "upgrade")

    assert (failed.returncode, failed.stderr.startswith(f"shopdb: {message}")) == (1, True)
    server = used.serve()
    answer = server.submit("rack", {"serial": "r1"})
    assert (answer.status_code, answer.headers["Retry-After"].isdigit()) == (503, True)
    assert answer.json()["detail"].startswith(f"The plugin rack is quarantined: {message}")
    assert server.submit("computers", {"hostname": "PC-1234", "osname": "Debian"}).status_code == 201
    server.stop()

    used.variables["PYTHONPATH"] = releases["2.0"]
    used.upgrade()

    assert statuses(used)["rack"] == ("rack_0002", "up to date")
    assert units(used) == [(1, None)]
    assert used.serve().submit("rack", {"serial": "r1"}).json()["action"] == "noop"


def test_a_schema_that_is_behind_stops_the_start(used: Any, releases: dict[str, str]) -> None:
    """One line names the plugin, both revisions and the command to run."""
    used.variables["PYTHONPATH"] = releases["2.0"]

    done = used.run("serve")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "shopdb: The tables of rack are at rack_0001 and must be at rack_0002: run `shopdb db upgrade`\n"
    )


def test_a_site_without_tables_does_not_start(make_site: MakeSite) -> None:
    """The same, for the core's own tables."""
    done = make_site().run("serve")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("shopdb: This site's database has no tables yet: run `shopdb db upgrade`")
    assert done.stderr.endswith("run `shopdb db upgrade`\n")


def test_an_older_release_is_quarantined(used: Any, releases: dict[str, str]) -> None:
    """A plugin whose tables a later release has changed must not write to them; the others serve."""
    used.variables["PYTHONPATH"] = releases["2.0"]
    used.upgrade()
    used.variables["PYTHONPATH"] = releases["1.0"]
    message = "The tables of rack are at rack_0002, which the installed release does not know: "

    server = used.serve()

    assert (
        server.submit("rack", {"serial": "r1"})
        .json()["detail"]
        .startswith(f"The plugin rack is quarantined: {message}")
    )
    assert server.submit("computers", {"hostname": "PC-1234", "osname": "Debian"}).status_code == 201
    done = used.run("db", "upgrade")
    assert (done.returncode, done.stderr.startswith(f"shopdb: {message}")) == (1, True)
    assert units(used) == [(1, None)]


def test_an_older_core_does_not_start(make_site: MakeSite) -> None:
    """Nor does it touch tables that a later release has changed."""
    site = make_site()
    site.upgrade()
    site.database.query("UPDATE alembic_version_core SET version_num = '9999'")

    done = [site.run("serve"), site.run("db", "upgrade")]

    message = "shopdb: The tables of core are at 9999, which the installed release does not know: "
    assert [(one.returncode, one.stderr.startswith(message)) for one in done] == [(1, True)] * 2


def test_upgrades_at_once_all_succeed(make_site: MakeSite, releases: dict[str, str]) -> None:
    """Of several that start together, one migrates and the others wait for it."""
    site = make_site(variables={"PYTHONPATH": releases["2.0"]})

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: site.run("db", "upgrade"), range(4)))

    assert [(one.returncode, one.stderr) for one in done] == [(0, "")] * 4
    assert {state for _, state in statuses(site).values()} == {"up to date"}
