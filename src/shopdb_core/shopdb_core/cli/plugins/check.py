"""`shopdb plugin check`: a plugin against the contract, and against an older release of it."""

import sys
from collections.abc import Sequence

import click

from shopdb_core.cli.common import json_option
from shopdb_core.cli.output import echo, echo_error, echo_json
from shopdb_core.devkit.comparing import Comparison, Declared, compare_releases
from shopdb_core.devkit.databases import database_servers
from shopdb_core.devkit.isolation import InstalledPlugin, installed_plugin
from shopdb_core.devkit.results import ConformanceResult


@click.command("check")
@click.argument("target", required=False, metavar="[PATH|WHEEL|NAME]")
@click.option("--against", "older", metavar="PATH|WHEEL|NAME", help="Compare with an older release, too.")
@click.option(
    "--database-url", "urls", metavar="URL", multiple=True, help="Also check on this server; may be repeated."
)
@json_option
def check_command(target: str | None, older: str | None, urls: Sequence[str], *, as_json: bool) -> None:
    """Check a plugin against the contract: a source tree, a wheel, or an installed plugin.

    Without an argument, the source tree in the working directory. pip puts a wheel or a source tree into a
    temporary folder; this environment does not change, and no site is needed. The checks run on SQLite, and
    on databases that they make on each server and drop. Exits with 1 if the plugin does not conform, or if
    its version is too small a step from that of the older release.
    """
    with database_servers(urls) as servers, installed_plugin(target) as plugin:
        comparison = _compare(plugin, older) if older else None
        result = ConformanceResult.from_json(plugin.run("check", servers))
    if as_json:
        echo_json({**result.as_json(), **({"against": comparison.as_json()} if comparison else {})})
    else:
        for line in (*result.lines(), *(comparison.lines() if comparison else ())):
            echo(line)
    if comparison and comparison.shortfall:
        echo_error(comparison.shortfall)
    if not result.conforms or (comparison and comparison.shortfall):
        sys.exit(1)


def _compare(plugin: InstalledPlugin, older: str) -> Comparison:
    """Compare a plugin with an older release of it, each loaded in a process of its own.

    Raises `ConfigurationError` if one of them has no declaration, or if the two are different plugins.
    """
    with installed_plugin(older) as before:
        return compare_releases(_declared(before), _declared(plugin))


def _declared(plugin: InstalledPlugin) -> Declared:
    return Declared(**plugin.run("declaration"))
