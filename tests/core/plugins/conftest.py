"""Plugins as people write them: objects in memory, and distributions in a folder of their own."""

from collections.abc import Callable
from typing import Any

import pytest
from installing import install

from shopdb_core.plugins.registry import Plugin, load_plugins
from shopdb_core.settings import PluginSelection
from shopdb_hookspecs import hookimpl

__all__ = ["install"]  # a fixture for every test of this folder

_DECLARATION = {
    "identityfield": "serial",
    "fields": {"serial": {"type": "string"}, "height": {"type": "integer", "minimum": 1}},
}


@pytest.fixture
def declaration() -> dict[str, Any]:
    """The declaration of a collector of racks."""
    return _DECLARATION


@pytest.fixture
def make_plugin() -> Callable[..., object]:
    """Make a plugin object from functions without `self`, one for each hook by its name."""

    def make(**hooks: Callable[..., object]) -> object:
        methods = {"get_collector_schema": lambda: _DECLARATION, **hooks}
        return type("Rack", (), {name: staticmethod(hookimpl(hook)) for name, hook in methods.items()})()

    return make


@pytest.fixture
def load() -> Callable[..., Plugin]:
    """Load one plugin as `rack`, and return what became of it."""

    def load_one(plugin: object) -> Plugin:
        found = load_plugins(PluginSelection(), {"rack": plugin}).get("rack")
        assert found is not None
        return found

    return load_one
