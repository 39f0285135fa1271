"""What a plugin's tests use: the function `assert_conforms`, and fixtures for pytest.

pytest imports this module wherever shopdb-core is installed, so it imports the server and Hypothesis only in
the functions that need them.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import httpx

    from shopdb_core.devkit.serving import RunningServer

OPTION = "shopdb_plugin"
DATABASE_OPTION = "shopdb_database_url"


def assert_conforms(plugin: object, *, name: str | None = None, database_urls: Sequence[str] = ()) -> None:
    """Run every check; raises `AssertionError` with the output of `shopdb plugin check` if one fails.

    `plugin` is the name of an installed plugin, or the module or instance that its entry point names; one
    that is not installed needs a `name`. The checks run on SQLite, and on databases that they make on the
    servers of `database_urls` and drop. Raises `ShopDBError` if the plugin is not found, if the extra
    `testing` is not installed, or if a server cannot be used.
    """
    from shopdb_core.devkit import check_plugin  # noqa: PLC0415  # see the module's docstring
    from shopdb_core.devkit.databases import database_servers  # noqa: PLC0415  # likewise
    from shopdb_core.devkit.subject import candidate_of  # noqa: PLC0415  # likewise

    __tracebackhide__ = True  # pytest shows the result without the lines of this function
    candidate = candidate_of(plugin, name)
    with database_servers(database_urls) as servers:
        result = check_plugin(candidate, servers)
    if not result.conforms:
        raise AssertionError(f"\n{result}")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the settings that name the plugin and a database server."""
    parser.addini(OPTION, "The name of the ShopDB plugin that this suite tests.")
    parser.addini(DATABASE_OPTION, "A database server for `shopdb_server`; without it, a SQLite file.")


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


@pytest.fixture(scope="session")
def shopdb_database_url(pytestconfig: pytest.Config) -> str | None:
    """Return the URL of a database server, from the setting `shopdb_database_url`; `None`: SQLite."""
    return str(pytestconfig.getini(DATABASE_OPTION)) or None


@pytest.fixture
def shopdb_server(shopdb_plugin: str, shopdb_database_url: str | None) -> "Iterator[RunningServer]":
    """Give a server with only this plugin, on a free port of loopback and a new database."""
    from shopdb_core.devkit.serving import running_server  # noqa: PLC0415  # see the module's docstring

    with running_server(shopdb_plugin, shopdb_database_url) as server:
        yield server


@pytest.fixture
def shopdb_client(shopdb_server: "RunningServer") -> "Iterator[httpx.Client]":
    """Give an HTTP client of that server that may submit, read and edit."""
    with shopdb_server.client() as client:
        yield client
