"""The `Requires-Dist` of a plugin declares which releases of the hooks it supports."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from shopdb_core.plugins.discovery import Candidate
from shopdb_core.plugins.registry import Plugin, load_plugins
from shopdb_core.plugins.requirements import plainly_includes, requirement_fault
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


RELEASES = st.lists(st.integers(0, 3), min_size=1, max_size=3).map(
    lambda numbers: ".".join(map(str, numbers))
)
BOUNDS = st.lists(st.tuples(st.sampled_from([">=", "<"]), RELEASES).map("".join), min_size=1, max_size=3)


@given(BOUNDS, RELEASES)
def test_a_plain_range_means_what_it_means_to_packaging(bounds: list[str], installed: str) -> None:
    """Only `>=` and `<` with plain releases are decided without packaging."""
    text = ",".join(bounds)

    assert plainly_includes(f"shopdb-hookspecs{text}", installed) == (installed in SpecifierSet(text))


@pytest.mark.parametrize(
    "requirement",
    ["shopdb-hookspecs~=1.0", "shopdb_hookspecs>=0", "shopdb-hookspecs >=0", "shopdb-hookspecs"],
)
def test_any_other_form_is_left_to_packaging(requirement: str) -> None:
    """It is not plain, and fits."""
    candidate = Candidate("rack", "shop-rack", "1.0", (requirement,), "shop_rack", lambda: None)

    assert not plainly_includes(requirement, "1.0.0")
    assert requirement_fault(candidate) == ""


@pytest.mark.parametrize("installed", ["1.0rc1", "1.0.dev3", "1!1.0"])
def test_a_release_that_is_not_plain_is_left_to_packaging(installed: str) -> None:
    """Such as a release candidate, which comes before its release."""
    assert not plainly_includes("shopdb-hookspecs>=0", installed)
