"""`shopdb asset merge` and the other commands that merge, undo that, and erase."""

from typing import Any

import click

from shopdb_core.assets.merges import list_merges
from shopdb_core.cli.assets.edit import answer_of, common_options, edit_options, run_edit
from shopdb_core.cli.common import after_option, find_asset, json_option, limit_option, site_store
from shopdb_core.cli.output import counted, echo, echo_changes, echo_json, echo_table
from shopdb_core.edits.edit import Editor
from shopdb_core.edits.erasing import Erasing
from shopdb_core.edits.merges.merging import Merging
from shopdb_core.edits.merges.unmerging import Releasing, Unmerging
from shopdb_core.errors import InvalidParameter
from shopdb_core.store import Connection
from shopdb_core.store.tables import LARGEST_ID
from shopdb_hookspecs import JsonObject

COLUMNS = (
    "mergeid",
    "assetid",
    "identityvalue",
    "goneassetid",
    "goneidentityvalue",
    "at",
    "released",
    "undoneat",
)

_mergeid = click.argument("mergeid", type=click.IntRange(1, LARGEST_ID))


@click.command("merge")
@edit_options
@click.argument("gone", metavar="GONE")
def merge_command(asset: str, gone: str, **options: Any) -> None:
    """Merge the asset GONE into ASSET, which takes the fields and relationships that it lacks.

    Submissions under the identity of GONE update ASSET from then on.
    """

    def merge(assetid: int, editor: Editor) -> Any:
        return lambda connection: Merging(assetid, find_asset(connection, gone), editor)(connection)

    run_edit(asset, merge, **options)


@click.command("merges")
@click.option("--asset", metavar="ASSETID|TYPE/IDENTITY", help="Only those of this asset, kept or gone.")
@limit_option
@after_option
@json_option
def merges_command(asset: str | None, limit: int, after: int, *, as_json: bool) -> None:
    """List merges, the oldest first."""

    def read(connection: Connection) -> list[JsonObject]:
        assetid = None if asset is None else find_asset(connection, asset)
        return list_merges(connection, assetid=assetid, after=after, limit=limit)

    with site_store() as store:
        found = store.read(read)
    if as_json:
        echo_json(found)
    else:
        echo_table(found, COLUMNS, "merges")


@click.command("unmerge")
@_mergeid
@common_options
def unmerge_command(mergeid: int, *, dryrun: bool, actor: str, as_json: bool) -> None:
    """Undo a merge (`shopdb asset merges`): both assets get back what it changed."""
    answer = answer_of(
        lambda connection, editor: Unmerging(mergeid, editor)(connection), dryrun=dryrun, actor=actor
    )
    if as_json:
        echo_json(answer)
        return
    done = "would be" if dryrun else "is"
    echo(f"merge {mergeid} {done} undone: asset {answer['goneassetid']} is {answer['gone']['identityvalue']}")
    echo_changes(answer["diff"])
    for field in answer["kept"]:
        echo(f"    {field}: changed since the merge, and stays with asset {answer['assetid']}")
    for lost in answer["lost"]:
        echo(f"    {lost['relationshiptype']}: the relationship {lost['relationshipid']} is not restored")
    for warning in answer["warnings"]:
        echo(f"    {warning}")


@click.command("release")
@_mergeid
@common_options
def release_command(mergeid: int, *, dryrun: bool, actor: str, as_json: bool) -> None:
    """Free the identity of a merged asset, so that its next submission creates a new asset."""
    answer = answer_of(
        lambda connection, editor: Releasing(mergeid, editor)(connection), dryrun=dryrun, actor=actor
    )
    if as_json:
        echo_json(answer)
    else:
        done = "would be" if dryrun else "is"
        echo(f"the identity {answer['goneidentityvalue']} {done} free")


@click.command("erase")
@click.option("--yes", "confirmed", is_flag=True, help="Confirm that the data are to be deleted for good.")
@edit_options
def erase_command(asset: str, *, confirmed: bool, dryrun: bool, actor: str, as_json: bool) -> None:
    """Erase an asset and those that were merged into it: fields, relationships and history are deleted.

    A tombstone without data stays in the audit, so that it verifies. There is no way back but a backup.
    """
    if not (confirmed or dryrun):
        raise InvalidParameter("Erasing cannot be undone: add --yes, or --dry-run to see what would go.")
    answer = answer_of(
        lambda connection, editor: Erasing(find_asset(connection, asset), editor)(connection),
        dryrun=dryrun,
        actor=actor,
    )
    if as_json:
        echo_json(answer)
        return
    done = "would be" if dryrun else "are" if len(answer["erased"]) > 1 else "is"
    names = ", ".join(map(str, answer["erased"]))
    echo(
        f"asset {names} {done} erased, with {counted(answer['entries'], 'entry', 'entries')} and "
        f"{counted(answer['relationships'], 'relationship')}"
    )


MERGES = (merge_command, merges_command, unmerge_command, release_command, erase_command)
