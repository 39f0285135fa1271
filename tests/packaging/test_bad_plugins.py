"""Twelve faulty plugins, each as a real wheel on a real site."""

import contextlib
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

BadWheel = Callable[[str, str], Path]
Install = Callable[..., Path]
MakeSite = Callable[..., Any]
Clash = tuple[Any, str, str]

COMPUTER = {"hostname": "PC-1234", "osname": "Debian"}
RACK = {"serial": "r1"}

REASONS = {
    "crashing": "its import raised OSError: no such switch: sw-01",
    "exiting": "its import raised SystemExit: nothing to do here",
    "raising": "get_collector_schema raised LookupError: fields.toml is missing",
    "invalid": "get_collector_schema at /fields/height/type: ",
    "referring": "get_collector_schema at /fields/height/$ref: ",
    "lookaround": "get_collector_schema at /fields/tags/pattern: uses look-around, ",
    "twofold": "The migrations of twofold cannot be read: Revision twofold_0001 is present more than once",
    "failing": "The migrations of failing failed and were rolled back: ",
}
MIGRATING = {"twofold", "failing"}


@pytest.fixture(scope="module")
def faulty(bad_wheel: BadWheel, install: Install) -> Path:
    """The folder with every plugin that a site must outlive."""
    return install(*(bad_wheel(name, name) for name in (*REASONS, "stumbling")))


@pytest.fixture
def site(make_site: MakeSite, faulty: Path) -> Any:
    """A site with all of them at once, beside the plugins of this repository."""
    return make_site(variables={"PYTHONPATH": str(faulty)})


def test_a_migration_that_fails_is_rolled_back(site: Any) -> None:
    """`db upgrade` migrates what it can, names each failure in one line, and exits with 1."""
    done = site.run("db", "upgrade")

    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if line.startswith("shopdb: ")]
    assert len(lines) == len(MIGRATING)
    assert all(f"shopdb: {REASONS[name]}" in done.stderr for name in MIGRATING)
    with contextlib.closing(sqlite3.connect(site.database.file)) as database:
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    assert "computers_software" in tables
    assert not any(table.startswith(("failing", "twofold")) for table in tables)
    status = json.loads(site.run("db", "status", "--json").stdout)
    assert {row["name"] for row in status if row["state"] == "failed"} == MIGRATING


def test_every_faulty_plugin_is_quarantined_alone(site: Any) -> None:
    """Each one's endpoint answers 503 with its reason, which the log has too; every other plugin serves."""
    site.run("db", "upgrade")
    server = site.serve()

    answers = {name: server.submit(name, RACK) for name in REASONS}

    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(REASONS, 503)
    assert all(answer.headers["Retry-After"].isdigit() for answer in answers.values())
    for name, answer in answers.items():
        assert answer.json()["detail"].startswith(f"The plugin {name} is quarantined: {REASONS[name]}")
        assert (
            f"plugin {name} (distribution {name} 1.0) is quarantined: {REASONS[name]}"
            in server.log.read_text()
        )
    assert server.submit("computers", COMPUTER).status_code == 201


def test_plugin_list_shows_every_reason(site: Any) -> None:
    """The state that the site's staff sees, before any database exists."""
    rows = {row["name"]: row for row in json.loads(site.run("plugin", "list", "--json").stdout)}

    quarantined = {name for name, row in rows.items() if row["state"] == "quarantined"}
    assert quarantined == REASONS.keys() - MIGRATING
    assert all(rows[name]["reason"].startswith(REASONS[name]) for name in quarantined)


def test_a_hook_that_raises_refuses_its_submission(site: Any) -> None:
    """500 with plugin, distribution and hook; nothing is stored, and the others serve."""
    site.run("db", "upgrade")
    server = site.serve()

    answer = server.submit("stumbling", RACK)

    assert answer.status_code == 500
    assert answer.json()["detail"] == (
        "Plugin stumbling (distribution stumbling 1.0): normalize_submission raised KeyError."
    )
    assert server.submit("computers", COMPUTER).json()["assetid"] == 1


CLASHES = {
    "claiming": ("computers", "The plugin name computers is claimed by claiming and shopdb-computers: "),
    "schemas": ("_schemas", "schemas names its plugin '_schemas'; a name is lower-case words "),
    "keyfile": (
        "computers_file",
        "keyfile names its plugin 'computers_file'; a name must not end in _file, because COLLECTOR_API_KEY_",
    ),
}


@pytest.fixture(params=CLASHES)
def clash(
    request: pytest.FixtureRequest, make_site: MakeSite, bad_wheel: BadWheel, install: Install
) -> Clash:
    """A site with a plugin whose name clashes, and how the error begins."""
    plugin, message = CLASHES[request.param]
    folder = install(bad_wheel(request.param, plugin))
    return make_site(variables={"PYTHONPATH": str(folder)}), plugin, message


def test_a_name_that_clashes_stops_the_start(clash: Clash) -> None:
    """The exit code is 1; one line has the distributions, the name, and how to block it."""
    site, _, message = clash

    done = site.run("serve")

    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith(f"shopdb: {message}")
    assert "SHOPDB_BLOCKED_PLUGINS" in done.stderr


def test_a_name_that_clashes_can_be_blocked(clash: Clash) -> None:
    """What the error advises works, without uninstalling anything."""
    site, plugin, _ = clash
    site.variables["SHOPDB_BLOCKED_PLUGINS"] = plugin

    done = site.run("db", "upgrade")

    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture(scope="module")
def unlisted(bad_wheel: BadWheel, install: Install) -> str:
    """A folder with a plugin that leaves a file where it is imported."""
    return str(install(bad_wheel("unlisted", "unlisted")))


def test_a_plugin_that_is_not_listed_is_never_imported(make_site: MakeSite, unlisted: str) -> None:
    """With an allow-list, an installed wheel's code does not run, and its endpoint does not exist."""
    site = make_site(variables={"PYTHONPATH": unlisted, "SHOPDB_PLUGINS": "computers"})
    site.upgrade()

    answer = site.serve().submit("unlisted", RACK)

    assert answer.status_code == 404
    assert not (site.directory / "unlisted-was-imported").exists()


def test_a_plugin_that_is_listed_is_imported(make_site: MakeSite, unlisted: str) -> None:
    """The counterpart, so that the test above could fail."""
    site = make_site(variables={"PYTHONPATH": unlisted})

    site.run("plugin", "list")

    assert (site.directory / "unlisted-was-imported").exists()
