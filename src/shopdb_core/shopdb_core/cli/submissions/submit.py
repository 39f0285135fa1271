"""`shopdb submit`: send files with submissions to a running server, one request a file or in batches.

Without `--batch` each file is one submission, and its answer is printed. With `--batch` each file holds a
submission a line; the lines are sent in as few requests as the server's limits permit.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby
from operator import itemgetter
from tempfile import SpooledTemporaryFile
from typing import IO

import click
import orjson

from shopdb_core.cli.common import FILE, json_option, open_input, shown_name, site_environment
from shopdb_core.cli.output import counted, echo, echo_error, echo_json, echo_json_line
from shopdb_core.cli.submissions.sending import SEND_ERRORS, Sender, answer_of, not_shopdb, reason
from shopdb_core.errors import ConfigurationError
from shopdb_core.intake.http_body import NDJSON
from shopdb_core.intake.ndjson import MOST_BYTES, MOST_LINES
from shopdb_core.settings import read_client_settings
from shopdb_hookspecs import JsonObject

BLOCK_BYTES = 65_536
MOST_MEMORY_BYTES = 1024 * 1024
OUTCOMES = ("created", "updated", "noop", "failed")

PROGRESS_FILES = 10
"""From this number of files on, a progress bar is shown on a terminal."""


@click.command("submit")
@click.argument("plugin")
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option("--url", help="The server; default: this site's own SHOPDB_LISTEN.")
@click.option("--key", help="The collector key; default: SHOPDB_KEY, or this site's own.")
@click.option("--batch", is_flag=True, help="FILES hold a submission a line (NDJSON).")
@click.option("--dry-run", is_flag=True, help="Show what would happen; nothing is stored.")
@json_option
def submit(
    plugin: str,
    files: Sequence[str],
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
    site = read_client_settings(site_environment(), plugin)
    url, key = url or site.url, key or site.key
    if not key:
        raise ConfigurationError(f"There is no key for {plugin}: give --key, or set COLLECTOR_API_KEY.")
    collector = f"{url.rstrip('/')}/api/collector/{plugin}"
    address = f"{collector}{'/_batch' if batch else ''}{'?dryrun=true' if dry_run else ''}"
    send = _send_batches if batch else _send_files
    with Sender(address, key) as sender:
        send(sender, files, as_json=as_json)


def _exit_failed(failed: int, total: int, thing: str) -> None:
    others = "; the others are stored." if failed < total else "."
    echo_error(f"{failed} of {counted(total, thing)} failed{others}")
    sys.exit(1)


@dataclass(frozen=True, slots=True)
class SentFile:
    """The server's answer to one file; `problem` is empty if the submission was accepted."""

    file: str
    answer: JsonObject
    problem: str = ""


def _send_files(sender: Sender, files: Sequence[str], *, as_json: bool) -> None:
    """Send each file as one submission and print the answers; exits with 1 if any failed."""
    sent = [_send_file(sender, file) for file in _with_progress(files)]
    if as_json:
        echo_json([{"file": each.file, "answer": each.answer, "problem": each.problem} for each in sent])
    else:
        _print(sent)
    if failed := sum(bool(each.problem) for each in sent):
        _exit_failed(failed, len(sent), "file")


def _with_progress(files: Sequence[str]) -> Iterator[str]:
    hidden = len(files) < PROGRESS_FILES or not sys.stderr.isatty()
    with click.progressbar(files, label="Submitting", file=sys.stderr, hidden=hidden) as bar:
        yield from bar


def _send_file(sender: Sender, file: str) -> SentFile:
    try:
        with open_input(file) as stream:
            content = stream.read()
        with sender.post(lambda: content, "application/json", shown_name(file)) as response:
            answer = answer_of(response)
    except SEND_ERRORS as error:
        return SentFile(shown_name(file), {}, reason(error))
    problem = "" if response.is_success else _problem(answer, response.status_code)
    return SentFile(shown_name(file), answer, problem)


def _problem(answer: JsonObject, status: int) -> str:
    """Return the server's sentence: the first fault, and how many more there are."""
    hint = "; `shopdb validate` lists all" if len(answer.get("errors", ())) > 1 else ""
    return f"{answer.get('detail', status)}{hint}"


def _print(sent: Sequence[SentFile]) -> None:
    for each in sent:
        if each.problem:
            echo(f"{each.file}: {each.problem}", err=True)
            continue
        # A dry run assigns no id to what it would create.
        asset = f"asset {each.answer['assetid']}" if each.answer["assetid"] else "a new asset"
        echo(f"{each.file}: {each.answer['action']} {asset}")
        for warning in each.answer["warnings"]:
            echo(f"    {warning}")


class BatchRefused(Exception):
    """The server refused a whole request; none of its lines was stored."""


@dataclass
class BatchReport:
    """The outcomes of one file's lines, printed as the answers arrive; `last` is the last answered line."""

    file: str
    as_json: bool
    counts: Counter[str] = field(default_factory=Counter)
    last: int = 0
    stopped: bool = False

    def add(self, answer: JsonObject) -> None:
        """Count the answer to one line; print it if it is a failure, or for scripts."""
        self.last = answer["line"]
        self.counts[answer.get("action", "failed")] += 1
        if self.as_json:
            echo_json_line({"file": self.file, **answer})
        elif "action" not in answer:
            echo(f"{self.file}: line {self.last}: {answer['detail']}", err=True)

    def stop(self, problem: str) -> None:
        """Print why the rest of the file was not sent."""
        self.stopped = True
        echo(f"{self.file}: {problem}", err=True)

    def print_counts(self) -> None:
        """Print how many lines had each outcome."""
        if not self.as_json:
            echo(f"{self.file}: {', '.join(f'{self.counts[each]} {each}' for each in OUTCOMES)}")


def _send_batches(sender: Sender, files: Sequence[str], *, as_json: bool) -> None:
    """Send the lines of each file and print their outcomes; exits with 1 if any failed."""
    reports = [BatchReport(shown_name(file), as_json) for file in files]
    for file, report in zip(files, reports, strict=True):
        _send_lines(sender, file, report)
        report.print_counts()
    failed = sum(report.counts["failed"] for report in reports)
    if failed or any(report.stopped for report in reports):
        _exit_failed(failed, sum(report.counts.total() for report in reports), "submission")


def _send_lines(sender: Sender, file: str, report: BatchReport) -> None:
    try:
        with open_input(file) as lines:
            for before, blocks in _requests(lines):
                for answer in _answers(sender, blocks, report.file):
                    report.add({**answer, "line": before + answer["line"]})
    except BatchRefused as refusal:
        report.stop(str(refusal))
    except SEND_ERRORS as error:
        report.stop(reason(error, report.last))


def _answers(sender: Sender, blocks: Iterator[bytes], file: str) -> Iterator[JsonObject]:
    """Send one request and yield the answer to each of its lines; raises `BatchRefused`."""
    with SpooledTemporaryFile(MOST_MEMORY_BYTES) as kept:
        # Standard input cannot be read twice, and the request may have to be sent again.
        kept.writelines(blocks)
        with sender.post(lambda: _from_start(kept), NDJSON, file) as response:
            if not response.is_success:
                raise BatchRefused(str(answer_of(response).get("detail", response.status_code)))
            if not response.headers.get("Content-Type", "").startswith(NDJSON):
                raise not_shopdb(response)
            yield from map(orjson.loads, _split_lines(response.iter_bytes()))


def _from_start(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    return iter(lambda: file.read(BLOCK_BYTES), b"")


def _split_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    r"""Yield whole lines, split at `\n` only; httpx's iterator also splits at Unicode's line separators."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole


def _requests(lines: Iterable[bytes]) -> Iterator[tuple[int, Iterator[bytes]]]:
    """Yield, for each request, the number of lines before it in the file, and its body in blocks.

    The body is read from the file while it is sent: use it up before the next request.
    """
    for _, numbered in groupby(_numbered(lines), itemgetter(0)):
        _, before, first = next(numbered)
        yield before, _blocks(chain([first], (line for _, _, line in numbered)))  # noqa: B031  # `next` took only the first


def _numbered(lines: Iterable[bytes]) -> Iterator[tuple[int, int, bytes]]:
    """Yield, for each line, the number of its request, the number of lines before it, and the line."""
    request = count = size = 0
    for before, line in enumerate(lines):
        if count == MOST_LINES or size + len(line) > MOST_BYTES:
            request, count, size = request + 1, 0, 0
        count, size = count + 1, size + len(line)
        yield request, before, line


def _blocks(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Join lines into blocks, since each item would be sent as a packet of its own."""
    block = bytearray()
    for line in lines:
        block += line
        if len(block) >= BLOCK_BYTES:
            yield bytes(block)
            block.clear()
    if block:
        yield bytes(block)
