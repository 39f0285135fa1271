"""The `Requires-Dist` of a plugin declares which releases of the hooks it supports."""

from collections.abc import Callable

import pytest

from shopdb_core.plugins.registry import Plugin, load_plugins
from shopdb_core.settings import PluginSelection

Install = Callable[..., None]

SOURCE = """
from shopdb_hookspecs import hookimpl

@hookimpl
def asset_changed(): ...
"""


@pytest.fixture
def load_requiring(install: Install) -> Callable[[str], Plugin]:
    """Install a plugin that requires what is given, and load it."""

    def load(requirement: str) -> Plugin:
        install("rack_made_for", SOURCE, {"rack": "rack_made_for"}, [requirement])
        plugin = load_plugins(PluginSelection(frozenset({"rack"}))).get("rack")
        assert plugin is not None
        return plugin

    return load


@pytest.mark.parametrize("requirement", ["shopdb-hookspecs>=2", "ShopDB_HookSpecs<1.0"])
def test_a_plugin_for_another_release_is_refused(
    load_requiring: Callable[[str], Plugin], requirement: str
) -> None:
    """A plugin that excludes the installed hooks is quarantined; the reason names both versions."""
    plugin = load_requiring(requirement)

    assert plugin.state == "quarantined"
    assert plugin.reason.startswith(f"it requires {requirement}, and shopdb-hookspecs 1.")
    assert "install a release of rack_made_for" in plugin.reason


@pytest.mark.parametrize(
    "requirement",
    [
        "shopdb-hookspecs>=1.0,<2",
        "shopdb-hookspecs",
        "shopdb-hookspecs>=2; python_version < '3'",
        "shopdb-hookspecs-extras>=99",
        "no-such-library>=99",
    ],
)
def test_a_plugin_for_this_release_is_taken(
    load_requiring: Callable[[str], Plugin], requirement: str
) -> None:
    """Requirements of other distributions, or for other machines, are ignored."""
    assert load_requiring(requirement).state == "active"


def test_an_unreadable_requirement_is_named(load_requiring: Callable[[str], Plugin]) -> None:
    """Metadata that is out of order quarantines its own plugin."""
    plugin = load_requiring("shopdb-hookspecs ~~ 1")

    assert plugin.state == "quarantined"
    assert "Requires-Dist is not valid" in plugin.reason
