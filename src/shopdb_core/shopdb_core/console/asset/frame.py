"""What every page of one asset has around it: heading, state, tabs, and notices that say what to do.

A page of an asset passes `frame` to its template, which extends `asset/frame.html`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shopdb_core.assets.listing import get_asset
from shopdb_core.console.asset.fields import Listed, lists_of
from shopdb_core.console.framework.pages import N_
from shopdb_core.plugins.registry import Plugin, Plugins
from shopdb_core.plugins.served_declarations import last_declaration
from shopdb_core.store import Connection
from shopdb_hookspecs import JsonObject

MOST_TABS = 8
"""How many lists have a tab."""


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

    `declaration` is that of its plugin, or the one that was served last while the plugin is in `trouble`:
    `missing`, `blocked` or `quarantined`, for a `reason`; `None` for what people created. `label` is what
    people call such an asset.
    """

    asset: JsonObject
    label: str
    declaration: JsonObject | None
    tabs: Sequence[Tab]
    lists: Sequence[Listed]
    trouble: str
    reason: str

    @property
    def address(self) -> str:
        """The address of the page of the asset as it is now."""
        return f"/assets/{self.asset['assetid']}"

    @property
    def is_editable(self) -> bool:
        """Whether people may change it in its state; a merged one follows the asset that it became."""
        return self.asset["state"] in ("active", "retired")


def read_frame(connection: Connection, plugins: Plugins, assetid: int) -> Frame:
    """Read the frame of an asset in any state; raises `NotFound`, and `Gone` if it was erased."""
    asset = get_asset(connection, assetid)
    plugin = plugins.get(asset["assettype"])
    if plugin is not None and plugin.state == "active" and plugin.collector is not None:
        return frame_of(asset, plugin.collector.declaration)
    last = last_declaration(connection, asset["assettype"])
    return frame_of(asset, last, *_trouble(plugin, last))


def frame_of(asset: JsonObject, declaration: JsonObject | None, trouble: str = "", reason: str = "") -> Frame:
    """Return the frame of an asset, given as `get_asset` returns it."""
    lists = [*lists_of(asset["attributes"], declaration or {})]
    label = (declaration or {}).get("x-label") or asset["assettype"]
    tabs = [*_tabs(f"/assets/{asset['assetid']}", lists)]
    return Frame(asset, label, declaration, tabs, lists, trouble, reason)


def _tabs(address: str, lists: Sequence[Listed]) -> Iterator[Tab]:
    yield Tab(address, N_("Now"))
    for each in [each for each in lists if each.has_tab][:MOST_TABS]:
        yield Tab(f"{address}/lists/{each.name}", each.title, istext=False, count=len(each.items))
    yield Tab(f"{address}/related", N_("Relationships"))
    yield Tab(f"{address}/past", N_("History"))
    yield Tab(f"{address}/raw", N_("JSON"))


def _trouble(plugin: Plugin | None, last: JsonObject | None) -> tuple[str, str]:
    """Return why a declaration is not used; a type that no plugin ever served is one of people."""
    if plugin is not None and plugin.state != "active":
        return plugin.state, plugin.reason
    return ("missing", "") if last is not None else ("", "")
