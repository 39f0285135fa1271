"""`shopdb asset`: list and show the assets of this site, and their history."""

from collections.abc import Sequence

import click
import orjson

from shopdb_core.assets.listing import find_assetid, get_asset, list_assets, require_asset
from shopdb_core.audit.listing import list_history
from shopdb_core.cli.common import json_option, site_store
from shopdb_core.cli.output import echo, echo_json, echo_table, short_time
from shopdb_core.errors import NotFound
from shopdb_core.store import Connection
from shopdb_core.store.tables import LARGEST_ID
from shopdb_hookspecs import Json

COLUMNS = ("assetid", "assettype", "identityvalue", "version", "lastseenat")
LONGEST_CHANGE = 300

_limit_option = click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True)
_after_option = click.option(
    "--after", type=click.IntRange(0, LARGEST_ID), default=0, help="Show what follows this id."
)


@click.group("asset")
def asset() -> None:
    """Show the assets of this site and their history."""


@asset.command("list")
@click.option("--type", "assettype", help="Only assets of this type, such as computers.")
@click.option("--identity", help="Only assets whose identity begins with this.")
@_limit_option
@_after_option
@json_option
def list_command(
    assettype: str | None, identity: str | None, limit: int, after: int, *, as_json: bool
) -> None:
    """List assets."""
    with site_store() as store:
        found = store.read(
            lambda connection: list_assets(
                connection, assettype=assettype, identityprefix=identity, after=after, limit=limit
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
        echo_json(store.read(lambda connection: get_asset(connection, _assetid(connection, asset))))


@asset.command("history")
@click.argument("asset", metavar="ASSETID|TYPE/IDENTITY")
@_limit_option
@_after_option
@json_option
def history(asset: str, limit: int, after: int, *, as_json: bool) -> None:
    """Show the audit entries of one asset and of those merged into it, the oldest first."""
    with site_store() as store:
        entries = store.read(
            lambda connection: list_history(connection, _assetid(connection, asset), after=after, limit=limit)
        )
    if as_json:
        echo_json(entries)
        return
    for entry in entries:
        echo(f"{entry['auditid']}  {short_time(entry['at'])}  {entry['action']}  {entry['actor']}", bold=True)
        for field, change in entry["diff"].items():
            echo(f"    {_shortened(f'{field}: {_change(change)}')}")


def _assetid(connection: Connection, asset: str) -> int:
    assettype, slash, identity = asset.partition("/")
    if slash:
        return find_assetid(connection, assettype, identity)
    if not (asset.isascii() and asset.isdigit() and len(asset) < len(str(LARGEST_ID))):
        raise NotFound(f"{asset[:80]!r} is neither an asset id nor TYPE/IDENTITY, such as computers/PC-1234.")
    require_asset(connection, int(asset))
    return int(asset)


def _change(change: Json) -> str:
    """Return one field's change for people: old and new value, or how many objects came and went."""
    if not isinstance(change, dict):
        return _value(change)
    if "added" in change:
        return _figures(change["added"], change["removed"])
    if "before" not in change or "after" not in change:
        return _value(change)
    before, after = change["before"], change["after"]
    if _is_list_of_objects(before or after) and (before is None or after is None):
        return _figures(after or [], before or [])
    return f"{_value(before)} → {_value(after)}"


def _is_list_of_objects(value: Json) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _figures(added: Sequence[Json], removed: Sequence[Json]) -> str:
    figures = [f"+{len(added)}" if added else "", f"−{len(removed)}" if removed else ""]  # noqa: RUF001  # a minus sign
    return " ".join(filter(None, figures))


def _value(value: Json) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_CHANGE else f"{text[:LONGEST_CHANGE]}… (--json shows all)"
