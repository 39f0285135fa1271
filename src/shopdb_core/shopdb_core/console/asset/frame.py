"""What every page of one asset has around it: heading, state, tabs, and notices that say what to do.

`frame/asset.html` draws it; a page of an asset passes `frame` to its template, which extends that one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shopdb_core.console.asset.fields import Listed, lists_of
from shopdb_core.console.framework.pages import N_
from shopdb_core.plugins.registry import Plugin, Plugins
from shopdb_hookspecs import JsonObject

MOST_TABS = 8
"""How many lists have a tab; the others are on the page, with their first items."""


@dataclass(frozen=True, slots=True)
class Tab:
    """One page of the asset: its address, and its title, which is a text of the catalogue if `istext`."""

    address: str
    title: str
    istext: bool = True
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """An asset with what the frame shows of it.

    `plugin` is that of its type, and `trouble` says why its declaration is not used: `missing`, `blocked` or
    `quarantined`, or empty. `label` is what people call such an asset.
    """

    asset: JsonObject
    label: str
    declaration: JsonObject | None
    tabs: Sequence[Tab]
    lists: Sequence[Listed]
    plugin: Plugin | None
    trouble: str

    @property
    def address(self) -> str:
        """The address of the page of the asset as it is now."""
        return f"/assets/{self.asset['assetid']}"

    @property
    def is_editable(self) -> bool:
        """Whether people may change it in its state; a merged one follows the asset that it became."""
        return self.asset["state"] in ("active", "retired")


def frame_of(plugins: Plugins, asset: JsonObject) -> Frame:
    """Return the frame of an asset, given as `get_asset` returns it."""
    plugin = plugins.get(asset["assettype"])
    collector = plugin.collector if plugin and plugin.state == "active" else None
    declaration = collector.declaration if collector else None
    lists = [*lists_of(asset["attributes"], declaration or {})]
    address = f"/assets/{asset['assetid']}"
    return Frame(
        asset,
        (declaration or {}).get("x-label") or asset["assettype"],
        declaration,
        [*_tabs(address, lists)],
        lists,
        plugin,
        _trouble(plugin, asset),
    )


def _tabs(address: str, lists: Sequence[Listed]) -> Iterator[Tab]:
    yield Tab(address, N_("Now"))
    for each in [each for each in lists if each.is_long][:MOST_TABS]:
        yield Tab(f"{address}/lists/{each.name}", each.title, istext=False, count=len(each.items))
    yield Tab(f"{address}/related", N_("Relationships"))
    yield Tab(f"{address}/past", N_("Past"))
    yield Tab(f"{address}/raw", N_("JSON"))


def _trouble(plugin: Plugin | None, asset: JsonObject) -> str:
    if plugin is None:
        # What people created has no plugin; what was submitted has one that is not installed any more.
        return "missing" if asset["lastseenat"] is not None and asset["sources"] else ""
    if plugin.state != "active":
        return plugin.state
    return "" if plugin.collector else "missing"
