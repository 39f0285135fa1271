"""`shopdb changes`: the feed of changes, once or for as long as somebody looks."""

from collections.abc import Iterator
from contextlib import suppress
from typing import get_args

import click
import orjson

from shopdb_core.audit.prune import Kind
from shopdb_core.cli.common import json_option, limit_option, site_store
from shopdb_core.cli.output import echo, echo_changes, echo_json_line, short_time
from shopdb_core.feed.reading import Selection
from shopdb_core.feed.waiting import Feed
from shopdb_hookspecs import JsonObject

FOLLOW_SECONDS = 30.0


@click.command("changes")
@click.option("--after", metavar="CURSOR", help="Show what follows this cursor, or `newest`; default: all.")
@click.option("--plugin", help="Only those of this plugin.")
@click.option("--type", "assettype", help="Only those of assets of this type.")
@click.option("--kind", type=click.Choice(get_args(Kind)), help="Only changes, or only noops.")
@click.option("--follow", is_flag=True, help="Go on, and show what is committed from now on, until Ctrl-C.")
@limit_option
@json_option
def changes(
    after: str | None,
    *,
    plugin: str | None,
    assettype: str | None,
    kind: Kind | None,
    follow: bool,
    limit: int,
    as_json: bool,
) -> None:
    """Show the audit entries of all assets in the order of their commits, each exactly once.

    With --json one object a line, whose `next` is the cursor after it.
    """
    selection = Selection(
        plugins=(plugin,) if plugin else (), assettypes=(assettype,) if assettype else (), kind=kind
    )
    # Ctrl-C is how `--follow` ends.
    with site_store() as store, suppress(KeyboardInterrupt):
        for entry in _entries(Feed(store), after, selection, limit, follow=follow):
            echo_json_line(entry) if as_json else _echo_entry(entry)


def _entries(
    feed: Feed, after: str | None, selection: Selection, limit: int, *, follow: bool
) -> Iterator[JsonObject]:
    """Yield up to `limit` entries, or all without an end, each with the cursor after it."""
    found = 0
    while True:
        page = feed.read(after, selection, limit - found, wait=FOLLOW_SECONDS if follow else 0)
        for item in page.items:
            yield {**item, "next": str(page.after(item))}
        found += 0 if follow else len(page.items)
        if found == limit or (not follow and str(page.next) == after):
            return
        after = str(page.next)


def _echo_entry(entry: JsonObject) -> None:
    what = f"{entry['assettype']}/{entry['identityvalue']}"
    echo(f"{entry['position']}  {short_time(entry['at'])}  {entry['action']}  {what}  {entry['actor']}")
    # The text of a Fragment can only be had by writing it.
    echo_changes(orjson.loads(orjson.dumps(entry["diff"])))
