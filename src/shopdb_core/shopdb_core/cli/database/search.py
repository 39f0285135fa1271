"""`shopdb search`: the index of words is compared with the assets, and repaired."""

import sys
from collections.abc import Iterator

import click

from shopdb_core.cli.common import json_option, site_store
from shopdb_core.cli.output import counted, echo, echo_json
from shopdb_core.search.checking import BlockDifference, check_index, count_blocks
from shopdb_core.search.marking import count_marked, index_marked
from shopdb_core.store import Store


@click.group("search")
def search() -> None:
    """Check and repair the index of searches."""


@search.command("rebuild")
@click.option("--dry-run", "dryrun", is_flag=True, help="Count what differs; write nothing.")
@json_option
def rebuild(*, dryrun: bool, as_json: bool) -> None:
    """Compare the index of words with every asset, and correct what differs.

    Run it after an edit of the database by hand. Exits with 1 if --dry-run finds a difference. The site may
    be in use meanwhile.
    """
    with site_store() as store:
        if not dryrun:
            index_with_progress(store, hidden=as_json)
        found = [*_with_progress(store, dryrun=dryrun, hidden=as_json)]
    assets = sum(each.assets for each in found)
    missing, wrong = sum(len(each.missing) for each in found), sum(len(each.wrong) for each in found)
    if as_json:
        echo_json({"assets": assets, "missing": missing, "wrong": wrong})
    else:
        echo(f"{'compared' if dryrun else 'rebuilt'} {counted(assets, 'asset')}")
        echo(f"{counted(missing, 'word')} missing, {wrong} wrong")
    if dryrun and (missing or wrong):
        sys.exit(1)


def _with_progress(store: Store, *, dryrun: bool, hidden: bool) -> Iterator[BlockDifference]:
    with click.progressbar(
        check_index(store, repair=not dryrun),
        length=store.read(count_blocks),
        label="Comparing" if dryrun else "Rebuilding",
        file=sys.stderr,
        hidden=hidden or not sys.stderr.isatty(),
    ) as bar:
        yield from bar


def index_with_progress(store: Store, *, hidden: bool) -> None:
    """Index the words of the assets that changed since they were indexed."""
    with click.progressbar(
        length=store.read(count_marked),
        label="Indexing",
        file=sys.stderr,
        hidden=hidden or not sys.stderr.isatty(),
    ) as bar:
        for number in index_marked(store, lambda: None):
            bar.update(number)
