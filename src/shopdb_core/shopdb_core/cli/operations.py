"""The commands that set up and run a site: `shopdb init`, `db`, `serve` and `token`."""

import os
import re
import secrets
import sys
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path

import click

from shopdb_core.access.tokens import ROLES, Role, Tokens
from shopdb_core.app import create_app
from shopdb_core.cli.common import echo_json, echo_table, json_option, site_settings, site_store
from shopdb_core.errors import ConfigurationError
from shopdb_core.plugins.registry import load_plugins
from shopdb_core.server.housekeeping import Housekeeping
from shopdb_core.server.http import Server
from shopdb_core.server.listening import listen
from shopdb_core.server.log import log_to_stderr
from shopdb_core.server.workers import serve_by_workers
from shopdb_core.settings import Settings
from shopdb_core.site import Site, migration_scripts, upgrade_site
from shopdb_core.store.migrate import MigrationStatus, migration_statuses

DOTENV = """\
# This site's settings; every variable is described in docs/settings.md. Keep the file to yourself.
SECRET_KEY={secret_key}
SHOPDB_AUDIT_KEY={audit_key}
COLLECTOR_API_KEY={collector_key}
SHOPDB_DATABASE_URL=sqlite:///shopdb.sqlite3
SHOPDB_LISTEN=127.0.0.1:8080
"""
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@click.command("init")
def init() -> None:
    """Write .env with generated secrets, readable by you alone, and create the database.

    An existing .env is never overwritten.
    """
    write_dotenv(Path(".env"))
    click.echo("Wrote .env (mode 0600) with a SECRET_KEY, a SHOPDB_AUDIT_KEY and a COLLECTOR_API_KEY.")
    _upgrade()
    click.echo("Next: `shopdb serve`")


def write_dotenv(path: Path) -> None:
    """Write new secrets to a file that does not exist yet; raises `ConfigurationError` if it does."""
    content = DOTENV.format(
        secret_key=secrets.token_urlsafe(48),
        audit_key=secrets.token_urlsafe(48),
        collector_key=secrets.token_urlsafe(32),
    )
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConfigurationError(
            f"{path} exists and is not overwritten; the site is set up already."
        ) from None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from error
    with os.fdopen(descriptor, "w") as file:
        file.write(content)


@click.group("db")
def db() -> None:
    """Bring the database's tables up to date."""


@db.command("upgrade")
def upgrade() -> None:
    """Run the pending migrations of the core, then those of each active plugin."""
    _upgrade()


@db.command("status")
@json_option
def status(*, as_json: bool) -> None:
    """Show the version of each distribution's tables, including plugins that were removed."""
    scripts = migration_scripts(load_plugins(site_settings().plugin_selection))
    with site_store(migrated=False) as store:
        statuses = store.read(lambda connection: migration_statuses(connection, scripts))
    rows = [asdict(each) | {"state": _state(each)} for each in statuses]
    if as_json:
        echo_json(rows)
    else:
        echo_table(rows, ("name", "current", "head", "state"))


def _upgrade() -> None:
    """Upgrade this site's database; exits with 1 if a plugin's migration failed."""
    statuses = upgrade_site(site_settings())
    for each in statuses:
        click.echo(f"{each.name}: {each.current or 'no tables'}, {_state(each)}")
    failures = [each.failure for each in statuses if each.failure]
    for failure in failures:
        click.echo(f"shopdb: {failure}. The other plugins serve.", err=True)
    if failures:
        sys.exit(1)


def _state(status: MigrationStatus) -> str:
    if status.failure:
        return "failed"
    if status.head is None:
        return "plugin is gone, its tables are kept"
    return "behind: run `shopdb db upgrade`" if status.behind else "up to date"


@click.command("serve")
@click.option(
    "--workers", type=click.IntRange(min=1), metavar="N", help="Processes that serve; default SHOPDB_WORKERS."
)
def serve(workers: int | None) -> None:
    """Serve the API until SIGTERM or Ctrl-C; requests in flight are answered first."""
    settings = site_settings()
    settings = replace(settings, workers=workers or settings.workers)
    if settings.workers > 1:
        serve_by_workers(settings)
    _serve(settings)


def _serve(settings: Settings) -> None:
    log = log_to_stderr()
    with Site.open(settings) as site, Housekeeping(site):
        server = Server(create_app(site), settings, listen(settings.listen), log.flush)
        server.stop_on_signals()
        click.echo(f"ShopDB listens on {server.url}")
        server.run()


@click.group("token")
def token() -> None:
    """Issue tokens for reading and editing."""


def _duration(text: str) -> timedelta:
    """Read a number and a unit, such as 30m, 1h or 90d."""
    match = re.fullmatch(r"([1-9][0-9]{0,8})([smhd])", text)
    if match is None:
        raise click.BadParameter("give a number and one of s, m, h, d, such as 1h")
    return timedelta(**{UNITS[match[2]]: int(match[1])})


@token.command("create")
@click.option("--subject", required=True, help="The person or program; the audit names it as the actor.")
@click.option("--role", type=click.Choice(ROLES), default="viewer", show_default=True)
@click.option(
    "--ttl", type=_duration, metavar="DURATION", default="1h", show_default=True, help="How long it is valid."
)
def create(subject: str, role: Role, ttl: timedelta) -> None:
    """Print a new token, and nothing else."""
    click.echo(Tokens(*site_settings().secret_keys).issue(subject, role, ttl))
