"""`shopdb plugin`: what is installed, and what it takes; no site is needed."""

import json
from collections.abc import Callable
from subprocess import CompletedProcess
from typing import Any

import pytest
from jsonschema import Draft202012Validator

MakeSite = Callable[..., Any]
Refused = Callable[[CompletedProcess[str]], str]


@pytest.fixture
def bare(make_site: MakeSite) -> Any:
    """A directory without settings or database."""
    site = make_site()
    site.variables.clear()
    return site


def test_list_is_a_table_for_people(bare: Any) -> None:
    """One line a plugin, columns aligned."""
    lines = bare.run("plugin", "list").stdout.splitlines()

    assert lines[0].split() == ["name", "state", "distribution", "version", "reason"]
    assert lines[1].split() == ["computers", "active", "shopdb-computers", "1.0.0", "-"]
    assert not bare.database.file.exists()


def test_list_is_json_for_scripts(bare: Any) -> None:
    """Every plugin with its state, blocked ones included."""
    bare.variables["SHOPDB_BLOCKED_PLUGINS"] = "printers"

    rows = {row["name"]: row for row in json.loads(bare.run("plugin", "list", "--json").stdout)}

    assert rows["computers"] == {
        "name": "computers",
        "state": "active",
        "distribution": "shopdb-computers",
        "version": "1.0.0",
        "reason": None,
    }
    assert rows["printers"]["state"] == "blocked"
    assert "SHOPDB_BLOCKED_PLUGINS" in rows["printers"]["reason"]


def test_show_tells_what_a_plugin_brings(bare: Any) -> None:
    """Its endpoint, identity, fields, reports and tables."""
    shown = json.loads(bare.run("plugin", "show", "printers").stdout)

    assert shown["endpoint"] == "/api/collector/printers"
    assert shown["identityfield"] in shown["fields"]
    assert shown["secondaryidentity"] == "macaddress"
    assert shown["reports"] == ["pages", "supplies_low"]
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
def test_a_plugin_that_is_not_there_is_told(bare: Any, refused: Refused, command: str) -> None:
    """The line names the command that shows what is there."""
    line = refused(bare.run("plugin", command, "computer"))

    assert line == "There is no plugin named 'computer'; `shopdb plugin list` shows what is installed."


def test_the_schema_of_a_blocked_plugin_is_told(bare: Any, refused: Refused) -> None:
    """It is there and not loaded, for a reason."""
    bare.variables["SHOPDB_BLOCKED_PLUGINS"] = "printers"

    line = refused(bare.run("plugin", "schema", "printers"))

    assert line.startswith("The plugin printers has no schema: this site blocks it")
