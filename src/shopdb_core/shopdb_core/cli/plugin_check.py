"""`shopdb plugin check`: whether a plugin keeps the contract, wherever it is."""

import sys

import click

from shopdb_core.cli.comparing import compared
from shopdb_core.cli.site import echo_json, json_option
from shopdb_core.conformance.installing import installed_plugin
from shopdb_core.conformance.verdict import read_verdict


@click.command("check")
@click.argument("place", required=False, metavar="[PATH|WHEEL|NAME]")
@click.option("--against", "older", metavar="PATH|WHEEL|NAME", help="Compare with an older release, too.")
@json_option
def check(place: str | None, older: str | None, *, as_json: bool) -> None:
    """Check a plugin against the contract: a source tree, a wheel, or an installed plugin.

    Without an argument, the source tree in the working directory. pip puts a wheel or a source tree into a
    temporary folder; this environment does not change, and no site is needed. Exits with 1 if the plugin does
    not conform, or if its version is too small a step from that of the older release.
    """
    with installed_plugin(place) as plugin:
        comparison = compared(plugin, older) if older else None
        verdict = read_verdict(plugin.ask("shopdb_core.conformance"))
    if as_json:
        echo_json({**verdict.as_json(), **({"against": comparison.as_json()} if comparison else {})})
    else:
        click.echo("\n".join([str(verdict), *(comparison.lines() if comparison else ())]))
    if comparison and comparison.shortfall:
        click.echo(f"shopdb: {comparison.shortfall}", err=True)
    if not verdict.conforms or (comparison and comparison.shortfall):
        sys.exit(1)
