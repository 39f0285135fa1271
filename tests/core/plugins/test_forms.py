"""What a plugin may be, and what is said of one that is not quite."""

from collections.abc import Callable
from types import ModuleType

import pytest

from shopdb_core.plugins.registry import Plugin, load_plugins
from shopdb_core.settings import PluginSelection
from shopdb_hookspecs import hookimpl

Load = Callable[[object], Plugin]

MODULE = """
from shopdb_hookspecs import hookimpl

@hookimpl
def get_collector_schema():
    return {"identityfield": "serial", "fields": {"serial": {"type": "string"}}}
"""

OBJECT = """
from shopdb_hookspecs import hookimpl

class Rack:
    @hookimpl
    def get_collector_schema(self):
        return {"identityfield": "serial", "fields": {"serial": {"type": "string"}}}

plugin = Rack()
"""


class RackPlugin:
    """A plugin whose hooks are methods."""

    @hookimpl
    def get_collector_schema(self):
        return {"identityfield": "serial", "fields": {"serial": {"type": "string"}}}


def test_a_module_is_a_plugin(install: Callable[..., None]) -> None:
    """An entry point may name a module whose functions are the hooks."""
    install("rack_module", MODULE, {"rack": "rack_module"})

    plugin = load_plugins(PluginSelection(frozenset({"rack"}))).get("rack")

    assert plugin is not None
    assert (plugin.state, plugin.candidate.distribution, plugin.candidate.version) == (
        "active",
        "rack_module",
        "1.0",
    )
    assert plugin.collector is not None
    assert plugin.collector.identityfield == "serial"


def test_an_object_is_a_plugin(install: Callable[..., None]) -> None:
    """An entry point may name an object whose methods are the hooks."""
    install("rack_object", OBJECT, {"rack": "rack_object:plugin"})

    plugin = load_plugins(PluginSelection(frozenset({"rack"}))).get("rack")

    assert plugin is not None
    assert plugin.collector is not None


def test_a_program_may_pass_plugins_in() -> None:
    """Plugins that are passed by name replace those that are installed."""
    plugins = load_plugins(PluginSelection(), {"rack": RackPlugin()})

    assert [plugin.name for plugin in plugins.active()] == ["rack"]


@pytest.mark.parametrize("nothing", [None, 5, ModuleType("empty")], ids=["None", "number", "empty module"])
def test_something_without_hooks_is_no_plugin(load: Load, nothing: object) -> None:
    """An object without hooks is quarantined; the reason names the marker to use."""
    plugin = load(nothing)

    assert plugin.state == "quarantined"
    assert "does not implement any hook" in plugin.reason
    assert "@shopdb_hookspecs.hookimpl" in plugin.reason


def test_two_plugins_are_not_one_object() -> None:
    """A second entry point for the same object is quarantined, and the first serves undisturbed."""
    rack = RackPlugin()

    plugins = load_plugins(PluginSelection(), {"rack": rack, "shelf": rack})

    assert list(plugins.collectors()) == ["rack"]
    shelf = plugins.get("shelf")
    assert shelf is not None
    assert "the same object as the plugin rack" in shelf.reason
