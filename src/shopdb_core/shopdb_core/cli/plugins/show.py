"""`shopdb plugin`: the installed plugins, what each collects, and what its next start would break.

`check`, `rebuild` and `new` have the other commands.
"""

import sys
from collections.abc import Mapping
from contextlib import suppress

import click

from shopdb_core.cli.common import json_option, site_environment, site_settings, site_store
from shopdb_core.cli.output import echo, echo_error, echo_json, echo_table, short_time
from shopdb_core.cli.plugins.check import check_command
from shopdb_core.cli.plugins.new import new_command
from shopdb_core.cli.plugins.rebuild import rebuild_command
from shopdb_core.declarations.check import declaration_schema
from shopdb_core.errors import NotFound, ShopDBError
from shopdb_core.plugins.discovery import not_installed
from shopdb_core.plugins.registry import Plugin, Plugins, load_plugins
from shopdb_core.plugins.served_declarations import (
    NO_BREAKING_CHANGES,
    BreakingChanges,
    ServedDeclaration,
    breaking_changes,
    has_served_declarations,
    served_declarations,
)
from shopdb_core.settings import read_plugin_selection
from shopdb_core.store import Connection
from shopdb_core.store.open import has_database
from shopdb_hookspecs import JsonObject


@click.group("plugin")
def plugin() -> None:
    """Show, check and write plugins, and rebuild their tables."""


for command in (check_command, rebuild_command, new_command):
    plugin.add_command(command)


@plugin.command("list")
@click.option(
    "--check", "is_check", is_flag=True, help="Exit with 1 if one is quarantined, or would break clients."
)
@json_option
def list_command(*, is_check: bool, as_json: bool) -> None:
    """List every installed plugin with its state, and what it breaks."""
    plugins = _plugins()
    broken = _site_breakages(plugins)
    if as_json:
        changes = {name: breakage.as_json() for name, breakage in broken.items()}
        echo_json([{**_summary(each), "breakingchanges": changes.get(each.name)} for each in plugins.all()])
    else:
        _echo_list(plugins, broken)
    if is_check:
        _exit_unfit(plugins, broken)


def _exit_unfit(plugins: Plugins, broken: Mapping[str, BreakingChanges]) -> None:
    """Exit with 1 if a plugin is quarantined, or its next start would break what clients could rely on."""
    quarantined = [each.name for each in plugins.all() if each.state == "quarantined"]
    breaking = [name for name, breakage in broken.items() if breakage.since is None]
    for names, what in ((quarantined, "quarantined"), (breaking, "about to break clients")):
        if names:
            echo_error(f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} {what}.")
    if quarantined or breaking:
        sys.exit(1)


def _echo_list(plugins: Plugins, broken: Mapping[str, BreakingChanges]) -> None:
    echo_table(
        [*map(_summary, plugins.all())], ("name", "state", "distribution", "version", "reason"), "plugins"
    )
    for each in plugins.all():
        for notice in each.notices:
            echo(f"{each.name} uses what will be removed: {notice}")
    for name, breakage in broken.items():
        _echo_breakage(name, breakage)


def _site_breakages(plugins: Plugins) -> Mapping[str, BreakingChanges]:
    """Compare the installed plugins with what this site served last; empty if that is unknown.

    The list needs no site, no SECRET_KEY and no database, and creates none.
    """
    with suppress(ShopDBError):
        if has_database(site_settings().database_url):
            with site_store(migrated=False) as store:
                return breaking_changes(store.read(_served), plugins)
    return NO_BREAKING_CHANGES


def _served(connection: Connection) -> Mapping[str, ServedDeclaration]:
    return served_declarations(connection) if has_served_declarations(connection) else {}


def _echo_breakage(name: str, breakage: BreakingChanges) -> None:
    before = f" in {breakage.previousversion}" if breakage.previousversion else " before"
    when = f"since {short_time(breakage.since)}" if breakage.since else "when it is served"
    echo(f"{name} breaks what clients could rely on{before}, {when}:")
    for change in breakage.changes:
        echo(f"    {change}")


@plugin.command("show")
@click.argument("name")
@json_option
def show(name: str, *, as_json: bool) -> None:  # noqa: ARG001  # every command that reads takes the option
    """Show one plugin's endpoint, identity, fields and reports, as JSON with and without --json."""
    plugin = _plugin(name)
    collector = plugin.collector
    echo_json(
        {
            **_summary(plugin),
            "endpoint": collector.endpoint if collector else None,
            "identityfield": collector.identityfield if collector else None,
            "secondaryidentity": collector.secondaryidentity if collector else None,
            "fields": sorted(collector.declaration["fields"]) if collector else [],
            "reports": sorted(plugin.reports),
            "tables": plugin.migrations is not None,
        }
    )


@plugin.command("schema")
@click.argument("name", required=False)
@click.option("--declaration", is_flag=True, help="Print the schema of plugins' declarations instead.")
@json_option
def schema(name: str | None, *, declaration: bool, as_json: bool) -> None:  # noqa: ARG001  # as for `show`
    """Print the JSON Schema of one plugin's submissions, with and without --json."""
    if declaration == bool(name):
        raise click.UsageError("Give either the NAME of a plugin, or --declaration.")
    echo_json(_submission_schema(name) if name else declaration_schema())


def _submission_schema(name: str) -> JsonObject:
    plugin = _plugin(name)
    if plugin.collector is None:
        raise NotFound(f"The plugin {name} has no schema: {plugin.reason or 'it collects nothing'}.")
    return plugin.collector.schema


def _plugins() -> Plugins:
    return load_plugins(read_plugin_selection(site_environment()), logged=False)


def _plugin(name: str) -> Plugin:
    plugins = _plugins()
    plugin = plugins.get(name)
    if plugin is None:
        raise not_installed(name, (each.candidate for each in plugins.all()))
    return plugin


def _summary(plugin: Plugin) -> JsonObject:
    return {
        "name": plugin.name,
        "state": plugin.state,
        "distribution": plugin.candidate.distribution,
        "version": plugin.candidate.version,
        "reason": plugin.reason or None,
        "notices": list(plugin.notices),
    }
