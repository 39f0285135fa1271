"""The interface of ShopDB plugins: the hook markers, the hooks, and the records that they exchange.

A plugin is a module or an object with functions marked `@hookimpl`, named in one entry point of
the group `shopdb`; the entry point's name is the plugin's name.
"""

from shopdb_hookspecs.markers import PROJECT, hookimpl, hookspec
from shopdb_hookspecs.records import AssetChange, AssetWrite, Json, JsonObject, Panel, Parameter, Report

__all__ = [
    "PROJECT",
    "AssetChange",
    "AssetWrite",
    "Json",
    "JsonObject",
    "Panel",
    "Parameter",
    "Report",
    "hookimpl",
    "hookspec",
]
