"""What a plugin's tests use: the function `assert_conforms`, and fixtures for pytest.

pytest imports this module wherever shopdb-core is installed, so it imports the server and Hypothesis only in
the functions that need them.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import httpx

    from shopdb_core.devkit.serving import RunningServer

OPTION = "shopdb_plugin"


def assert_conforms(plugin: object, *, name: str | None = None) -> None:
    """Run every check; raises `AssertionError` with the output of `shopdb plugin check` if one fails.

    `plugin` is the name of an installed plugin, or the module or instance that its entry point names; one
    that is not installed needs a `name`. Raises `ShopDBError` if the plugin is not found, or if the extra
    `testing` is not installed.
    """
    from shopdb_core.devkit import check_plugin  # noqa: PLC0415  # see the module's docstring
    from shopdb_core.devkit.subject import candidate_of  # noqa: PLC0415  # likewise

    __tracebackhide__ = True  # pytest shows the result without the lines of this function
    result = check_plugin(candidate_of(plugin, name))
    if not result.conforms:
        raise AssertionError(f"\n{result}")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the setting that names the plugin."""
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
    """Give a server with only this plugin, on a free port of loopback and a new SQLite database."""
    from shopdb_core.devkit.serving import running_server  # noqa: PLC0415  # see the module's docstring

    with running_server(shopdb_plugin) as server:
        yield server


@pytest.fixture
def shopdb_client(shopdb_server: "RunningServer") -> "Iterator[httpx.Client]":
    """Give an HTTP client of that server that may submit, read and edit."""
    with shopdb_server.client() as client:
        yield client
