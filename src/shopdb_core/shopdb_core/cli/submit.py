"""`shopdb submit`: files with submissions, sent to a running server."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import httpx

from shopdb_core.cli.site import echo_json, json_option, site_environment
from shopdb_core.environment import read_client_settings
from shopdb_core.errors import ConfigurationError
from shopdb_hookspecs import JsonObject

TIMEOUT_SECONDS = 30.0
MANY_FILES = 10


@dataclass(frozen=True, slots=True)
class Sent:
    """What the server said of one file; `problem` is empty where it took it."""

    file: str
    answer: JsonObject
    problem: str = ""


@click.command("submit")
@click.argument("plugin")
@click.argument("files", nargs=-1, required=True, type=click.Path(allow_dash=True, path_type=Path))
@click.option("--url", help="The server; default: this site's own SHOPDB_LISTEN.")
@click.option("--key", envvar="SHOPDB_KEY", help="The collector key; default: this site's own.")
@click.option("--dry-run", is_flag=True, help="Ask what would happen; nothing is stored.")
@json_option
def command(
    plugin: str, files: Sequence[Path], url: str | None, key: str | None, *, dry_run: bool, as_json: bool
) -> None:
    """Send FILES, one JSON submission each (- for standard input), to the collector of PLUGIN.

    Exits with 1 if any was refused or could not be sent; the others are stored.
    """
    client = read_client_settings(site_environment(), plugin)
    url, key = url or client.url, key or client.key
    if not key:
        raise ConfigurationError(f"There is no key for {plugin}: give --key, or set COLLECTOR_API_KEY.")
    address = f"{url.rstrip('/')}/api/collector/{plugin}{'?dryrun=true' if dry_run else ''}"
    with httpx.Client(headers={"X-API-Key": key}, timeout=TIMEOUT_SECONDS, trust_env=False) as http:
        results = [_send(http, address, file) for file in _with_progress(files)]
    _report(results, as_json=as_json)


def _with_progress(files: Sequence[Path]) -> Iterator[Path]:
    """Show a progress bar on stderr for many files, where a person is watching."""
    hidden = len(files) < MANY_FILES or not sys.stderr.isatty()
    with click.progressbar(files, label="Submitting", file=sys.stderr, hidden=hidden) as bar:
        yield from bar


def _send(http: httpx.Client, address: str, file: Path) -> Sent:
    try:
        content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        response = http.post(address, content=content, headers={"Content-Type": "application/json"})
        answer = response.json()
    except OSError as error:
        return Sent(str(file), {}, f"cannot be read: {error.strerror}")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Sent(str(file), {}, f"could not be sent: {error}")
    except ValueError:
        return Sent(str(file), {}, "the server's answer is not ShopDB's; check --url")
    return Sent(
        str(file), answer, "" if response.is_success else str(answer.get("detail", response.status_code))
    )


def _report(results: Sequence[Sent], *, as_json: bool) -> None:
    if as_json:
        echo_json([{"file": sent.file, "answer": sent.answer, "problem": sent.problem} for sent in results])
    else:
        _print(results)
    failed = [sent for sent in results if sent.problem]
    if failed:
        click.echo(f"shopdb: {len(failed)} of {len(results)} files failed; the others are stored.", err=True)
        sys.exit(1)


def _print(results: Sequence[Sent]) -> None:
    for sent in results:
        if sent.problem:
            click.echo(f"{sent.file}: {sent.problem}", err=True)
            continue
        # A dry run gives no id to what it would create.
        asset = f"asset {sent.answer['assetid']}" if sent.answer["assetid"] else "a new asset"
        click.echo(f"{sent.file}: {sent.answer['action']} {asset}")
        for warning in sent.answer["warnings"]:
            click.echo(f"    {warning}")
