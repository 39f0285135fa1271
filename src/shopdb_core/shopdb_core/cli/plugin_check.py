"""`shopdb plugin check`: whether a plugin keeps the contract, wherever it is."""

import sys

import click

from shopdb_core.cli.site import echo_json, json_option
from shopdb_core.conformance import Verdict
from shopdb_core.conformance.verdict import read_verdict
from shopdb_core.errors import ConfigurationError
from shopdb_core.locating import located


@click.command("check")
@click.argument("place", required=False, metavar="[PATH|WHEEL|NAME]")
@json_option
def check(place: str | None, *, as_json: bool) -> None:
    """Check a plugin against the contract: a source tree, a wheel, or an installed plugin.

    Without an argument, the source tree in the working directory. Nothing is installed, and no site is
    needed. Exits with 1 if the plugin does not conform.
    """
    with located(place) as plugin:
        verdict = _verdict(plugin.ask("shopdb_core.conformance"))
    if as_json:
        echo_json(verdict.as_json())
    else:
        click.echo(verdict)
    if not verdict.conforms:
        sys.exit(1)


def _verdict(answer: dict[str, object]) -> Verdict:
    if "refused" in answer:
        raise ConfigurationError(str(answer["refused"]))
    return read_verdict(answer)
