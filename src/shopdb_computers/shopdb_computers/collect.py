"""The command `shopdb collect`: print this machine's inventory."""

import json

import click

from shopdb_computers.inventory import inventory
from shopdb_computers.normalization import normalized
from shopdb_hookspecs import Json


@click.command()
def collect() -> None:
    """Print this machine's inventory as a submission to the computers collector."""
    fields = [f"  {json.dumps(name)}: {_text(value)}" for name, value in normalized(inventory()).items()]
    click.echo("{\n" + ",\n".join(fields) + "\n}")


def _text(value: Json) -> str:
    """Return a value as JSON; a list has a line for each item, so that thousands of them stay small."""
    if not isinstance(value, list):
        return json.dumps(value)
    return "[\n    " + ",\n    ".join(map(json.dumps, value)) + "\n  ]"
