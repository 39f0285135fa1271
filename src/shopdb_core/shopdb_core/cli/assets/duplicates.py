"""`shopdb duplicates`: the findings about assets that may be one device."""

from typing import get_args

import click

from shopdb_core.assets.duplicates.findings import Kind, ignore_duplicate, list_duplicates
from shopdb_core.cli.common import actor_option, after_option, json_option, limit_option, site_store
from shopdb_core.cli.output import echo, echo_json, echo_table
from shopdb_core.store.tables import LARGEST_ID

COLUMNS = (
    "duplicateid",
    "kind",
    "field",
    "value",
    "assetid",
    "identityvalue",
    "otherassetid",
    "otheridentityvalue",
)


@click.group("duplicates")
def duplicates() -> None:
    """Show which assets may be one device, and ignore findings."""


@duplicates.command("list")
@click.option("--kind", type=click.Choice(get_args(Kind)), help="Only findings of this kind.")
@limit_option
@after_option
@json_option
def list_command(kind: Kind | None, limit: int, after: int, *, as_json: bool) -> None:
    """List the findings that nobody ignored."""
    with site_store() as store:
        found = store.read(
            lambda connection: list_duplicates(connection, kind=kind, after=after, limit=limit)
        )
    if as_json:
        echo_json(found)
    else:
        echo_table(found, COLUMNS, "findings")


@duplicates.command("ignore")
@click.argument("duplicateid", type=click.IntRange(1, LARGEST_ID))
@actor_option
@json_option
def ignore_command(duplicateid: int, actor: str, *, as_json: bool) -> None:
    """Mark a finding as one that needs no action: it is no longer listed, and makes no more warnings."""
    with site_store() as store:
        ignored = store.transaction(lambda connection: ignore_duplicate(connection, duplicateid, actor))
    if as_json:
        echo_json(ignored)
    else:
        echo(f"finding {duplicateid} is ignored")
