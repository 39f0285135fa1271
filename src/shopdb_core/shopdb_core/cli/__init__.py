"""The command line: `shopdb COMMAND`.

Exit codes: 0 done; 1 refused or failed, with one line on stderr; 2 wrong usage.
"""

import sys

import click

from shopdb_core.cli.group import ShopDBGroup
from shopdb_core.errors import ShopDBError, in_one_line


@click.group(cls=ShopDBGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="shopdb-core", prog_name="shopdb")
def shopdb() -> None:
    """Know your shop floor: PCs, printers and whatever else plugins collect."""


def main() -> None:
    """Run the command line; a `ShopDBError` becomes one line with its notes, whichever command it is."""
    try:
        shopdb()
    except ShopDBError as error:
        click.echo(f"shopdb: {in_one_line(error)}", err=True)
        sys.exit(1)
