"""`shopdb init`: the `.env` file and the database of a new site."""

import os
import re
import secrets
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import click

from shopdb_core.audit.entries import AuditChain
from shopdb_core.audit.verifying.rekey import check_key
from shopdb_core.audit.verifying.verify import count_assets
from shopdb_core.cli.common import json_option
from shopdb_core.cli.database.db import exit_if_failed, run_upgrade, status_rows
from shopdb_core.cli.output import echo, echo_json
from shopdb_core.errors import ConfigurationError
from shopdb_core.settings import AUDIT_KEY, DEFAULT_DATABASE_URL, SHARED_KEY, Settings, read_settings
from shopdb_core.site import upgrade_site
from shopdb_core.store import open_store
from shopdb_core.store.migrate import migration_statuses
from shopdb_core.store.open import has_database
from shopdb_core.store.tables import has_tables

DOTENV = """\
# This site's settings; every variable is described in docs/settings.md. Keep the file to yourself.
{variables}SHOPDB_LISTEN=127.0.0.1:8080
"""
_SITE_SECRETS = {"SECRET_KEY": 48, AUDIT_KEY: 48, SHARED_KEY: 32}
"""The secrets of a new site, and how many random bytes each has."""


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
        echo_json({"file": str(dotenv.resolve()), "made": made, "tables": status_rows(statuses)})
        exit_if_failed(statuses)
        return
    *parts, last = [
        f"the environment's {name}" if _given(os.environ, name) else f"a {name}" for name in secret_names
    ]
    echo(f"Wrote .env (mode 0600) with {', '.join(parts)} and {last}.")
    run_upgrade(settings)
    echo("Next: `shopdb serve`")


def site_variables(environ: Mapping[str, str], database_url: str | None) -> dict[str, str]:
    """Return the variables of a new `.env`: those that `environ` has, and new secrets for those it lacks.

    Raises `ConfigurationError` if `environ` names another database than `database_url`.
    """
    variables = {}
    for name, length in _SITE_SECRETS.items():
        given = _given(environ, name)
        variables[given or name] = environ[given] if given else secrets.token_urlsafe(length)
    in_environ = _given(environ, "SHOPDB_DATABASE_URL")
    if database_url and in_environ and database_url != environ[in_environ]:
        raise ConfigurationError(
            f"{in_environ} is set, and names another database than --database-url; remove one of them."
        )
    variables[in_environ or "SHOPDB_DATABASE_URL"] = (
        environ[in_environ] if in_environ else database_url or DEFAULT_DATABASE_URL
    )
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
