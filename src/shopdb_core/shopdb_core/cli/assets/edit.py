"""`shopdb asset edit` and the other commands by which an operator edits an asset of this site."""

import secrets
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypeVar

import click
import orjson

from shopdb_core.cli.common import (
    FILE,
    actor_option,
    find_asset,
    json_option,
    open_input,
    shown_name,
    site_settings,
)
from shopdb_core.cli.output import echo, echo_changes, echo_json
from shopdb_core.edits.changing import Change, Changes
from shopdb_core.edits.edit import Editor
from shopdb_core.edits.retiring import Restore, Retire
from shopdb_core.edits.reverting import Revert
from shopdb_core.errors import InvalidParameter
from shopdb_core.intake.decoding import read_document
from shopdb_core.intake.http_body import json_body
from shopdb_core.site import Site
from shopdb_core.store import Connection
from shopdb_core.store.tables import LARGEST_ID, REASON_LENGTH
from shopdb_core.submissions import Origin
from shopdb_hookspecs import Json, JsonObject

F = TypeVar("F", bound=Callable[..., Any])

MakeEdit: TypeAlias = Callable[[int, Editor], Callable[[Connection], JsonObject]]
"""Returns the transaction that edits the asset with this id."""


def edit_options(command: F) -> F:
    """Give a command the asset, and the options that every edit has."""
    return click.argument("asset", metavar="ASSETID|TYPE/IDENTITY")(common_options(command))


def common_options(command: F) -> F:
    """Give a command the options that every edit has."""
    options = (
        click.option("--dry-run", "dryrun", is_flag=True, help="Show what would change; write nothing."),
        actor_option,
        json_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


def answer_of(edit: Callable[[Connection, Editor], JsonObject], *, dryrun: bool, actor: str) -> JsonObject:
    """Return what an edit of this site returns, which is rolled back in a dry run."""
    origin = Origin(actor, f"cli-{secrets.token_hex(6)}")
    with Site.open(site_settings(), record_served=False) as site:
        editor = site.editor(origin)
        return (site.store.dry_run if dryrun else site.store.transaction)(
            lambda connection: edit(connection, editor)
        )


def run_edit(asset: str, make: MakeEdit, *, dryrun: bool, actor: str, as_json: bool) -> None:
    """Edit one asset of this site, and print it or what changed."""

    def edit(connection: Connection, editor: Editor) -> JsonObject:
        return make(find_asset(connection, asset), editor)(connection)

    answer = answer_of(edit, dryrun=dryrun, actor=actor)
    if as_json:
        echo_json(answer)
        return
    state = "" if answer["state"] == "active" else f", {answer['state']}"
    done = "would have" if dryrun else "has"
    echo(f"asset {answer['assetid']} ({answer['identityvalue']}) {done} version {answer['version']}{state}")
    echo_changes(answer["diff"])
    for warning in answer["warnings"]:
        echo(f"    {warning}")


@click.command("edit")
@click.option("--set", "values", multiple=True, metavar="FIELD=TEXT|FIELD:=JSON", help="Set an attribute.")
@click.option("--unset", "removed", multiple=True, metavar="FIELD", help="Remove an attribute.")
@click.option("--site", "ofsite", multiple=True, metavar="FIELD=TEXT|FIELD:=JSON", help="Set a site field.")
@click.option("--unset-site", "unsetsite", multiple=True, metavar="FIELD", help="Remove a site field.")
@click.option("--file", "file", type=FILE, help="A merge patch, as PATCH /api/assets/ID takes it, or `-`.")
@edit_options
def edit_command(
    asset: str,
    *,
    values: Sequence[str],
    removed: Sequence[str],
    ofsite: Sequence[str],
    unsetsite: Sequence[str],
    file: str | None,
    **options: Any,
) -> None:
    """Change the attributes and the site fields of an asset.

    FIELD=TEXT sets a text, FIELD:=JSON any other value, such as pages:=42.
    """
    content = {} if file is None else _read(file)
    for member, given, gone in (("attributes", values, removed), ("sitefields", ofsite, unsetsite)):
        if given or gone:
            patch = {**dict(map(_value, given)), **dict.fromkeys(gone)}
            content[member] = {**(content.get(member) or {}), **patch}
    changes = Changes.read(content)
    run_edit(asset, lambda assetid, editor: Change(assetid, None, changes, editor), **options)


@click.command("rename")
@edit_options
@click.argument("identity", metavar="NEW")
def rename_command(asset: str, identity: str, **options: Any) -> None:
    """Give an asset another identity, by which submissions find it from then on."""
    changes = Changes.read({"identityvalue": identity})
    run_edit(asset, lambda assetid, editor: Change(assetid, None, changes, editor), **options)


@click.command("retire")
@click.option("--reason", required=True, help="Why, for everyone who looks for it.")
@edit_options
def retire_command(asset: str, reason: str, **options: Any) -> None:
    """Take an asset out of lists, searches and reports; its fields and history stay."""
    if not 0 < len(reason.strip()) <= REASON_LENGTH:
        raise InvalidParameter(f"--reason must have 1 to {REASON_LENGTH} characters.")
    run_edit(asset, lambda assetid, editor: Retire(assetid, reason.strip(), editor), **options)


@click.command("restore")
@edit_options
def restore_command(asset: str, **options: Any) -> None:
    """Make a retired asset active again."""
    run_edit(asset, Restore, **options)


@click.command("revert")
@edit_options
@click.argument("auditid", type=click.IntRange(1, LARGEST_ID))
def revert_command(asset: str, auditid: int, **options: Any) -> None:
    """Give an asset the attributes that it had as of the audit entry AUDITID (`shopdb asset history`)."""
    run_edit(asset, lambda assetid, editor: Revert(assetid, None, auditid, editor), **options)


EDITS = (edit_command, rename_command, retire_command, restore_command, revert_command)


def _read(file: str) -> dict[str, Json]:
    try:
        with open_input(file) as stream:
            content = stream.read()
    except OSError as error:
        raise InvalidParameter(f"{shown_name(file)} cannot be read: {error.strerror}.") from error
    return read_document(json_body(content, site_settings().max_body_bytes)).content


def _value(text: str) -> tuple[str, Json]:
    """Return the field and the value of FIELD=TEXT or FIELD:=JSON."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip(":"):
        raise InvalidParameter(f"{text[:40]!r} is not FIELD=TEXT or FIELD:=JSON, such as location=Hall 3.")
    if not name.endswith(":"):
        return name, value
    try:
        return name[:-1], orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise InvalidParameter(f"{text[:40]!r} has no JSON after `:=`; use `=` for a text.") from error
