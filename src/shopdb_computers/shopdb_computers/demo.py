"""The command `shopdb demo`: a temporary site, to which this machine's inventory is submitted."""

import json
import os
import secrets
import shlex
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import click

from shopdb_computers.inventory import inventory
from shopdb_computers.normalization import normalized
from shopdb_hookspecs import Json

_SETTINGS = ("SHOPDB_", "SECRET_KEY", "COLLECTOR_API_KEY")

# Windows has no SIGHUP.
_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]

USER = "demo"
DEMO_PROGRAM = {"name": "ShopDB demo", "version": "1.0"}


@click.command()
@click.option("--once", is_flag=True, help="Stop the server at the end instead of waiting for Ctrl-C.")
def demo(*, once: bool) -> None:
    """Serve on SQLite in a temporary directory, and submit this machine: created, noop, updated."""
    _interrupt_on_signals()
    with tempfile.TemporaryDirectory(prefix="shopdb-demo-") as directory:
        site = DemoSite(Path(directory))
        site.show("init")
        with site.server() as (process, url):
            _submit_this_machine(site, url)
            _show_what_is_stored(site)
            if once:
                _show_link(site, url)
            else:
                _serve_until_interrupted(site, process, url)


@dataclass(frozen=True, slots=True)
class DemoSite:
    """A site in a directory of its own, and the commands that run in it."""

    directory: Path

    def show(self, *arguments: str) -> str:
        """Run `shopdb ARGUMENTS`, print command and output, and return the output."""
        click.secho(f"\n$ shopdb {' '.join(arguments)}", bold=True)
        output = self.run(*arguments)
        click.echo(output, nl=False)
        return output

    def run(self, *arguments: str, given: str = "") -> str:
        """Return the output of `shopdb ARGUMENTS`, to which `given` is sent.

        Raises `ClickException` with its error.
        """
        done = subprocess.run(
            _shopdb(*arguments),
            cwd=self.directory,
            env=_environ(),
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise click.ClickException(f"shopdb {arguments[0]} failed: {done.stderr.strip()}")
        return done.stdout

    @contextmanager
    def server(self) -> Iterator[tuple[subprocess.Popen[str], str]]:
        """Run a server on a free port; yields its process and its URL, and ends it afterwards.

        Raises `ClickException` with its log when it does not start.
        """
        click.secho("\n$ shopdb serve", bold=True)
        with (
            self.log.open("w") as log,
            subprocess.Popen(
                _shopdb("serve"),
                cwd=self.directory,
                env=_environ(),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            ) as process,
        ):
            try:
                yield process, self._announced_url(process)
            finally:
                _ignore_signals()
                process.terminate()
                # After an interrupt `Popen` itself waits only a moment, and the server may still write files.
                process.wait()

    @property
    def log(self) -> Path:
        """The file that the server's log goes to."""
        return self.directory / "server.log"

    def _announced_url(self, process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise click.ClickException(f"the server did not start: {self.log.read_text().strip()}")
        click.echo(line, nl=False)
        return line.split()[-1]


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


def _show_what_is_stored(site: DemoSite) -> None:
    site.show("asset", "list")
    site.show("asset", "history", "1")
    site.show("audit", "verify")
    site.show("report", "computers", "software", "--limit", "5")


def _show_link(site: DemoSite, url: str) -> None:
    """Add a user whose password nobody knows, and print the address that signs this user in once."""
    site.run("user", "add", USER, "--role", "admin", "--password-stdin", given=secrets.token_urlsafe())
    click.secho(f"\nOpen {site.run('user', 'link', USER, '--ttl', '12h', '--url', url)}", bold=True, nl=False)


def _serve_until_interrupted(site: DemoSite, process: subprocess.Popen[str], url: str) -> None:
    """Print what to try, and wait; raises `ClickException` with the log if the server ends first."""
    try:
        _show_commands(site, url)
        _show_link(site, url)
        process.wait()
    except KeyboardInterrupt:
        click.echo("\nStopped.")
    else:
        raise click.ClickException(f"the server ended: {site.log.read_text().strip()}")


def _show_commands(site: DemoSite, url: str) -> None:
    """Print commands for another terminal; each works in any working directory."""
    token = site.run("token", "create", "--subject", "demo", "--role", "editor", "--ttl", "12h").strip()
    header = site.directory / "authorization"
    header.write_text(f"Authorization: Bearer {token}\n")
    click.secho("\nWhile the server runs, each of these commands works in another terminal:\n", bold=True)
    click.echo(f"curl -s {url}/api/health")
    for path in ("assets", "assets/1/history", "reports/computers/software.csv", "collector/_schemas"):
        click.echo(f"curl -s -H {shlex.quote(f'@{header}')} {url}/api/{path}")
    for arguments in ("asset history 1", f"submit computers inventory.json --url {url}"):
        click.echo(f"cd {shlex.quote(str(site.directory))} && {_shown_shopdb()} {arguments}")
    click.echo(f"\nThe file {header.name} holds a token for reading and editing, valid for 12 hours.")
    click.echo(f"Ctrl-C ends the server and removes {site.directory}.")


def _interrupt_on_signals() -> None:
    """End the demo on SIGTERM and SIGHUP as on Ctrl-C; a signal that is ignored (`nohup`) stays ignored."""
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    _ignore_signals()
    raise KeyboardInterrupt


def _ignore_signals() -> None:
    """Ignore further signals, which would interrupt the removal of the directory."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _shown_shopdb() -> str:
    """Return a command that works in any shell; `pip install --user` puts its script elsewhere."""
    script = shutil.which("shopdb", path=sysconfig.get_path("scripts"))
    return shlex.quote(script) if script else f"{shlex.quote(sys.executable)} -m shopdb_core"


def _shopdb(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "shopdb_core", *arguments]


def _environ() -> dict[str, str]:
    """Return the environment without settings of another site, and with any free port to listen on."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}
    return {**kept, "SHOPDB_LISTEN": "127.0.0.1:0"}
