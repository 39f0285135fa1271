"""`shopdb submit`: files with submissions, sent to a running server."""

from collections.abc import Sequence
from pathlib import Path

import click
import httpx

from shopdb_core.cli.batch import send_batches
from shopdb_core.cli.singly import send_singly
from shopdb_core.cli.site import json_option, site_environment
from shopdb_core.environment import read_client_settings
from shopdb_core.errors import ConfigurationError

TIMEOUT_SECONDS = 30.0


@click.command("submit")
@click.argument("plugin")
@click.argument("files", nargs=-1, required=True, type=click.Path(allow_dash=True, path_type=Path))
@click.option("--url", help="The server; default: this site's own SHOPDB_LISTEN.")
@click.option("--key", envvar="SHOPDB_KEY", help="The collector key; default: this site's own.")
@click.option("--batch", is_flag=True, help="FILES hold a submission a line (NDJSON).")
@click.option("--dry-run", is_flag=True, help="Ask what would happen; nothing is stored.")
@json_option
def command(
    plugin: str,
    files: Sequence[Path],
    url: str | None,
    key: str | None,
    *,
    batch: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Send FILES, one JSON submission each (- for standard input), to the collector of PLUGIN.

    Exits with 1 if any was refused or could not be sent; the others are stored.
    """
    client = read_client_settings(site_environment(), plugin)
    url, key = url or client.url, key or client.key
    if not key:
        raise ConfigurationError(f"There is no key for {plugin}: give --key, or set COLLECTOR_API_KEY.")
    collector = f"{url.rstrip('/')}/api/collector/{plugin}"
    address = f"{collector}{'/_batch' if batch else ''}{'?dryrun=true' if dry_run else ''}"
    send = send_batches if batch else send_singly
    with httpx.Client(headers={"X-API-Key": key}, timeout=TIMEOUT_SECONDS, trust_env=False) as http:
        send(http, address, files, as_json=as_json)
