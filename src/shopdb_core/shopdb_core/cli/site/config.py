"""`shopdb config`: the settings of the site, where they are from, and all that is wrong with them."""

import os
import sys
from dataclasses import asdict
from pathlib import Path

import click

from shopdb_core.cli.common import json_option
from shopdb_core.cli.output import counted, echo, echo_error, echo_json, echo_table
from shopdb_core.operations.health.configuration import find_faults
from shopdb_core.settings.environment import read_dotenv
from shopdb_core.settings.shown import shown_settings


@click.group("config", invoke_without_command=True)
@json_option
@click.pass_context
def config(context: click.Context, *, as_json: bool) -> None:
    """Show every setting of the site: its value without secrets, and where it is from.

    Without a command it prints the settings, also where they cannot be used.
    """
    if context.invoked_subcommand is not None:
        context.default_map = {context.invoked_subcommand: {"as_json": as_json}}
        return
    rows = [asdict(each) for each in shown_settings(os.environ, read_dotenv(Path()))]
    if as_json:
        echo_json(rows)
    else:
        echo_table(rows, ("variable", "value", "source"))


@config.command("check")
@json_option
def check(*, as_json: bool) -> None:
    """Find all that is wrong with the settings before a server starts; exit with 1 if anything is.

    A database server is connected to; nothing is changed.
    """
    findings = find_faults(Path(), os.environ)
    if as_json:
        echo_json([asdict(each) for each in findings])
    for each in () if as_json else findings:
        echo(each.message)
    if findings:
        found = counted(len(findings), "fault")
        echo_error(f"{found} in the settings; `shopdb config` shows where each is from")
        sys.exit(1)
    if not as_json:
        echo("The settings can be used.")
