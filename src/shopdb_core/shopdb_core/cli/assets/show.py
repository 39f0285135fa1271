"""`shopdb asset`: list and show the assets of this site, and their history.

`edit` and `merge` have the edits.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, cast

import click

from shopdb_core.assets.listed_ids import STATES
from shopdb_core.assets.listing import as_values, get_asset
from shopdb_core.audit.as_of import changes_between, show_as_of
from shopdb_core.audit.browsing.listing import list_history
from shopdb_core.cli.assets.edit import EDITS
from shopdb_core.cli.assets.merge import MERGES
from shopdb_core.cli.common import (
    after_option,
    find_asset,
    json_option,
    limit_option,
    read_time,
    site_settings,
    site_store,
)
from shopdb_core.cli.output import echo, echo_changes, echo_json, echo_table, short_time
from shopdb_core.plugins.registry import load_plugins
from shopdb_core.search.columns import Columns, cell
from shopdb_core.search.query import Filters
from shopdb_core.site import Site
from shopdb_hookspecs import JsonObject

COLUMNS = ("assetid", "assettype", "identityvalue", "version", "lastseenat")


@click.group("asset")
def asset() -> None:
    """Show the assets of this site and their history, and edit them."""


for command in (*EDITS, *MERGES):
    asset.add_command(command)


@asset.command("list")
@click.option("--search", "query", default="", help="Only assets that match this query (docs/search.md).")
@click.option("--type", "assettype", help="Only assets of this type, such as computers.")
@click.option("--identity", "identityvalue", help="Only assets whose identity begins with this.")
@click.option(
    "--state",
    type=click.Choice(STATES),
    default="active",
    show_default=True,
    help="Only assets in this state.",
)
@click.option("--fields", help="Show these fields, separated by commas, such as identityvalue,osname.")
@limit_option
@after_option
@json_option
def list_command(
    query: str, fields: str | None, *, limit: int, after: int, as_json: bool, **filters: Any
) -> None:
    """List assets, or search for them.

    A search that looks at many assets goes on after its time until it has found all that it may show.
    """
    with Site.open(site_settings(), record_served=False) as site:
        columns = None if fields is None else Columns.read(fields, site.search.fields)
        show = columns.shown if columns else as_values
        conditions = site.search.conditions(query)
        found: list[JsonObject] = []
        following: int | None = after
        while following is not None and len(found) < limit:
            page = site.store.read(
                partial(
                    site.search.page,
                    conditions=conditions,
                    filters=cast(Filters, filters),
                    after=following,
                    limit=limit - len(found),
                    show=show,
                )
            )
            found, following = [*found, *page.items], page.next
    if as_json:
        echo_json(found)
    else:
        echo_table([*map(_cells, found)], columns.names if columns else COLUMNS, "assets")


def _cells(item: JsonObject) -> JsonObject:
    return {name: cell(value) for name, value in item.items()}


@asset.command("show")
@click.argument("asset", metavar="ASSETID|TYPE/IDENTITY")
@click.option("--at", metavar="TIME", help="As of this time, such as 2026-11-22T10:13:13Z.")
@json_option
def show(asset: str, at: str | None, *, as_json: bool) -> None:  # noqa: ARG001  # every command that reads takes the option
    """Show one asset as JSON, with and without --json.

    It is named by its id, or by its present type and identity.
    """
    if at is not None:
        echo_json(_read_past(asset, show_as_of, ("--at", at)))
        return
    with site_store() as store:
        echo_json(store.read(lambda connection: get_asset(connection, find_asset(connection, asset))))


@asset.command("diff")
@click.argument("asset", metavar="ASSETID|TYPE/IDENTITY")
@click.option("--from", "first", metavar="TIME", required=True, help="The earlier time.")
@click.option("--to", "last", metavar="TIME", required=True, help="The later time.")
@json_option
def diff(asset: str, first: str, last: str, *, as_json: bool) -> None:
    """Show what changed of one asset between two times."""
    found = _read_past(asset, changes_between, ("--from", first), ("--to", last))
    if as_json:
        echo_json(found)
        return
    if not found["diff"]:
        echo("no changes")
    echo_changes(found["diff"])
    if found["unknown"]:
        echo(f"not known, since pruned: {', '.join(found['unknown'])}")


def _read_past(asset: str, read: Callable[..., JsonObject], *times: tuple[str, str]) -> JsonObject:
    """Return what a function reads of an asset as of some times, given as options and their texts."""
    settings = site_settings()
    moments = [read_time(option, text, settings.timezone) for option, text in times]
    collectors = load_plugins(settings.plugin_selection).collectors()
    with site_store() as store:
        return store.read(
            lambda connection: read(connection, find_asset(connection, asset), *moments, collectors)
        )


@asset.command("history")
@click.argument("asset", metavar="ASSETID|TYPE/IDENTITY")
@limit_option
@after_option
@json_option
def history(asset: str, limit: int, after: int, *, as_json: bool) -> None:
    """Show the audit entries of one asset and of those merged into it, the oldest first."""
    with site_store() as store:
        entries = store.read(
            lambda connection: list_history(
                connection, find_asset(connection, asset), after=after, limit=limit
            )
        )
    if as_json:
        echo_json(entries)
        return
    for entry in entries:
        source = f" ({entry['source']})" if entry["source"] else ""
        who = f"{entry['actor']}{source}"
        echo(f"{entry['auditid']}  {short_time(entry['at'])}  {entry['action']}  {who}", bold=True)
        echo_changes(entry["diff"])
