"""The command line: `shopdb COMMAND`.

Exit codes: 0 done; 1 refused or failed, with one line on stderr; 2 wrong usage.
"""

import os
import sys

import click

from shopdb_core.cli.group import ShopDBGroup
from shopdb_core.errors import ShopDBError, in_one_line


def _enter_site(_context: click.Context, _option: click.Parameter, directory: str | None) -> None:
    """Work in the site's directory from here on, as `git -C` does; all paths are relative to it."""
    if directory is not None:
        os.chdir(directory)


@click.group(cls=ShopDBGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="shopdb-core", prog_name="shopdb")
@click.option(
    "--site",
    type=click.Path(exists=True, file_okay=False),
    metavar="DIR",
    # The list of commands depends on the site's settings.
    is_eager=True,
    expose_value=False,
    callback=_enter_site,
    help="Work in this directory, that of the site; all paths are relative to it.",
)
def shopdb() -> None:
    """Keep the inventory of a shop floor: computers, printers, and what else plugins collect."""


def main() -> None:
    """Run the command line; print a `ShopDBError` of any command as one line, with its notes."""
    try:
        shopdb()
    except ShopDBError as error:
        from shopdb_core.cli.output import echo_error  # noqa: PLC0415  # orjson is not needed for --help

        echo_error(in_one_line(error))
        sys.exit(1)
    except UnicodeEncodeError as error:
        click.echo(f"shopdb: {_encoding_fault(error)}", err=True)
        sys.exit(2)


def _encoding_fault(error: UnicodeEncodeError) -> str:
    if error.encoding == "utf-8":
        # Python reads such bytes of an argument as lone surrogates, which no other text can have here.
        return f"an argument has bytes that are not UTF-8: {error.object[:80]!a}"
    missing = error.object[error.start : error.end][:10]
    return f"the output's encoding, {error.encoding}, lacks {missing!a}: set PYTHONIOENCODING=utf-8"
