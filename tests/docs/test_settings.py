"""docs/settings.md lists the variables that are read, with their defaults."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

import click
import pytest

from shopdb_core.cli import shopdb
from shopdb_core.settings import DEFAULT_ADOPT_AFTER_HOURS, DEFAULT_ONMATCH, read_settings

SECRET = {"SECRET_KEY": "a-secret-key-for-tests-0123456789-abcdef"}
KEY = "a-collector-key-for-tests-0123456789-abc"


class Recorder(Mapping[str, str]):
    """An environment that records which variables are looked up."""

    def __init__(self, variables: dict[str, str]) -> None:
        self._variables = variables
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return self._variables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)


@pytest.fixture
def documented(docs) -> dict[str, str]:
    """Return the variables in the tables of the page, each with its default."""
    rows = re.findall(r"^\| `([A-Z_<>]+)` \| ([^|]+) \|", (docs / "settings.md").read_text(), re.MULTILINE)
    return {variable: default.strip(" `") for variable, default in rows}


def test_every_variable_that_is_read_is_documented(documented):
    """The page lists exactly the variables that are read, by the server and by the command line."""
    of_plugin = {"SHOPDB_DOCS_ONMATCH": "flag", "SHOPDB_DOCS_ADOPT_AFTER_HOURS": "24"}
    of_plugin["SHOPDB_DOCS_SOURCES"] = "glpi,pxe"
    environ = Recorder({**SECRET, "COLLECTOR_API_KEY_DOCS": KEY, **of_plugin})

    read_settings(environ)

    read = {variable.replace("DOCS", "<PLUGIN>") for variable in environ.names}
    assert set(documented) == read | set(_of_options(shopdb, click.Context(shopdb)))


def test_the_defaults_are_those_of_the_page(documented):
    """A variable that is set to its documented default changes no setting."""
    defaults = {
        variable.replace("<PLUGIN>", "DOCS"): default
        for variable, default in documented.items()
        if default not in ("none", "all") and not variable.endswith("_FILE")
    }
    given = read_settings({**SECRET, **defaults})

    left_out = read_settings(SECRET)

    assert defaults
    assert given.onmatch == {"docs": DEFAULT_ONMATCH}
    assert given.adopt_after_hours == {"docs": DEFAULT_ADOPT_AFTER_HOURS}
    assert replace(given, onmatch={}, adopt_after_hours={}) == left_out


def _of_options(command: click.Command, context: click.Context) -> Iterator[str]:
    """Yield the variables that options of the command line are read from."""
    for option in command.params:
        if isinstance(option.envvar, str):
            yield option.envvar
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            yield from _of_options(command.get_command(context, name), context)
