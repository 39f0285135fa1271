"""The hooks, one function each; a plugin implements those that it needs.

The first six are asked of one plugin at a time: the implementations of the other plugins are left
out, except wrappers (`@hookimpl(wrapper=True)`), so that a site's own plugin can adjust all others.
An implementation may leave out arguments that it has no use for.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from shopdb_hookspecs.markers import hookspec
from shopdb_hookspecs.records import AssetChange, JsonObject, Report

if TYPE_CHECKING:
    from sqlalchemy import Connection


@hookspec(firstresult=True)
def get_collector_schema() -> JsonObject | None:
    """Declare what this plugin collects; asked once, at start.

    Returns the collector declaration (an object with `identityfield` and `fields`), or `None`
    for a plugin without a collector.
    """


@hookspec(firstresult=True)
def get_example_submissions() -> Sequence[JsonObject]:
    """Give valid submissions, shown to pipeline authors under `_schemas`; asked once, at start."""
    return ()


@hookspec(firstresult=True)
def normalize_submission(submission: JsonObject, plugin: str) -> JsonObject:
    """Bring one submission into canonical form; asked for each, before validation.

    Pure and idempotent: a body that changed nothing may be taken again without asking. The submission
    is trimmed but not yet validated: a value of an unexpected type is passed through for validation to
    explain. `plugin` tells a wrapper whose submission it is.
    """
    return submission


@hookspec(firstresult=True)
def get_migrations() -> Path | str | None:
    """Name the directory that holds the plugin's Alembic versions; asked by `shopdb db`.

    Tables carry the plugin's name and an underscore as prefix. `None` means: no tables.
    """


@hookspec(firstresult=True)
def store_asset(
    connection: "Connection",
    assetid: int,
    before: JsonObject | None,
    after: JsonObject,
    plugin: str,
) -> None:
    """Write the plugin's own tables, in the submission's transaction.

    Called when an asset of this plugin was created (`before` is `None`) or updated, never for a
    noop. Neither commits nor rolls back: an exception refuses the whole submission.
    """


@hookspec(firstresult=True)
def get_reports() -> Sequence[Report]:
    """Offer named read-only queries, served as JSON and CSV; asked once, at start."""
    return ()


@hookspec
def asset_changed(change: AssetChange) -> None:
    """Observe a created or updated asset of any plugin, after its commit: notify, index, count.

    Called on every plugin, in the thread that answers the client, so a slow observer delays the
    answer. An exception is logged and harms nobody.
    """
