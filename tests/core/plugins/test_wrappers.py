"""A site's own plugin may wrap what others answer, without answering itself."""

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

import pytest

from shopdb_core.plugins.registry import Plugins, load_plugins
from shopdb_core.settings import PluginSelection
from shopdb_hookspecs import AssetWrite, JsonObject, hookimpl

MakePlugin = Callable[..., object]

CONNECTION: Any = None
"""The hooks of these tests do not use theirs."""


class SitePlugin:
    """Asks for an owner in every submission, writes identities in upper case, and notes what is stored."""

    def __init__(self) -> None:
        self.stored: list[tuple[str, int]] = []

    @hookimpl(wrapper=True)
    def get_collector_schema(self) -> Generator[None, Mapping[str, Any], JsonObject]:
        declaration = yield
        added = {"owner": {"type": "string"}, "was": {"type": "string"}}
        return {**declaration, "fields": {**declaration["fields"], **added}}

    @hookimpl(wrapper=True)
    def normalize_submission(
        self, submission: JsonObject, plugin: str
    ) -> Generator[None, JsonObject, JsonObject]:
        normalized = yield
        return {**normalized, "owner": plugin, "was": submission["serial"]}

    @hookimpl(wrapper=True)
    def store_asset(self, assetid: int, plugin: str) -> Generator[None, None, None]:
        yield
        self.stored.append((plugin, assetid))


@pytest.fixture
def wrapper() -> SitePlugin:
    """A plugin of nothing but wrappers."""
    return SitePlugin()


@pytest.fixture
def plugins(make_plugin: MakePlugin, wrapper: SitePlugin) -> Plugins:
    """A collector of racks, and the wrapper; the wrapper's name comes last, as it is loaded last."""
    rack = make_plugin(
        normalize_submission=lambda submission: {**submission, "serial": submission["serial"].upper()},
        store_asset=lambda connection: None,  # noqa: ARG005
    )
    return load_plugins(PluginSelection(), {"rack": rack, "zsite": wrapper})


def test_a_wrapper_adjusts_a_declaration(plugins: Plugins) -> None:
    """A site adds a field to a collector that it did not write, and it is validated like any other."""
    collector = plugins.collectors()["rack"]

    assert sorted(collector.declaration["fields"]) == ["height", "owner", "serial", "was"]
    assert not collector.validator.accepts({"serial": "r1", "owner": 5})


def test_a_wrapper_adjusts_a_submission(plugins: Plugins) -> None:
    """It gets what came in and what the plugin made of it."""
    collector = plugins.collectors()["rack"]

    assert collector.normalize({"serial": "r1"}) == {"serial": "R1", "owner": "rack", "was": "r1"}


def test_a_wrapper_stands_around_storing(plugins: Plugins, wrapper: SitePlugin) -> None:
    """It learns which plugin stores which asset."""
    collector = plugins.collectors()["rack"]

    collector.store_one(CONNECTION, AssetWrite(7, None, {}))

    assert wrapper.stored == [("rack", 7)]


def test_a_wrapper_of_one_asset_sees_each_of_a_batch(make_plugin: MakePlugin, wrapper: SitePlugin) -> None:
    """A plugin with both hooks stores one by one where another plugin wraps `store_asset`."""
    batches: list[int] = []
    rack = make_plugin(
        store_asset=lambda connection: None,  # noqa: ARG005
        store_assets=lambda writes: batches.append(len(writes)),
    )
    plugins = {"rack": rack, "zsite": wrapper}
    writes = [AssetWrite(7, None, {}), AssetWrite(8, None, {})]

    load_plugins(PluginSelection(), plugins).collectors()["rack"].store(CONNECTION, writes)
    assert (wrapper.stored, batches) == ([("rack", 7), ("rack", 8)], [])

    load_plugins(PluginSelection(), {"rack": rack}).collectors()["rack"].store(CONNECTION, writes)
    assert (len(wrapper.stored), batches) == (2, [2])


class BatchNotes:
    """Notes the batches of other plugins."""

    def __init__(self) -> None:
        self.stored: list[tuple[str, int]] = []

    @hookimpl(wrapper=True)
    def store_assets(self, writes: Sequence[AssetWrite], plugin: str) -> Generator[None, None, None]:
        yield
        self.stored.append((plugin, len(writes)))


def test_a_wrapper_stands_around_a_batch(make_plugin: MakePlugin) -> None:
    """It is called once for the assets that are written together."""
    notes = BatchNotes()
    rack = make_plugin(store_assets=lambda connection: None)  # noqa: ARG005
    collector = load_plugins(PluginSelection(), {"notes": notes, "rack": rack}).collectors()["rack"]

    collector.store(CONNECTION, [AssetWrite(7, None, {}), AssetWrite(8, None, {})])

    assert notes.stored == [("rack", 2)]


def test_a_wrapper_is_not_itself_asked(plugins: Plugins) -> None:
    """A plugin of nothing but wrappers serves, and has neither collector nor endpoint."""
    site = plugins.get("zsite")

    assert site is not None
    assert (site.state, site.collector) == ("active", None)
    assert list(plugins.collectors()) == ["rack"]
    assert not plugins.has_endpoint("zsite")


def test_other_plugins_are_not_asked(make_plugin: MakePlugin) -> None:
    """One plugin's submissions pass through no other plugin's hooks."""
    asked: list[str] = []
    rack = make_plugin(normalize_submission=lambda submission: submission)
    shelf = make_plugin(normalize_submission=lambda submission: asked.append("shelf") or submission)

    load_plugins(PluginSelection(), {"rack": rack, "shelf": shelf}).collectors()["rack"].normalize(
        {"serial": "r1"}
    )

    assert asked == []


def test_a_quarantined_wrapper_wraps_nothing(make_plugin: MakePlugin) -> None:
    """A wrapper with a hook that does not fit leaves the others as they are."""
    site = SitePlugin()
    site_with_fault = type("Faulty", (SitePlugin,), {"misspelt": hookimpl(lambda self: None)})()  # noqa: ARG005

    plugins = load_plugins(PluginSelection(), {"rack": make_plugin(), "zsite": site_with_fault})

    assert plugins.collectors()["rack"].normalize({"serial": "r1"}) == {"serial": "r1"}
    assert site.stored == []


class Echo:
    """Adds its name to what it wraps."""

    def __init__(self, name: str) -> None:
        self.name = name

    @hookimpl(wrapper=True)
    def normalize_submission(self) -> Generator[None, JsonObject, JsonObject]:
        normalized = yield
        return {**normalized, "serial": f"{normalized['serial']} {self.name}"}


class EagerEcho(Echo):
    """Asks to be tried first."""

    @hookimpl(wrapper=True, tryfirst=True)
    def normalize_submission(self) -> Generator[None, JsonObject, JsonObject]:
        return (yield from super().normalize_submission())


@pytest.mark.parametrize(
    ("first", "order"), [(Echo("abbey"), "r1 abbey site"), (EagerEcho("abbey"), "r1 site abbey")]
)
def test_the_last_plugin_wraps_all_others(make_plugin: MakePlugin, first: Echo, order: str) -> None:
    """Of two wrappers, the one loaded later is the outer one, unless the other is marked `tryfirst`."""
    rack = make_plugin(normalize_submission=lambda submission: submission)

    plugins = load_plugins(PluginSelection(), {"abbey": first, "rack": rack, "site": Echo("site")})

    assert plugins.collectors()["rack"].normalize({"serial": "r1"}) == {"serial": order}


def test_a_wrapper_is_not_called_where_there_is_nothing_to_wrap(make_plugin: MakePlugin) -> None:
    """A wrapper is not called for a plugin that does not implement the hook."""
    plugins = load_plugins(PluginSelection(), {"rack": make_plugin(), "site": Echo("site")})

    assert plugins.collectors()["rack"].normalize({"serial": "r1"}) == {"serial": "r1"}


class Stumbling:
    """Raises around every result."""

    @hookimpl(wrapper=True)
    def get_collector_schema(self) -> Generator[None, JsonObject, JsonObject]:
        yield
        raise LookupError("no such site")


def test_what_a_wrapper_raises_is_told_of_the_plugin_that_it_wraps(make_plugin: MakePlugin) -> None:
    """The answer of that plugin cannot be had; the wrapper itself has done nothing wrong at its own start."""
    plugins = load_plugins(PluginSelection(), {"rack": make_plugin(), "site": Stumbling()})

    rack, site = plugins.get("rack"), plugins.get("site")

    assert rack is not None
    assert site is not None
    assert (rack.state, site.state) == ("quarantined", "active")
    assert rack.reason.startswith("get_collector_schema raised LookupError: no such site")
