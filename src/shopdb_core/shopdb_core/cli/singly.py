"""Sending files with one submission each, and what is said of each."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import httpx

from shopdb_core.cli.site import counted, echo_json
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
