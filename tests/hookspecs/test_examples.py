"""The examples in the docstrings of the hooks run, and together are one working plugin."""

import importlib
import inspect
import logging
import re
import sys
import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest
from hookpage import HOOKS
from sqlalchemy import create_engine, text

from shopdb_core.plugins.panels import Panels
from shopdb_core.plugins.registry import Plugin, Plugins, load_plugins
from shopdb_core.settings import PluginSelection
from shopdb_hookspecs import AssetChange, AssetWrite, specs

CHANGE = AssetChange(
    auditid=1,
    at=datetime(2026, 1, 1, tzinfo=UTC),
    plugin="rooms",
    action="created",
    assetid=1,
    identityvalue="3.17",
    diff={},
    volatileonly=False,
    actor="collector:rooms",
    requestid="r1",
)


def example_of(hook: str) -> str:
    """Return the source below `Example::` in a hook's docstring."""
    docstring = inspect.getdoc(getattr(specs, hook)) or ""
    found = re.search(r"(?ms)Example::\n\n(.*)\Z", docstring)
    return textwrap.dedent(found[1]) if found else ""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The examples of all hooks as one module, beside a directory of migrations."""
    sources = ["from shopdb_hookspecs import hookimpl", *map(example_of, HOOKS)]
    (tmp_path / "rooms_of_examples.py").write_text("\n\n".join(sources))
    (tmp_path / "migrations").mkdir()
    (tmp_path / "seats.html").write_text("<p>{{ seats }} seats</p>")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("rooms_of_examples")
    del sys.modules["rooms_of_examples"]


@pytest.fixture
def rooms(module: ModuleType) -> Plugin:
    """The plugin that the examples make."""
    [plugin] = load_plugins(PluginSelection(), {"rooms": module}).all()
    return plugin


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_an_example(hook: str) -> None:
    """The example implements the hook that its docstring describes."""
    assert f"@hookimpl\ndef {hook}(" in example_of(hook)


def test_the_examples_are_a_plugin(rooms: Plugin) -> None:
    """ShopDB accepts what each hook returns at start, and the examples are valid submissions."""
    assert (rooms.state, rooms.reason) == ("active", "")
    assert rooms.collector is not None
    assert rooms.collector.examples
    assert all(map(rooms.collector.validator.accepts, rooms.collector.examples))
    assert rooms.migrations is not None


def test_the_example_of_normalizing(rooms: Plugin) -> None:
    """It changes a text, is idempotent, and returns a value of another type unchanged."""
    assert rooms.collector is not None
    for building, expected in (("hall 3", "Hall 3"), ("Hall 3", "Hall 3"), (7, 7)):
        assert rooms.collector.normalize({"number": "3.17", "building": building})["building"] == expected


def test_the_examples_of_storing_and_reporting(rooms: Plugin) -> None:
    """The report yields the row that was stored last for the asset."""
    assert rooms.collector is not None
    with create_engine("sqlite://").begin() as connection:
        connection.execute(text("CREATE TABLE rooms_room (assetid INTEGER PRIMARY KEY, seats INTEGER)"))
        writes = [AssetWrite(1, None, {"seats": 12}), AssetWrite(1, {"seats": 12}, {"seats": 14})]
        for write in writes:
            rooms.collector.store_one(connection, write)
        assert list(rooms.reports["seats"].rows(connection)) == [(1, 14)]

        rooms.collector.store(
            connection, [AssetWrite(2, None, {}), AssetWrite(1, {"seats": 14}, {"seats": 15})]
        )
        assert list(rooms.reports["seats"].rows(connection)) == [(1, 15), (2, None)]


def test_the_example_of_a_panel(rooms: Plugin) -> None:
    """It is drawn for a room with seats, and left out for one without."""
    panels = Panels(Plugins([rooms]))

    (drawn,) = panels.of("rooms", {"number": "3.17", "seats": 12})
    assert (drawn.title, drawn.html) == ("Seats", "<p>12 seats</p>")
    assert panels.of("rooms", {"number": "3.17"}) == []


def test_the_example_of_observing(rooms: Plugin, caplog: pytest.LogCaptureFixture) -> None:
    """It logs the identity and the action of a change."""
    assert rooms.hooks is not None
    with caplog.at_level(logging.WARNING):
        rooms.hooks.call("asset_changed", change=CHANGE)

    assert caplog.messages == ["3.17 created"]
