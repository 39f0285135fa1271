"""The command that shows the whole way of a submission, with this machine as the example."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from shopdb_computers.inventory import inventory
from shopdb_computers.normalization import normalized
from shopdb_hookspecs import Json

_SETTINGS = ("SHOPDB_", "SECRET_KEY", "COLLECTOR_API_KEY")

DEMO_PROGRAM = {"name": "ShopDB demo", "version": "1.0"}


@click.command()
@click.option("--once", is_flag=True, help="Stop the server at the end instead of waiting for Ctrl-C.")
def demo(*, once: bool) -> None:
    """Serve on SQLite in a temporary directory, and submit this machine: created, noop, updated."""
    with tempfile.TemporaryDirectory(prefix="shopdb-demo-") as directory:
        site = DemoSite(Path(directory))
        site.show("init")
        with site.server() as (process, url):
            _submit_this_machine(site, url)
            _show_what_is_stored(site, url)
            if not once:
                _wait_for_interrupt(process, url)


@dataclass(frozen=True, slots=True)
class DemoSite:
    """A site in a directory of its own, and the command line run in it as a person would."""

    directory: Path

    def show(self, *arguments: str) -> str:
        """Run `shopdb ARGUMENTS`, print command and output, and return the output."""
        click.secho(f"\n$ shopdb {' '.join(arguments)}", bold=True)
        output = self.run(*arguments)
        click.echo(output, nl=False)
        return output

    def run(self, *arguments: str) -> str:
        """Return the output of `shopdb ARGUMENTS`; raises `ClickException` with its error."""
        done = subprocess.run(
            _shopdb(*arguments),
            cwd=self.directory,
            env=_environ(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise click.ClickException(f"shopdb {arguments[0]} failed: {done.stderr.strip()}")
        return done.stdout

    @contextmanager
    def server(self) -> Iterator[tuple[subprocess.Popen[str], str]]:
        """Run a server on a free port for a while; gives its process and its URL."""
        click.secho("\n$ shopdb serve", bold=True)
        with (
            (self.directory / "server.log").open("w") as log,
            subprocess.Popen(
                _shopdb("serve"),
                cwd=self.directory,
                env=_environ(),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            ) as process,
        ):
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise click.ClickException(f"the server did not start: {Path(log.name).read_text().strip()}")
            click.echo(line, nl=False)
            try:
                yield process, line.split()[-1]
            finally:
                process.terminate()


def _submit_this_machine(site: DemoSite, url: str) -> None:
    machine: dict[str, Json] = dict(normalized(inventory()))
    changed = {**machine, "installedsoftware": [*machine.get("installedsoftware", []), DEMO_PROGRAM]}
    for submission, remark, action in (
        (machine, "this machine's inventory", "created"),
        (machine, "the same again", "noop"),
        (changed, "with one more program", "updated"),
    ):
        (site.directory / "inventory.json").write_text(json.dumps(submission))
        click.echo(f"\n# {remark}: {len(submission.get('installedsoftware', []))} programs")
        answer = site.show("submit", "computers", "inventory.json", "--url", url)
        if action not in answer:
            raise click.ClickException(f"the answer should have been {action}.")


def _show_what_is_stored(site: DemoSite, url: str) -> None:
    site.show("asset", "list")
    site.show("asset", "history", "1")
    site.show("audit", "verify")
    site.show("report", "computers", "software", "--limit", "5")
    token = site.run("token", "create", "--subject", "demo", "--role", "editor", "--ttl", "12h").strip()
    click.echo(f"\nA token for reading and editing, valid for 12 hours:\n{token}\n")
    for path in (
        "health",
        "assets",
        "assets/1/history",
        "reports/computers/software.csv",
        "collector/_schemas",
    ):
        click.echo(f"{url}/api/{path}")
    click.echo(f'\nTry: curl -H "Authorization: Bearer $TOKEN" {url}/api/assets')


def _wait_for_interrupt(process: subprocess.Popen[str], url: str) -> None:
    click.echo(f"\nThe server goes on at {url}; Ctrl-C ends it, and its directory is removed.")
    try:
        process.wait()
    except KeyboardInterrupt:
        click.echo("\nStopped.")


def _shopdb(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "shopdb_core", *arguments]


def _environ() -> dict[str, str]:
    """Leave out the settings of a site that this shell may belong to; listen on any free port."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}
    return {**kept, "SHOPDB_LISTEN": "127.0.0.1:0"}
