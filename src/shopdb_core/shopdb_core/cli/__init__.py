"""The command line: `shopdb COMMAND`.

Exit codes: 0 done; 1 refused or failed, with one line on stderr; 2 wrong usage.
"""

import sys

import click

from shopdb_core.cli.group import ShopDBGroup
from shopdb_core.cli.output import echo_error
from shopdb_core.errors import ShopDBError, in_one_line


@click.group(cls=ShopDBGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="shopdb-core", prog_name="shopdb")
def shopdb() -> None:
    """Keep the inventory of a shop floor: computers, printers, and what else plugins collect."""


def main() -> None:
    """Run the command line; print a `ShopDBError` of any command as one line, with its notes."""
    try:
        shopdb()
    except ShopDBError as error:
        echo_error(in_one_line(error))
        sys.exit(1)
