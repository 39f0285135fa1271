"""Which plugins a site lets in, and which names they may have."""

import sys
from collections.abc import Callable

import pytest

from shopdb_core.errors import ConfigurationError
from shopdb_core.plugins.registry import load_plugins
from shopdb_core.settings import PluginSelection
from shopdb_hookspecs import hookimpl

Install = Callable[..., None]


class Silent:
    """A plugin without a collector."""

    @hookimpl
    def asset_changed(self): ...


def test_only_listed_plugins_are_let_in() -> None:
    """With an allow-list, every other plugin is blocked."""
    plugins = load_plugins(PluginSelection(frozenset({"printers"})))

    assert [plugin.name for plugin in plugins.active()] == ["printers"]
    computers = plugins.get("computers")
    assert computers is not None
    assert computers.state == "blocked"
    assert "SHOPDB_PLUGINS" in computers.reason


def test_a_blocked_plugin_stays_out_even_if_listed() -> None:
    """The block-list wins over the allow-list."""
    plugins = load_plugins(PluginSelection(frozenset({"computers", "printers"}), frozenset({"computers"})))

    assert [plugin.name for plugin in plugins.active()] == ["printers"]


def test_a_blocked_plugin_is_never_imported(install: Install) -> None:
    """Blocking keeps a plugin's code from running at all."""
    install("rack_blocked", "", {"rack": "rack_blocked"})

    load_plugins(PluginSelection(blocked=frozenset({"rack"})))

    assert "rack_blocked" not in sys.modules


def test_a_listed_plugin_is_imported(install: Install) -> None:
    """The counterpart, so that the test above could fail."""
    install("rack_listed", "", {"rack": "rack_listed"})

    load_plugins(PluginSelection(frozenset({"rack"})))

    assert "rack_listed" in sys.modules


def test_a_listed_plugin_that_is_not_installed_stops_the_start() -> None:
    """The error names the missing plugin and lists the installed ones."""
    with pytest.raises(ConfigurationError, match=r"'printer', which is not installed; .*computers, printers"):
        load_plugins(PluginSelection(frozenset({"printer"})))


@pytest.mark.parametrize(
    "name",
    ["Rack", "1rack", "rack-plugin", "_schemas", "rack_", "rack__plugin", "räck", "r" * 41, "rack\n", ""],
)
def test_an_impossible_name_stops_the_start(name: str) -> None:
    """A name that no path and no variable could carry is refused."""
    with pytest.raises(ConfigurationError, match="lower-case words joined by underscores"):
        load_plugins(PluginSelection(), {name: Silent()})


@pytest.mark.parametrize("name", ["r", "rack2", "rack_plugin_2", "r" * 40])
def test_a_possible_name_is_taken(name: str) -> None:
    """Lower-case words, digits inside, up to 40 characters."""
    assert load_plugins(PluginSelection(), {name: Silent()}).active()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("pc", "legacy"),
        ("core", "version table"),
        ("rack_file", "COLLECTOR_API_KEY_RACK_FILE"),
        ("file", "_FILE"),
    ],
)
def test_a_reserved_name_stops_the_start(install: Install, name: str, told: str) -> None:
    """A name that would clash with an endpoint or a variable is refused, with its distribution."""
    install("rack_reserved", "", {name: "rack_reserved"})

    with pytest.raises(ConfigurationError, match=f"^rack_reserved names its plugin {name!r}; .*{told}"):
        load_plugins(PluginSelection())


def test_a_name_claimed_twice_stops_the_start(install: Install) -> None:
    """Of two distributions that claim one name, neither wins silently: both are named."""
    install("rack_one", "", {"rack": "rack_one"})
    install("rack_two", "", {"rack": "rack_two"})

    with pytest.raises(ConfigurationError, match="claimed by rack_one and rack_two"):
        load_plugins(PluginSelection())


@pytest.mark.parametrize(
    "entry_points", [{"rack_file": "rack_bad"}, {"pc": "rack_bad"}, {"Rack": "rack_bad"}]
)
def test_a_blocked_plugin_may_have_any_name(install: Install, entry_points: dict[str, str]) -> None:
    """What the site blocks cannot keep it from starting."""
    install("rack_bad", "", entry_points)

    assert load_plugins(PluginSelection(blocked=frozenset(entry_points))).active()
