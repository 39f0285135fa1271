"""The pytest plugin: a server with just the plugin under test, and a client of it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    # Every pytest beside shopdb-core imports this module: only fixtures that are asked for import the server.
    import httpx

    from shopdb_core.devkit.serving import RunningServer

OPTION = "shopdb_plugin"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Know the setting that names the plugin."""
    parser.addini(OPTION, "The name of the ShopDB plugin that this suite tests.")


@pytest.fixture(scope="session")
def shopdb_plugin(pytestconfig: pytest.Config) -> str:
    """Return the name of the plugin under test, from `shopdb_plugin` in pytest's settings."""
    name = str(pytestconfig.getini(OPTION))
    if not name:
        raise pytest.UsageError(
            f'No ShopDB plugin is named: write {OPTION} = "network", with your plugin\'s name, under '
            "[tool.pytest.ini_options] in pyproject.toml."
        )
    return name


@pytest.fixture
def shopdb_server(shopdb_plugin: str) -> "Iterator[RunningServer]":
    """Give a server with just this plugin, on a free port of loopback and a new SQLite database."""
    from shopdb_core.devkit.serving import running_server  # noqa: PLC0415  # see above

    with running_server(shopdb_plugin) as server:
        yield server


@pytest.fixture
def shopdb_client(shopdb_server: "RunningServer") -> "Iterator[httpx.Client]":
    """Give a client of that server that may submit, read and edit."""
    with shopdb_server.client() as client:
        yield client
