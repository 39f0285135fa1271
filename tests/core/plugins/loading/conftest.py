"""Plugins as people write them: objects in memory, and distributions in a folder of their own."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from shopdb_core.plugins.registry import Plugin, load_plugins
from shopdb_core.settings import Admission
from shopdb_hookspecs import hookimpl

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
        found = load_plugins(Admission(), {"rack": plugin}).get("rack")
        assert found is not None
        return found

    return load_one


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Put a distribution with one module, named after it, on the path; it leaves again afterwards."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(
        distribution: str, source: str, entry_points: Mapping[str, str], requires: Sequence[str] = ()
    ) -> None:
        (tmp_path / f"{distribution}.py").write_text(source)
        metadata = tmp_path / f"{distribution}-1.0.dist-info"
        metadata.mkdir()
        headers = [f"Name: {distribution}", "Version: 1.0", *(f"Requires-Dist: {text}" for text in requires)]
        (metadata / "METADATA").write_text("\n".join(["Metadata-Version: 2.1", *headers, ""]))
        lines = [f"{name} = {target}" for name, target in entry_points.items()]
        (metadata / "entry_points.txt").write_text("\n".join(["[shopdb]", *lines, ""]))

    before = set(sys.modules)
    yield write
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]
