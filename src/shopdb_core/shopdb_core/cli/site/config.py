"""`shopdb config`: the settings of the site, where they are from, and all that is wrong with them."""

import os
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import click

from shopdb_core.cli.common import json_option
from shopdb_core.cli.output import counted, echo, echo_error, echo_json, echo_table
from shopdb_core.edits.site_fields import read_site_fields
from shopdb_core.errors import ShopDBError, in_one_line
from shopdb_core.plugins.registry import load_plugins
from shopdb_core.server.production import database_findings
from shopdb_core.settings import Finding, Settings, check_dotenv, read_settings, with_dotenv
from shopdb_core.settings.environment import read_dotenv, setting_findings
from shopdb_core.settings.production import unsafe_settings
from shopdb_core.settings.setting import FILE
from shopdb_core.settings.shown import shown_settings
from shopdb_core.site import plugin_findings


@click.group("config", invoke_without_command=True)
@json_option
@click.pass_context
def config(context: click.Context, *, as_json: bool) -> None:
    """Show every setting of the site: its value without secrets, and where it is from.

    Without a command it prints the settings, also where they cannot be used.
    """
    if context.invoked_subcommand is not None:
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


def find_faults(directory: Path, environ: Mapping[str, str]) -> Sequence[Finding]:
    """Return all that is wrong with the settings of the site in a directory.

    What depends on several settings is looked for without the variables that are wrong by themselves.
    """
    try:
        variables = with_dotenv(environ, directory)
    except ShopDBError as error:
        return [Finding(".env", in_one_line(error))]
    findings = [*_reported(".env", lambda: check_dotenv(directory)), *setting_findings(variables)]
    wrong = {name for each in findings for name in (each.variable, f"{each.variable}{FILE}")}
    usable = {name: value for name, value in variables.items() if name not in wrong}
    if "SECRET_KEY" in wrong:
        usable["SECRET_KEY"] = secrets.token_urlsafe(48)
    return [*findings, *_of_site(read_settings(usable), usable)]


def _of_site(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what is wrong with files, plugins and the database, and in production what is not safe there."""
    yield from _reported("SHOPDB_SITE_FIELDS", lambda: read_site_fields(settings.site_fields))
    try:
        yield from plugin_findings(settings, load_plugins(settings.plugin_selection))
    except ShopDBError as error:
        yield Finding("SHOPDB_PLUGINS", in_one_line(error))
    if settings.is_production:
        yield from unsafe_settings(settings, environ)
    try:
        of_database = [*database_findings(settings)]
    except ShopDBError as error:
        yield Finding("SHOPDB_DATABASE_URL", in_one_line(error))
    else:
        yield from of_database if settings.is_production else ()


def _reported(variable: str, check: Callable[[], object]) -> Iterator[Finding]:
    """Yield the error that a check raises."""
    try:
        check()
    except ShopDBError as error:
        yield Finding(variable, in_one_line(error))
