"""`shopdb plugin`: what is installed here, in which state, and what it collects; and a new one."""

import click

from shopdb_core.cli.breaking import echo_breakages, site_breakages
from shopdb_core.cli.plugin_check import check
from shopdb_core.cli.plugin_new import new
from shopdb_core.cli.site import echo_json, echo_table, json_option, site_environment
from shopdb_core.environment import read_admission
from shopdb_core.errors import NotFound
from shopdb_core.plugins.candidates import not_installed
from shopdb_core.plugins.declaration import declaration_schema
from shopdb_core.plugins.registry import Plugin, Plugins, load_plugins
from shopdb_core.served_declarations import Breakage
from shopdb_hookspecs import JsonObject


@click.group("plugin")
def command() -> None:
    """Show the installed plugins, check one, and begin a new one."""


command.add_command(check)
command.add_command(new)


@command.command("list")
@json_option
def list_command(*, as_json: bool) -> None:
    """List every installed plugin with its state, and what it breaks."""
    plugins = _plugins()
    broken = site_breakages(plugins)
    rows = [_summary(plugin) for plugin in plugins.all()]
    if as_json:
        echo_json([{**row, "breakingchanges": _shown(broken.get(row["name"]))} for row in rows])
    else:
        echo_table(rows, ("name", "state", "distribution", "version", "reason"))
        for plugin in plugins.all():
            for notice in plugin.notices:
                click.echo(f"{plugin.name} uses what will be removed: {notice}")
        echo_breakages(broken)


@command.command("show")
@click.argument("name")
def show(name: str) -> None:
    """Show what one plugin brings, as JSON."""
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


@command.command("schema")
@click.argument("name", required=False)
@click.option("--declaration", is_flag=True, help="Print the schema of what plugins declare, instead.")
def schema(name: str | None, *, declaration: bool) -> None:
    """Print the JSON Schema of one plugin's submissions, for editors and other tools."""
    if declaration == bool(name):
        raise click.UsageError("Give either the NAME of a plugin, or --declaration.")
    echo_json(_submission_schema(name) if name else declaration_schema())


def _submission_schema(name: str) -> JsonObject:
    plugin = _plugin(name)
    if plugin.collector is None:
        raise NotFound(f"The plugin {name} has no schema: {plugin.reason or 'it collects nothing'}.")
    return plugin.collector.schema


def _shown(breakage: Breakage | None) -> JsonObject | None:
    return breakage.shown() if breakage else None


def _plugins() -> Plugins:
    return load_plugins(read_admission(site_environment()))


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
