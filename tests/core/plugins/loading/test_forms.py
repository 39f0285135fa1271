"""What a plugin may be, and what is said of one that is not quite."""

from collections.abc import Callable
from types import ModuleType

import pytest

from shopdb_core.plugins.registry import Plugin, load_plugins
from shopdb_core.settings import Admission
from shopdb_hookspecs import hookimpl

Load = Callable[[object], Plugin]
MakePlugin = Callable[..., object]

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


class UnmarkedPlugin:
    """A plugin that forgot the marker."""

    def get_collector_schema(self):
        return {"identityfield": "serial", "fields": {"serial": {"type": "string"}}}


def test_a_module_is_a_plugin(install: Callable[..., None]) -> None:
    """An entry point may name a module whose functions are the hooks."""
    install("rack_module", MODULE, {"rack": "rack_module"})

    plugin = load_plugins(Admission(frozenset({"rack"}))).get("rack")

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

    plugin = load_plugins(Admission(frozenset({"rack"}))).get("rack")

    assert plugin is not None
    assert plugin.collector is not None


def test_a_program_may_pass_plugins_in() -> None:
    """Plugins that are given by name stand instead of those that are installed."""
    plugins = load_plugins(Admission(), {"rack": RackPlugin()})

    assert [plugin.name for plugin in plugins.active()] == ["rack"]


def test_a_class_is_no_plugin(load: Load) -> None:
    """A class in place of its instance is quarantined, and named."""
    plugin = load(RackPlugin)

    assert plugin.state == "quarantined"
    assert plugin.reason == "its entry point names the class RackPlugin; name a module or an instance"


@pytest.mark.parametrize("nothing", [None, 5, ModuleType("empty")], ids=["None", "number", "empty module"])
def test_something_without_hooks_is_no_plugin(load: Load, nothing: object) -> None:
    """What has no hook is quarantined, with the marker to use."""
    plugin = load(nothing)

    assert plugin.state == "quarantined"
    assert "implements no hook" in plugin.reason
    assert "@shopdb_hookspecs.hookimpl" in plugin.reason


def test_an_unmarked_hook_is_found(load: Load) -> None:
    """A function that has a hook's name and no marker is named, instead of being passed over."""
    plugin = load(UnmarkedPlugin())

    assert plugin.state == "quarantined"
    assert "get_collector_schema is not marked" in plugin.reason


def test_a_misspelt_hook_is_found(load: Load, make_plugin: MakePlugin) -> None:
    """An unknown hook is named, with the one that was probably meant."""
    plugin = load(make_plugin(normalise_submission=lambda submission: submission))

    assert plugin.state == "quarantined"
    assert "unknown hook normalise_submission; did you mean normalize_submission?" in plugin.reason


def test_an_unknown_hook_like_no_other_lists_the_hooks(load: Load, make_plugin: MakePlugin) -> None:
    """A hook that resembles none is answered with all there are."""
    plugin = load(make_plugin(zzz=lambda: None))

    assert "the hooks are get_collector_schema, get_example_submissions" in plugin.reason


def test_a_wrong_argument_is_found(load: Load, make_plugin: MakePlugin) -> None:
    """A hook that asks for an argument that there is not is named, on one line."""
    plugin = load(make_plugin(store_asset=lambda connection, asset: None))  # noqa: ARG005

    assert plugin.state == "quarantined"
    assert "'store_asset'" in plugin.reason
    assert "{'asset'}" in plugin.reason
    assert "\n" not in plugin.reason


def test_two_plugins_are_not_one_object() -> None:
    """A second entry point for the same object is quarantined, and the first serves undisturbed."""
    rack = RackPlugin()

    plugins = load_plugins(Admission(), {"rack": rack, "shelf": rack})

    assert list(plugins.collectors()) == ["rack"]
    shelf = plugins.get("shelf")
    assert shelf is not None
    assert "the same object as the plugin rack" in shelf.reason
