"""The command `shopdb collect`: print this machine's inventory."""

import json

import click

from shopdb_computers.inventory import inventory
from shopdb_computers.normalization import normalized


@click.command()
def collect() -> None:
    """Print this machine's inventory as a submission to the computers collector."""
    click.echo(json.dumps(normalized(inventory()), indent=2))
