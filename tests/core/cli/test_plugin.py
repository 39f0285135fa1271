"""`shopdb plugin`: what is installed, and what it takes; no site is needed."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from shopdb_core.json_text import canonical_text
from shopdb_core.plugins.registry import load_plugins
from shopdb_core.settings import PluginSelection

Refused = Callable[[CompletedProcess[str]], str]


def test_list_is_a_table_for_people(bare: Any) -> None:
    """One line a plugin, columns aligned."""
    lines = bare.run("plugin", "list").stdout.splitlines()

    assert lines[0].split() == ["name", "state", "distribution", "version", "reason"]
    assert lines[1].split() == ["computers", "active", "shopdb-computers", "1.1.0", "-"]
    assert not bare.database.file.exists()


def test_list_is_json_for_scripts(bare: Any) -> None:
    """Every plugin with its state, blocked ones included."""
    bare.variables["SHOPDB_BLOCKED_PLUGINS"] = "printers"

    rows = {row["name"]: row for row in json.loads(bare.run("plugin", "list", "--json").stdout)}

    assert rows["computers"] == {
        "name": "computers",
        "state": "active",
        "distribution": "shopdb-computers",
        "version": "1.1.0",
        "reason": None,
        "notices": [],
        "breakingchanges": None,
    }
    assert rows["printers"]["state"] == "blocked"
    assert "SHOPDB_BLOCKED_PLUGINS" in rows["printers"]["reason"]


@pytest.fixture
def recorded(site: Any) -> Any:
    """A site that served computers of another release last, whose declaration had one more field."""
    started = site.run("plugin", "list")
    assert "breaks" not in started.stdout
    collector = load_plugins(PluginSelection(frozenset({"computers"}))).collector("computers")
    fields = {**collector.declaration["fields"], "room": {"type": "string"}}
    site.database.query(
        "INSERT INTO serveddeclaration VALUES ('computers', 'shopdb-computers', '0.9.0', :declaration, "
        "'2026-11-22 10:13:13.000000', NULL, '[]')",
        declaration=canonical_text({**collector.declaration, "fields": fields}),
    )
    return site


def test_list_shows_what_will_break_before_it_is_served(recorded: Any) -> None:
    """An operator who installed a release sees it before the server is restarted."""
    lines = recorded.run("plugin", "list").stdout.splitlines()

    assert lines[-2:] == [
        "computers breaks what clients could rely on in 0.9.0, when it is served:",
        "    /fields/room: was removed: its values are dropped with a warning",
    ]
    rows = {row["name"]: row for row in json.loads(recorded.run("plugin", "list", "--json").stdout)}
    assert rows["computers"]["breakingchanges"] == {
        "previousversion": "0.9.0",
        "since": None,
        "changes": ["/fields/room: was removed: its values are dropped with a warning"],
    }
    assert rows["printers"]["breakingchanges"] is None


def test_check_exits_with_1_for_what_will_break(recorded: Any) -> None:
    """A pipeline learns it before the server is restarted; what is served already is no reason to fail."""
    assert recorded.run("plugin", "list").returncode == 0
    done = recorded.run("plugin", "list", "--check", "--json")
    recorded.serve().stop()

    assert (done.returncode, done.stderr) == (1, "shopdb: computers is about to break clients.\n")
    assert len(json.loads(done.stdout)) == 2
    assert recorded.run("plugin", "list", "--check").returncode == 0


def test_check_exits_with_1_for_a_quarantined_plugin(bare: Any, broken: Path) -> None:
    """The table says why, and nothing else repeats it; without the option the exit code is 0."""
    bare.variables["PYTHONPATH"] = str(broken)

    done = bare.run("plugin", "list", "--check")

    assert (done.returncode, done.stderr) == (1, "shopdb: broken is quarantined.\n")
    assert done.stdout.count("its import raised OSError: no") == 1
    assert bare.run("plugin", "list").returncode == 0


def test_list_shows_what_was_broken_once_it_is_served(recorded: Any) -> None:
    """The server's log, the list and `_schemas` say the same."""
    server = recorded.serve()

    line = recorded.run("plugin", "list").stdout.splitlines()[-2]
    assert line.startswith("computers breaks what clients could rely on in 0.9.0, since 20")
    log = server.log.read_text()
    assert log.count("plugin computers (distribution shopdb-computers 1.1.0) breaks") == 1


@pytest.mark.parametrize("spoil", ["database is gone", "database is older", "no secret"])
def test_list_needs_no_record(recorded: Any, spoil: str) -> None:
    """Without a database, without its newer tables and without a SECRET_KEY it lists what is installed."""
    if spoil == "database is gone":
        recorded.database.file.unlink()
    elif spoil == "database is older":
        recorded.database.query("DROP TABLE serveddeclaration")
    else:
        del recorded.variables["SECRET_KEY"]

    done = recorded.run("plugin", "list")

    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["name", "computers", "printers"]
    assert recorded.database.file.exists() == (spoil != "database is gone")


def test_show_prints_what_a_plugin_brings(bare: Any) -> None:
    """Its endpoint, identity, fields, reports and tables."""
    shown = json.loads(bare.run("plugin", "show", "printers").stdout)

    assert shown["endpoint"] == "/api/collector/printers"
    assert shown["identityfield"] in shown["fields"]
    assert shown["secondaryidentity"] == "macaddress"
    assert shown["reports"] == ["needs", "pages", "supplies_low"]
    assert shown["tables"] is True


def test_schema_is_what_submissions_are_validated_against(bare: Any) -> None:
    """Self-contained Draft 2020-12, of use to any other tool."""
    schema = json.loads(bare.run("plugin", "schema", "computers").stdout)

    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    assert validator.is_valid({"hostname": "PC-1234", "osname": "Debian"})
    assert not validator.is_valid({"osname": "Debian"})


def test_the_schema_of_declarations_judges_declarations(bare: Any) -> None:
    """An editor or any other tool can check a declaration against it."""
    schema = json.loads(bare.run("plugin", "schema", "--declaration").stdout)

    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    assert validator.is_valid({"identityfield": "serial", "fields": {"serial": {"type": "string"}}})
    assert not validator.is_valid({"identityfield": "serial", "fields": {"serial": {"typ": "string"}}})


@pytest.mark.parametrize("arguments", [(), ("computers", "--declaration")])
def test_schema_wants_one_thing(bare: Any, arguments: tuple[str, ...]) -> None:
    """Neither a name nor the option, or both, is wrong usage."""
    done = bare.run("plugin", "schema", *arguments)

    assert done.returncode == 2
    assert "Give either the NAME of a plugin, or --declaration." in done.stderr


@pytest.mark.parametrize("command", ["show", "schema"])
def test_a_plugin_that_is_not_installed_is_reported(bare: Any, refused: Refused, command: str) -> None:
    """The line names the plugins that are installed."""
    line = refused(bare.run("plugin", command, "computer"))

    assert line == "There is no plugin named 'computer'; installed are computers, printers."


def test_the_schema_of_a_blocked_plugin_is_refused(bare: Any, refused: Refused) -> None:
    """It is installed but not loaded; the line says why."""
    bare.variables["SHOPDB_BLOCKED_PLUGINS"] = "printers"

    line = refused(bare.run("plugin", "schema", "printers"))

    assert line.startswith("The plugin printers has no schema: this site blocks it")
