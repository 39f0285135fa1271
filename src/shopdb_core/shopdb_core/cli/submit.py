"""Sending files with one submission each, and what is said of each.

A file with one submission a line, cut into requests that the server takes.

Sending files with one submission a line, in few requests, and what is said of their lines.

`shopdb submit`: files with submissions, sent to a running server.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from itertools import chain, groupby
from pathlib import Path
from typing import BinaryIO

import click
import httpx
import orjson

from shopdb_core.cli.common import counted, echo_json, json_option, site_environment
from shopdb_core.errors import ConfigurationError
from shopdb_core.intake.http_body import NDJSON
from shopdb_core.intake.ndjson import MOST_BYTES, MOST_LINES
from shopdb_core.settings import read_client_settings
from shopdb_hookspecs import JsonObject

MANY_FILES = 10


@dataclass(frozen=True, slots=True)
class Sent:
    """What the server said of one file; `problem` is empty where it took it."""

    file: str
    answer: JsonObject
    problem: str = ""


def send_singly(http: httpx.Client, address: str, files: Sequence[Path], *, as_json: bool) -> None:
    """Send each file and say what became of it; exits with 1 if any failed."""
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
    return Sent(str(file), answer, "" if response.is_success else _problem(answer, response.status_code))


def _problem(answer: JsonObject, status: int) -> str:
    """Return what the server says; its sentence tells the first fault only."""
    others = len(answer.get("errors", ())) - 1
    more = f" (and {others} more: `shopdb validate` tells them all)" if others > 0 else ""
    return f"{answer.get('detail', status)}{more}"


def _report(results: Sequence[Sent], *, as_json: bool) -> None:
    if as_json:
        echo_json([{"file": sent.file, "answer": sent.answer, "problem": sent.problem} for sent in results])
    else:
        _print(results)
    failed = [sent for sent in results if sent.problem]
    if failed:
        click.echo(f"shopdb: {counted(len(failed), len(results), 'files')}", err=True)
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


_BLOCK_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Part:
    """What goes into one request: the blocks of bytes, and the number of lines before it in the file."""

    before: int
    blocks: Iterator[bytes]


def opened(file: Path) -> AbstractContextManager[BinaryIO]:
    """Open a file, or standard input for `-`; raises `OSError`."""
    return nullcontext(sys.stdin.buffer) if str(file) == "-" else file.open("rb")


def parts(lines: Iterable[bytes]) -> Iterator[Part]:
    """Yield part after part, each read while it is sent; use up one before the next."""
    for _, numbered in groupby(enumerate(lines), _Numbering()):
        yield _part(numbered)


def _part(numbered: Iterator[tuple[int, bytes]]) -> Part:
    before, first = next(numbered)
    return Part(before, _blocks(chain([first], (line for _, line in numbered))))


def _blocks(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Join lines, which would be sent as a packet each."""
    block = bytearray()
    for line in lines:
        block += line
        if len(block) >= _BLOCK_BYTES:
            yield bytes(block)
            block.clear()
    if block:
        yield bytes(block)


class _Numbering:
    """Tells into which part each line goes; asked once for each, in order."""

    def __init__(self) -> None:
        self._part = self._lines = self._bytes = 0

    def __call__(self, numbered: tuple[int, bytes]) -> int:
        size = len(numbered[1])
        if self._lines == MOST_LINES or self._bytes + size > MOST_BYTES:
            self._part += 1
            self._lines = self._bytes = 0
        self._lines += 1
        self._bytes += size
        return self._part


SHOWN = ("created", "updated", "noop", "failed")


class Refused(Exception):
    """The server took none of a request's lines."""


@dataclass
class Report:
    """What became of one file's lines, told while the answers come in; `last` is the line they came up to."""

    file: str
    as_json: bool
    counts: Counter[str] = field(default_factory=Counter)
    last: int = 0
    stopped: bool = False

    def take(self, answer: JsonObject) -> None:
        """Count the answer to one line; print it for scripts, or if it tells of a failure."""
        self.last = answer["line"]
        self.counts[answer.get("action", "failed")] += 1
        if self.as_json:
            click.echo(orjson.dumps({"file": self.file, **answer}).decode())
        elif "action" not in answer:
            click.echo(f"{self.file}: line {self.last}: {answer['detail']}", err=True)

    def stop(self, problem: str) -> None:
        """Say why the rest of the file was not sent."""
        self.stopped = True
        click.echo(f"{self.file}: {problem}", err=True)

    def conclude(self) -> None:
        """Print the file's figures."""
        if not self.as_json:
            click.echo(f"{self.file}: {', '.join(f'{self.counts[what]} {what}' for what in SHOWN)}")


def send_batches(http: httpx.Client, address: str, files: Sequence[Path], *, as_json: bool) -> None:
    """Send the lines of each file and say what became of them; exits with 1 if any failed."""
    reports = [Report(str(file), as_json) for file in files]
    for file, report in zip(files, reports, strict=True):
        _send_file(http, address, file, report)
        report.conclude()
    failed = sum(report.counts["failed"] for report in reports)
    if failed or any(report.stopped for report in reports):
        total = sum(report.counts.total() for report in reports)
        click.echo(f"shopdb: {counted(failed, total, 'submissions')}", err=True)
        sys.exit(1)


def _send_file(http: httpx.Client, address: str, file: Path, report: Report) -> None:
    try:
        with opened(file) as lines:
            for part in parts(lines):
                _send_part(http, address, part, report)
    except Refused as refusal:
        report.stop(str(refusal))
    except OSError as error:
        report.stop(f"cannot be read: {error.strerror}")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        report.stop(_broken(report, error))
    except ValueError:
        report.stop("the server's answer is not ShopDB's; check --url")


def _send_part(http: httpx.Client, address: str, part: Part, report: Report) -> None:
    with http.stream("POST", address, content=part.blocks, headers={"Content-Type": NDJSON}) as response:
        if not response.is_success:
            response.read()
            raise Refused(str(response.json().get("detail", response.status_code)))
        for line in _lines(response.iter_bytes()):
            answer = orjson.loads(line)
            report.take({**answer, "line": part.before + answer["line"]})


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield whole lines; httpx's own would also split at what Unicode takes for the end of a line."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole


def _broken(report: Report, error: Exception) -> str:
    if not report.last:
        return f"could not be sent: {error}"
    return (
        f"the connection broke after the answers up to line {report.last} ({error}); run the same command "
        "again: what is stored already becomes a noop"
    )


TIMEOUT_SECONDS = 30.0


@click.command("submit")
@click.argument("plugin")
@click.argument("files", nargs=-1, required=True, type=click.Path(allow_dash=True, path_type=Path))
@click.option("--url", help="The server; default: this site's own SHOPDB_LISTEN.")
@click.option("--key", envvar="SHOPDB_KEY", help="The collector key; default: this site's own.")
@click.option("--batch", is_flag=True, help="FILES hold a submission a line (NDJSON).")
@click.option("--dry-run", is_flag=True, help="Ask what would happen; nothing is stored.")
@json_option
def submit(
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
