"""Sending files with one submission a line, in few requests, and what is said of their lines."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click
import httpx
import orjson

from shopdb_core.cli.ndjsonfile import Part, opened, parts
from shopdb_core.cli.site import counted
from shopdb_core.intake.media import NDJSON
from shopdb_hookspecs import JsonObject

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
