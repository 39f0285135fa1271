"""The breaking changes that `shopdb plugin list` shows, where the database has a record.

`shopdb plugin check --against`: a plugin's declaration beside that of another release.

`shopdb plugin check`: whether a plugin keeps the contract, wherever it is.

`shopdb plugin new`: a distribution for a plugin that is yet to be written.

`shopdb plugin`: what is installed here, in which state, and what it collects; and a new one.
"""

import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import click

from shopdb_core.cli.common import (
    echo_json,
    echo_table,
    json_option,
    site_environment,
    site_settings,
    site_store,
)
from shopdb_core.declarations.check import declaration_schema
from shopdb_core.devkit.comparing import Comparison, Declared, compare_releases
from shopdb_core.devkit.isolation import InstalledPlugin, installed_plugin
from shopdb_core.devkit.results import ConformanceResult
from shopdb_core.errors import ConfigurationError, NotFound, ShopDBError
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


def site_breakages(plugins: Plugins) -> Mapping[str, BreakingChanges]:
    """Compare the installed plugins with what this site served last; empty if that is unknown.

    A list of what is installed needs no site, no SECRET_KEY and no database, and makes none.
    """
    with suppress(ShopDBError):
        if has_database(site_settings().database_url):
            with site_store(migrated=False) as store:
                return breaking_changes(store.read(_records), plugins)
    return NO_BREAKING_CHANGES


def echo_breakages(broken: Mapping[str, BreakingChanges]) -> None:
    """Print what each plugin breaks, below the table."""
    for name, breakage in broken.items():
        before = f" in {breakage.previousversion}" if breakage.previousversion else " before"
        when = f"since {breakage.since:%Y-%m-%d %H:%M:%SZ}" if breakage.since else "when it is served"
        click.echo(f"{name} breaks what clients could rely on{before}, {when}:")
        for change in breakage.changes:
            click.echo(f"    {change}")


def _records(connection: Connection) -> Mapping[str, ServedDeclaration]:
    return served_declarations(connection) if has_served_declarations(connection) else {}


def compared(plugin: InstalledPlugin, older: str) -> Comparison:
    """Compare a plugin with an older release of it, a path, a wheel or an installed one.

    Each is asked in a process of its own. Raises `ConfigurationError` where one of them declares nothing, or
    the two are different plugins.
    """
    with installed_plugin(older) as before:
        return compare_releases(_declared(before), _declared(plugin))


def _declared(plugin: InstalledPlugin) -> Declared:
    return Declared(**plugin.run("declaration"))


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
        result = ConformanceResult.from_json(plugin.run("check"))
    if as_json:
        echo_json({**result.as_json(), **({"against": comparison.as_json()} if comparison else {})})
    else:
        click.echo("\n".join([str(result), *(comparison.lines() if comparison else ())]))
    if comparison and comparison.shortfall:
        click.echo(f"shopdb: {comparison.shortfall}", err=True)
    if not result.conforms or (comparison and comparison.shortfall):
        sys.exit(1)


@click.command("new")
@click.argument("name")
@click.option("--description", help="What it collects, in one line.")
@click.option("--identity-field", "identityfield", help="The field that tells one device from another.")
@click.option("--author", help="Who holds the copyright.")
@click.option("--with-tables", "withtables", is_flag=True, help="Add tables of its own, and a report.")
@click.option("--directory", type=click.Path(path_type=Path), help="Where to; by default ./shopdb-NAME.")
@click.option("--defaults", is_flag=True, help="Ask nothing: what no option says has its default.")
def new(name: str, directory: Path | None, *, defaults: bool, **options: str | bool | None) -> None:
    """Write the distribution of a new plugin, which builds, installs and passes its own tests.

    Asks for what no option says.
    """
    writing = _writing()
    if fault := writing.distribution_fault(name):
        raise click.BadParameter(f"{name[:80]!r}; {fault}.", param_hint="NAME")
    if not (defaults or sys.stdin.isatty()):
        raise click.UsageError(
            "There is no terminal to ask on: give --defaults, and what differs by options."
        )
    place = directory or Path(f"shopdb-{name.replace('_', '-')}")
    # A flag or an option that was not given leaves its question open.
    answers = {question: answer for question, answer in options.items() if answer}
    files = writing.write_distribution(name, answers, place, asks=not defaults)
    click.echo("\n".join([f"Wrote {place}:", *(f"  {file.as_posix()}" for file in files)]))
    click.echo(f"Next:\n  cd {place}\n  python3 -m pip install -e '.[test]'\n  python3 -m pytest")


def _writing() -> ModuleType:
    """Import what needs copier; only authors of plugins have it."""
    try:
        from shopdb_core.devkit.scaffold import writing  # noqa: PLC0415  # a site has no copier
    except ModuleNotFoundError as error:
        if error.name != "copier":
            raise
        raise ConfigurationError(
            "A new plugin is written by copier, which is not installed: "
            "python3 -m pip install 'shopdb-core[testing]'"
        ) from None
    return writing


@click.group("plugin")
def plugin() -> None:
    """Show the installed plugins, check one, and begin a new one."""


plugin.add_command(check)
plugin.add_command(new)


@plugin.command("list")
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


@plugin.command("show")
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


@plugin.command("schema")
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


def _shown(breakage: BreakingChanges | None) -> JsonObject | None:
    return breakage.as_json() if breakage else None


def _plugins() -> Plugins:
    return load_plugins(read_plugin_selection(site_environment()))


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
