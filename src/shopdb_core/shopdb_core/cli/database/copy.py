"""`shopdb copy`: copy the site into another, empty database."""

import sys
import time

import click

from shopdb_core.cli.common import actor_option, json_option, read_time, site_settings
from shopdb_core.cli.output import counted, echo, echo_error, echo_json
from shopdb_core.copying.copy import Copied, SiteCopy
from shopdb_core.site import Site, migration_scripts

MOST_FAILURES = 100


@click.command("copy")
@click.option("--to", "url", metavar="URL", required=True, help="The empty database, as SHOPDB_DATABASE_URL.")
@click.option("--at", metavar="TIME", help="As the site was then, such as 2026-11-22T10:13:13Z.")
@actor_option
@json_option
def copy(url: str, at: str | None, actor: str, *, as_json: bool) -> None:
    """Copy the site into an empty database of any kind, whole or as it was at a time.

    The site may be in use meanwhile. A copy that was cut off is refused by every other command; run the same
    one again, and it begins anew. Exits with 1 if a plugin could not write its rows of an asset.
    """
    settings = site_settings()
    moment = None if at is None else read_time("--at", at, settings.timezone)
    started = time.monotonic()
    with Site.open(settings, record_served=False) as site:
        scripts = migration_scripts(site.plugins)
        source = SiteCopy(settings, site.store, site.plugins, scripts, site.chain)
        with click.progressbar(
            length=source.count(moment),
            label="Copying",
            file=sys.stderr,
            hidden=as_json or not sys.stderr.isatty(),
        ) as bar:
            copied = source.run(url, moment, actor, bar.update)
    _echo_copied(copied, time.monotonic() - started, at, as_json=as_json)


def _echo_copied(copied: Copied, seconds: float, at: str | None, *, as_json: bool) -> None:
    failures = copied.failures[:MOST_FAILURES]
    if as_json:
        shown = [{"assetid": assetid, "message": message} for assetid, message in failures]
        echo_json(
            {
                "at": at,
                "rows": dict(copied.rows),
                "rebuilt": dict(copied.rebuilt),
                "unknown": copied.unknown,
                "seconds": round(seconds, 1),
                "failures": len(copied.failures),
                "shown": shown,
            }
        )
    else:
        for assetid, message in failures:
            echo(f"asset {assetid}: {message}")
        if copied.unknown:
            of_assets = counted(copied.unknown, "asset")
            echo(f"volatile fields of {of_assets} are not known as of then, and were left out")
        assets, entries = copied.rows["asset"], copied.rows["auditentry"]
        what = f"{counted(assets, 'asset')}, {counted(entries, 'entry', 'entries')}"
        echo(f"copied {what}, {counted(sum(copied.rows.values()), 'row')} in all, in {seconds:.1f} s")
    if copied.failures:
        of_assets = counted(len(copied.failures), "asset")
        echo_error(f"a plugin failed for {of_assets}: their rows are missing in its tables.")
        sys.exit(1)
