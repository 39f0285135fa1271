"""What the commands share: the site in the working directory, and reading files."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO

import click

from shopdb_core.errors import ConfigurationError, SchemaBehind
from shopdb_core.settings import Settings, check_dotenv, read_settings, with_dotenv
from shopdb_core.site import NO_TABLES
from shopdb_core.store import Store, open_store
from shopdb_core.store.tables import has_tables

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")


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


@contextmanager
def site_store(*, migrated: bool = True) -> Iterator[Store]:
    """Open the site's database for one command.

    Raises `SchemaBehind` if `migrated` is true and the database has no tables.
    """
    store = open_store(site_settings())
    try:
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
