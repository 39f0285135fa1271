"""`shopdb asset`: list and show the assets of this site, and their history.

`edit` and `merge` have the edits.
"""

import click

from shopdb_core.assets.listing import STATES, Shown, get_asset, list_assets
from shopdb_core.audit.listing import list_history
from shopdb_core.cli.assets.edit import EDITS
from shopdb_core.cli.assets.merge import MERGES
from shopdb_core.cli.common import after_option, find_asset, json_option, limit_option, site_store
from shopdb_core.cli.output import echo, echo_changes, echo_json, echo_table, short_time

COLUMNS = ("assetid", "assettype", "identityvalue", "version", "lastseenat")


@click.group("asset")
def asset() -> None:
    """Show the assets of this site and their history, and edit them."""


for command in (*EDITS, *MERGES):
    asset.add_command(command)


@asset.command("list")
@click.option("--type", "assettype", help="Only assets of this type, such as computers.")
@click.option("--identity", help="Only assets whose identity begins with this.")
@click.option(
    "--state",
    type=click.Choice(STATES),
    default="active",
    show_default=True,
    help="Only assets in this state.",
)
@limit_option
@after_option
@json_option
def list_command(
    assettype: str | None, identity: str | None, state: Shown, *, limit: int, after: int, as_json: bool
) -> None:
    """List assets."""
    with site_store() as store:
        found = store.read(
            lambda connection: list_assets(
                connection,
                assettype=assettype,
                identityprefix=identity,
                state=state,
                after=after,
                limit=limit,
            )
        )
    if as_json:
        echo_json(found)
    else:
        echo_table(found, COLUMNS, "assets")


@asset.command("show")
@click.argument("asset", metavar="ASSETID|TYPE/IDENTITY")
@json_option
def show(asset: str, *, as_json: bool) -> None:  # noqa: ARG001  # every command that reads takes the option
    """Show one asset as JSON, with and without --json."""
    with site_store() as store:
        echo_json(store.read(lambda connection: get_asset(connection, find_asset(connection, asset))))


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
