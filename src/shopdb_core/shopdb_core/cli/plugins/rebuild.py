"""`shopdb plugin rebuild`: a plugin's own tables, written anew from the fields of its assets."""

import sys
from collections import Counter

import click

from shopdb_core.cli.common import json_option, site_settings
from shopdb_core.cli.output import counted, echo, echo_json
from shopdb_core.site import Site
from shopdb_core.submissions.rebuild import Rebuilt, count_assets, rebuild

MOST_FAILURES = 100


@click.command("rebuild")
@click.argument("name")
@click.option("--dry-run", "dryrun", is_flag=True, help="Count the rows that would change; write nothing.")
@json_option
def rebuild_command(name: str, *, dryrun: bool, as_json: bool) -> None:
    """Write a plugin's own tables anew from the fields of its assets.

    Run it after an upgrade that added a table or a column, or after an edit by hand. Exits with 1 if the
    plugin failed for an asset. The site may be in use meanwhile.
    """
    groups: list[Rebuilt] = []
    with Site.open(site_settings(), record_served=False) as site:
        collector = site.plugins.collector(name)
        with click.progressbar(
            length=count_assets(site.store, collector),
            label="Comparing" if dryrun else "Rebuilding",
            file=sys.stderr,
            hidden=as_json or not sys.stderr.isatty(),
        ) as bar:
            for group in rebuild(site.store, collector, dryrun=dryrun):
                groups.append(group)
                bar.update(group.assets)
    _echo_rebuilt(groups, dryrun=dryrun, as_json=as_json)


def _echo_rebuilt(groups: list[Rebuilt], *, dryrun: bool, as_json: bool) -> None:
    assets = sum(group.assets for group in groups)
    failures = [failure for group in groups for failure in group.failures]
    missing: Counter[str] = sum((Counter(group.missing) for group in groups), Counter())
    wrong: Counter[str] = sum((Counter(group.wrong) for group in groups), Counter())
    if as_json:
        shown = [{"assetid": assetid, "message": message} for assetid, message in failures[:MOST_FAILURES]]
        differing = {"missing": dict(missing), "wrong": dict(wrong)} if dryrun else {}
        echo_json({"assets": assets, "failures": len(failures), **differing, "shown": shown})
    else:
        for assetid, message in failures[:MOST_FAILURES]:
            echo(f"asset {assetid}: {message}")
        for table in sorted({*missing, *wrong}):
            echo(f"{table}: {missing[table]} rows are missing, {wrong[table]} are wrong")
        done = f"{'compared' if dryrun else 'rebuilt'} {counted(assets, 'asset')}"
        echo(f"{done}, {counted(len(failures), 'failure')}")
    if failures:
        echo(f"shopdb: the plugin failed for {len(failures)} assets; their rows were kept.", err=True)
        sys.exit(1)
