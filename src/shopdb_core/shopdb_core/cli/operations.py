"""The commands that set up and run a site: `shopdb init`, `db`, `serve` and `token`."""

import os
import re
import secrets
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from shopdb_core.access.tokens import ROLES, Role, Tokens
from shopdb_core.audit.entries import AuditChain
from shopdb_core.audit.rekey import check_key
from shopdb_core.audit.verify import count_assets
from shopdb_core.cli.common import json_option, site_settings, site_store
from shopdb_core.cli.output import echo, echo_error, echo_json, echo_table
from shopdb_core.errors import ConfigurationError
from shopdb_core.plugins.registry import load_plugins
from shopdb_core.server.housekeeping import Housekeeping
from shopdb_core.server.http import Server
from shopdb_core.server.listening import announcement, listen
from shopdb_core.server.log import log_details, log_to_stderr
from shopdb_core.server.workers import serve_by_workers
from shopdb_core.settings import AUDIT_KEY, DEFAULT_DATABASE_URL, SHARED_KEY, Settings, read_settings
from shopdb_core.site import Site, migration_scripts, upgrade_site
from shopdb_core.store import open_store
from shopdb_core.store.migrate import MigrationStatus, migration_statuses
from shopdb_core.store.open import has_database
from shopdb_core.store.tables import has_tables
from shopdb_hookspecs import JsonObject

DOTENV = """\
# This site's settings; every variable is described in docs/settings.md. Keep the file to yourself.
{variables}SHOPDB_LISTEN=127.0.0.1:8080
"""
_SITE_SECRETS = {"SECRET_KEY": 48, AUDIT_KEY: 48, SHARED_KEY: 32}
"""The secrets of a new site, and how many random bytes each has."""

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@click.command("init")
@click.option(
    "--database-url",
    metavar="URL",
    help="The site's database; default SHOPDB_DATABASE_URL, or a SQLite file here.",
)
@json_option
def init(database_url: str | None, *, as_json: bool) -> None:
    """Write .env with generated secrets, readable by you alone, and create the database.

    What is set in the environment is taken: SECRET_KEY, SHOPDB_AUDIT_KEY, COLLECTOR_API_KEY (or their
    …_FILE), and SHOPDB_DATABASE_URL. An existing .env is never overwritten, and a database that has assets
    is refused without the key of its audit.
    """
    dotenv = Path(".env")
    if dotenv.is_file():
        raise _set_up_already(dotenv)
    values = site_variables(os.environ, database_url)
    settings = read_settings({**os.environ, **values})
    if _has_assets(settings):
        settings = _with_present_key(settings, values)
    write_dotenv(dotenv, values)
    secret_names = [name for name in _SITE_SECRETS if _given(values, name)]
    if as_json:
        made = {name: _given(os.environ, name) is None for name in secret_names}
        statuses = upgrade_site(settings)
        echo_json({"file": str(dotenv.resolve()), "made": made, "tables": _rows(statuses)})
        _exit_failed(statuses)
        return
    *parts, last = [
        f"the environment's {name}" if _given(os.environ, name) else f"a {name}" for name in secret_names
    ]
    echo(f"Wrote .env (mode 0600) with {', '.join(parts)} and {last}.")
    _upgrade(settings)
    echo("Next: `shopdb serve`")


def site_variables(environ: Mapping[str, str], database_url: str | None) -> dict[str, str]:
    """Return the variables of a new `.env`: those that `environ` has, and new secrets for those it lacks.

    Raises `ConfigurationError` if `environ` names another database than `database_url`.
    """
    variables = {}
    for name, length in _SITE_SECRETS.items():
        given = _given(environ, name)
        variables[given or name] = environ[given] if given else secrets.token_urlsafe(length)
    in_environ = environ.get("SHOPDB_DATABASE_URL")
    if database_url and in_environ and database_url != in_environ:
        raise ConfigurationError(
            "SHOPDB_DATABASE_URL is set, and names another database than --database-url; remove one of them."
        )
    variables["SHOPDB_DATABASE_URL"] = database_url or in_environ or DEFAULT_DATABASE_URL
    return variables


def _given(environ: Mapping[str, str], name: str) -> str | None:
    """Return the variable that has this secret or names its file, `None` if neither is set."""
    return next((variable for variable in (name, f"{name}_FILE") if variable in environ), None)


def _has_assets(settings: Settings) -> bool:
    if not has_database(settings.database_url):
        return False
    with closing(open_store(settings)) as store:
        return store.read(lambda connection: has_tables(connection) and count_assets(connection) > 0)


def _with_present_key(settings: Settings, values: dict[str, str]) -> Settings:
    """Return the settings with the key that the database's audit has; a new one is removed from `values`.

    Raises `ConfigurationError` if the environment does not have the key.
    """
    if _given(os.environ, AUDIT_KEY) is None:
        if _given(os.environ, "SECRET_KEY") is None:
            raise ConfigurationError(
                "The database has assets, whose audit only the key of their site can verify: set "
                "SHOPDB_AUDIT_KEY, or SECRET_KEY if the site has no audit key, to the one in that site's "
                ".env, and run `shopdb init` again."
            )
        del values[AUDIT_KEY]
        settings = replace(settings, audit_keys=())
    chain = AuditChain(*settings.sealing_keys)
    with closing(open_store(settings)) as store:
        core = store.read(lambda connection: migration_statuses(connection, ()))[0]
        if not core.behind:  # An audit of an earlier release lacks columns that this one reads.
            store.read(lambda connection: check_key(connection, chain))
    return settings


def _set_up_already(path: Path) -> ConfigurationError:
    return ConfigurationError(f"{path} exists and is not overwritten; the site is set up already.")


def write_dotenv(path: Path, variables: Mapping[str, str]) -> None:
    """Write variables to a file that does not exist yet; raises `ConfigurationError` if it does."""
    lines = "".join(f"{name}={_quoted(value)}\n" for name, value in variables.items())
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise _set_up_already(path) from None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(DOTENV.format(variables=lines))


def _quoted(value: str) -> str:
    """Return a value as a `.env` file takes it: in quotes if a character has a meaning there."""
    if re.fullmatch(r"[A-Za-z0-9_./:@%+,?&=~-]*", value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


@click.group("db")
def db() -> None:
    """Bring the database's tables up to date."""


@db.command("upgrade")
@json_option
def upgrade(*, as_json: bool) -> None:
    """Run the pending migrations of the core, then those of each active plugin."""
    _upgrade(site_settings(), as_json=as_json)


@db.command("status")
@click.option(
    "--check", "is_check", is_flag=True, help="Exit with 1 if a migration is pending or has failed."
)
@json_option
def status(*, is_check: bool, as_json: bool) -> None:
    """Show the version of each distribution's tables, including plugins that were removed."""
    scripts = migration_scripts(load_plugins(site_settings().plugin_selection))
    with site_store(migrated=False) as store:
        statuses = store.read(lambda connection: migration_statuses(connection, scripts))
    if as_json:
        echo_json(_rows(statuses))
    else:
        echo_table(_rows(statuses), ("name", "current", "head", "state"))
    pending = [each.name for each in statuses if each.behind or each.failure]
    if is_check and pending:
        echo_error(f"migrations are pending for {', '.join(pending)}: run `shopdb db upgrade`")
        sys.exit(1)


def _rows(statuses: Sequence[MigrationStatus]) -> list[JsonObject]:
    return [asdict(each) | {"state": _state(each)} for each in statuses]


def _upgrade(settings: Settings, *, as_json: bool = False) -> None:
    """Upgrade the site's database; exits with 1 if a plugin's migration failed."""
    statuses = upgrade_site(settings)
    if as_json:
        echo_json(_rows(statuses))
    for each in () if as_json else statuses:
        echo(f"{each.name}: {each.current or 'no tables'}, {_state(each)}")
    _exit_failed(statuses)


def _exit_failed(statuses: Sequence[MigrationStatus]) -> None:
    """Exit with 1 if a plugin's migration failed."""
    failures = [each.failure for each in statuses if each.failure]
    for failure in failures:
        echo_error(f"{failure}. The other plugins serve.")
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
@click.option(
    "--debug", is_flag=True, help="Log what the database says about a plugin's failure; not for users."
)
@json_option
def serve(workers: int | None, *, debug: bool, as_json: bool) -> None:
    """Serve the API until SIGTERM or Ctrl-C; requests in flight are answered first.

    With --json the line that announces the URL is a JSON object.
    """
    settings = site_settings()
    settings = replace(settings, workers=workers or settings.workers, debug=debug or settings.debug)
    if settings.workers > 1:
        serve_by_workers(settings, as_json=as_json)
    _serve(settings, as_json=as_json)


def _serve(settings: Settings, *, as_json: bool) -> None:
    log = log_to_stderr()
    if settings.debug:
        log_details()
    with Site.open(settings) as site, Housekeeping(site):
        server = Server(site, listen(settings.listen), log.flush)
        server.stop_on_signals()
        echo(announcement(server.url, os.getpid(), as_json=as_json))
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
@json_option
def create(subject: str, role: Role, ttl: timedelta, *, as_json: bool) -> None:
    """Print a new token, and nothing else."""
    expiresat = datetime.now(UTC) + ttl
    token = Tokens(*site_settings().secret_keys).issue(subject, role, ttl)
    if as_json:
        echo_json({"token": token, "subject": subject, "role": role, "expiresat": expiresat})
    else:
        echo(token)
