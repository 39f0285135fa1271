"""What the commands share: the site in the working directory, reading files, and printing data."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO

import click
import orjson

from shopdb_core.errors import SchemaBehind
from shopdb_core.settings import Settings, check_dotenv, read_settings, with_dotenv
from shopdb_core.site import NO_TABLES
from shopdb_core.store import Store, open_store
from shopdb_core.store.tables import has_tables
from shopdb_hookspecs import Json, JsonObject

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")


def site_environment() -> Mapping[str, str]:
    """Return the environment variables, completed by the `.env` file of the working directory."""
    return with_dotenv(os.environ, Path())


def site_settings() -> Settings:
    """Return the settings of the site in the working directory; raises `ConfigurationError`."""
    check_dotenv(Path())
    return read_settings(site_environment())


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


def open_input(file: Path) -> AbstractContextManager[BinaryIO]:
    """Open a file, or standard input for `-`; raises `OSError`."""
    return nullcontext(sys.stdin.buffer) if str(file) == "-" else file.open("rb")


def echo_json(data: Json) -> None:
    """Print data as indented JSON."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
    click.echo(orjson.dumps(data, option=options).decode())


def echo_table(rows: Sequence[JsonObject], columns: Sequence[str]) -> None:
    """Print rows as an aligned table, with the columns' names as its first line."""
    cells = [[str(row[column]) if row[column] is not None else "-" for column in columns] for row in rows]
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    for line in [list(columns), *cells]:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
