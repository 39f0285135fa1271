"""`shopdb plugin check --against`: two releases of a plugin, from wheels that are installed nowhere."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

Against = Callable[..., CompletedProcess[str]]

RACK = """
from shopdb_hookspecs import hookimpl

@hookimpl
def get_collector_schema():
    return {{"identityfield": "serial", "fields": {{"serial": {{"type": "string"}}, {fields}}}}}

@hookimpl
def get_example_submissions():
    return [{{"serial": "R1"}}]
"""
HEIGHT = '"height": {"type": "integer"}'


@pytest.fixture
def release(write_wheel: Callable[..., Path]) -> Callable[..., Path]:
    """Return a function that packs a release of a plugin with some fields."""

    def pack(version: str, fields: str = "", plugin: str = "rack") -> Path:
        return write_wheel("rackplugin", plugin, {"rackplugin.py": RACK.format(fields=fields)}, version)

    return pack


@pytest.fixture
def against(make_site: Callable[..., Any]) -> Against:
    """Run `shopdb plugin check NEW --against OLD` where no site is."""
    site = make_site()
    site.variables = {}
    return lambda new, old, *options: site.run("plugin", "check", str(new), "--against", str(old), *options)


def test_a_release_that_breaks_clients_and_does_not_say_so(
    release: Callable[..., Path], against: Against
) -> None:
    """The changes are below the results, stderr has the version that is needed, and the exit code is 1."""
    done = against(release("1.1.0"), release("1.0.0", HEIGHT))

    assert done.returncode == 1, done.stderr
    assert "rack 1.1.0 (rackplugin) conforms" in done.stdout
    assert "rack 1.1.0 against 1.0.0: these changes need a major version" in done.stdout
    assert "    major  /fields/height: was removed" in done.stdout
    assert done.stderr == (
        "shopdb: from 1.0.0 to 1.1.0 is a minor step, and the changes need a major one: release 2.0.0\n"
    )


def test_a_release_whose_version_says_enough(release: Callable[..., Path], against: Against) -> None:
    """A new field in a minor version, in the form for scripts."""
    done = against(release("1.1.0", HEIGHT), release("1.0.0"), "--json")

    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["conforms"] is True
    assert (found["against"]["old"], found["against"]["step"]) == ("1.0.0", "minor")
    assert [change["place"] for change in found["against"]["changes"]] == ["/fields/height"]


def test_an_older_release_that_is_installed(write_wheel: Callable[..., Path], against: Against) -> None:
    """It is found by its name, beside a wheel of the same distribution."""
    files = {"shopdb_printers.py": RACK.format(fields=HEIGHT)}
    wheel = write_wheel("shopdb_printers", "printers", files, "2.0.0")

    done = against("printers", wheel)

    assert "printers 1.1.0 against 2.0.0: these changes need a major version" in done.stdout
    assert "is not a step forward" in done.stderr


def test_another_plugin_is_not_an_older_release(release: Callable[..., Path], against: Against) -> None:
    """Their names differ, and so do their addresses."""
    done = against(release("1.1.0"), "printers")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "shopdb: printers and rack are two plugins: compare releases of one.\n"


def test_an_older_release_that_is_not_installed(release: Callable[..., Path], against: Against) -> None:
    """The message is the same as without --against."""
    done = against(release("1.1.0"), "nosuch")

    assert done.stderr.startswith("shopdb: There is no plugin named 'nosuch'; installed are ")
