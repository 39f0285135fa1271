"""Twelve plugins that do what a plugin must not, each as a real wheel on a real site."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

BadWheel = Callable[[str, str], Path]
Install = Callable[..., Path]
MakeSite = Callable[..., Any]

COMPUTER = {"hostname": "PC-1234", "osname": "Debian"}
RACK = {"serial": "r1"}

REASONS = {
    "crashing": "its import raised OSError: no such switch: sw-01",
    "exiting": "its import raised SystemExit: nothing to do here",
    "raising": "get_collector_schema raised LookupError: fields.toml is missing",
    "invalid": "get_collector_schema at /fields/height/type: ",
    "referring": "get_collector_schema at /fields/height/$ref: ",
    "backtracking": "get_collector_schema at /fields/tags/pattern: ",
    "twofold": "The migrations of twofold cannot be read: Revision twofold_0001 is present more than once",
    "failing": "The migrations of failing failed: ",
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


def test_a_migration_that_fails_is_told_and_rolled_back(site: Any) -> None:
    """`db upgrade` migrates what it can, exits with 1, and names each failure in one line."""
    done = site.run("db", "upgrade")

    assert done.returncode == 1
    told = [line for line in done.stderr.splitlines() if line.startswith("shopdb: ")]
    assert [
        line.partition(REASONS[name])[0] for line, name in zip(told, ("failing", "twofold"), strict=True)
    ] == [
        "shopdb: ",
        "shopdb: ",
    ]
    states = {row["name"]: row["state"] for row in json.loads(site.run("db", "status", "--json").stdout)}
    assert states == {
        "core": "up to date",
        "computers": "up to date",
        "printers": "up to date",
        "failing": "failed",
        "twofold": "failed",
    }


def test_every_faulty_plugin_is_quarantined_alone(site: Any) -> None:
    """Each one's endpoint answers 503 with its own reason; every other plugin serves."""
    site.run("db", "upgrade")
    server = site.serve()

    answers = {name: server.submit(name, RACK) for name in REASONS}

    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(REASONS, 503)
    assert all(answer.headers["Retry-After"].isdigit() for answer in answers.values())
    for name, answer in answers.items():
        assert answer.json()["detail"].startswith(f"The plugin {name} is quarantined: {REASONS[name]}")
    assert server.submit("computers", COMPUTER).status_code == 201


def test_the_log_of_the_start_names_every_culprit(site: Any) -> None:
    """Who reads only the log learns the plugin, its distribution and the reason."""
    site.run("db", "upgrade")

    log = site.serve().log.read_text()

    for name, reason in REASONS.items():
        assert f"plugin {name} (distribution {name} 1.0) is quarantined: {reason}" in log


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


@pytest.mark.parametrize(
    ("package", "plugin", "told"),
    [
        ("claiming", "computers", ["computers", "claimed by claiming and shopdb-computers"]),
        ("schemas", "_schemas", ["schemas names its plugin '_schemas'"]),
        (
            "keyfile",
            "computers_file",
            ["keyfile names its plugin computers_file", "COLLECTOR_API_KEY_COMPUTERS_FILE"],
        ),
    ],
)
@pytest.mark.parametrize("command", [["serve"], ["db", "upgrade"], ["plugin", "list"]], ids=" ".join)
def test_a_name_that_clashes_stops_the_start(
    make_site: MakeSite,
    bad_wheel: BadWheel,
    install: Install,
    package: str,
    plugin: str,
    told: list[str],
    command: list[str],
) -> None:
    """Exit code 1 and one line that names who claims what."""
    site = make_site(variables={"PYTHONPATH": str(install(bad_wheel(package, plugin)))})

    done = site.run(*command)

    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert all(words in done.stderr for words in told)


def test_a_plugin_that_is_not_listed_is_never_imported(
    make_site: MakeSite, bad_wheel: BadWheel, install: Install
) -> None:
    """With an allow-list, an installed wheel's code does not run, and its endpoint does not exist."""
    variables = {"PYTHONPATH": str(install(bad_wheel("unlisted", "unlisted")))}
    site = make_site(variables={**variables, "SHOPDB_PLUGINS": "computers"})
    site.upgrade()
    server = site.serve()

    answer = server.submit("unlisted", RACK)

    assert answer.status_code == 404
    assert not (site.directory / "unlisted-was-imported").exists()


def test_a_plugin_that_is_listed_is_imported(
    make_site: MakeSite, bad_wheel: BadWheel, install: Install
) -> None:
    """The counterpart, so that the test above could fail."""
    site = make_site(variables={"PYTHONPATH": str(install(bad_wheel("unlisted", "unlisted")))})

    site.run("plugin", "list")

    assert (site.directory / "unlisted-was-imported").exists()
