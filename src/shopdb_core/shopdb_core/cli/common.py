"""What the commands share: the site in the working directory, and reading files."""

import getpass
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import BinaryIO

import click

from shopdb_core.assets.listing import find_assetid, require_asset
from shopdb_core.errors import ConfigurationError, NotFound, SchemaBehind
from shopdb_core.intake.dates import read_moment
from shopdb_core.settings import Settings, check_dotenv, read_settings, with_dotenv
from shopdb_core.site import NO_TABLES
from shopdb_core.store import Connection, Store, open_store
from shopdb_core.store.tables import ACTOR_LENGTH, LARGEST_ID, has_tables
from shopdb_core.store.unfinished import require_whole

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
limit_option = click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True)
after_option = click.option(
    "--after", type=click.IntRange(0, LARGEST_ID), default=0, help="Show what follows this id."
)


def _operator() -> str:
    try:
        return f"cli:{getpass.getuser()}"
    except (OSError, KeyError):  # an account without a name
        return "cli:unknown"


def _checked_actor(_context: click.Context, _parameter: click.Parameter, actor: str) -> str:
    if not (0 < len(actor) <= ACTOR_LENGTH and actor.isprintable()):
        raise click.BadParameter(f"must have 1 to {ACTOR_LENGTH} printable characters")
    return actor


# The audit entry of what came over HTTP has `user:` and the subject of the token.
actor_option = click.option(
    "--actor", default=_operator, callback=_checked_actor, help="Who acts, in the audit; default cli:USER."
)


def site_environment() -> Mapping[str, str]:
    """Return the environment variables, completed by the `.env` file of the working directory."""
    return with_dotenv(os.environ, Path())


def site_settings() -> Settings:
    """Return the settings of the site in the working directory.

    Raises `ConfigurationError`, which names the directory if it is not that of a site, and the `.env` file if
    every user of the machine can read its secrets.
    """
    check_dotenv(Path())
    environ = site_environment()
    if not (Path(".env").exists() or {"SECRET_KEY", "SECRET_KEY_FILE"} & environ.keys()):
        raise ConfigurationError(
            f"{Path.cwd()} has no .env file, and SECRET_KEY is not set: run the command in the site's "
            "directory or as `shopdb --site DIR …`; `shopdb init` makes a new site."
        )
    return read_settings(environ)


def read_duration(text: str) -> timedelta:
    """Read a number and a unit, such as 30m, 1h or 90d; raises `BadParameter`."""
    match = re.fullmatch(r"([1-9][0-9]{0,8})([smhd])", text)
    if match is None:
        raise click.BadParameter("give a number and one of s, m, h, d, such as 1h")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def read_time(option: str, text: str, zone: tzinfo) -> datetime:
    """Return the RFC 3339 date-time of an option in UTC; raises `UsageError` for any other text."""
    try:
        return read_moment(text, zone)
    except ValueError as error:
        raise click.UsageError(
            f"{option} must be a date-time such as 2026-11-22T10:13:13Z; without an offset, one that the "
            f"zone {zone} (SHOPDB_TIMEZONE) has once."
        ) from error


@contextmanager
def site_store(*, migrated: bool = True) -> Iterator[Store]:
    """Open the site's database for one command.

    Raises `SchemaBehind` if `migrated` is true and the database has no tables, and `ConfigurationError` if it
    has a part of a site that is being copied.
    """
    store = open_store(site_settings())
    try:
        store.read(require_whole)
        if migrated and not store.read(has_tables):
            raise SchemaBehind(NO_TABLES)
        yield store
    finally:
        store.close()


FILE = click.Path(allow_dash=True, readable=False)
"""A file to read, or `-`; as a string, since `Path("")` is the working directory.

Whether it can be read shows when it is opened, so that one file that cannot does not end the others.
"""


def open_input(file: str) -> AbstractContextManager[BinaryIO]:
    """Open a file, or standard input for `-`; raises `OSError`."""
    return nullcontext(sys.stdin.buffer) if file == "-" else open(file, "rb")  # noqa: PTH123  # see FILE


def shown_name(file: str) -> str:
    """Return a file's name for messages; bytes that are not UTF-8 become escapes."""
    return os.fsencode(file).decode(errors="backslashreplace") or "''"


def find_asset(connection: Connection, asset: str) -> int:
    """Return the id of an asset that is given by it or as `TYPE/IDENTITY`; raises `NotFound`."""
    assettype, slash, identity = asset.partition("/")
    if slash:
        return find_assetid(connection, assettype, identity)
    if not (asset.isascii() and asset.isdigit() and len(asset) < len(str(LARGEST_ID))):
        raise NotFound(f"{asset[:80]!r} is neither an asset id nor TYPE/IDENTITY, such as computers/PC-1234.")
    require_asset(connection, int(asset))
    return int(asset)
