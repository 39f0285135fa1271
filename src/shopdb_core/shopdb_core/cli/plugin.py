"""`shopdb plugin`: show the installed plugins, check one, rebuild its tables, and write a new one."""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import click

from shopdb_core.cli.common import json_option, site_environment, site_settings, site_store
from shopdb_core.cli.output import counted, echo, echo_error, echo_json, echo_table, short_time
from shopdb_core.declarations.check import declaration_schema
from shopdb_core.devkit.comparing import Comparison, Declared, compare_releases
from shopdb_core.devkit.databases import database_servers
from shopdb_core.devkit.isolation import InstalledPlugin, installed_plugin
from shopdb_core.devkit.results import ConformanceResult
from shopdb_core.errors import ConfigurationError, NotFound, ShopDBError
from shopdb_core.plugins.discovery import installed_candidates, not_installed
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
from shopdb_core.site import Site
from shopdb_core.store import Connection
from shopdb_core.store.open import has_database
from shopdb_core.submissions.rebuild import Rebuilt, count_assets, rebuild
from shopdb_hookspecs import JsonObject

if TYPE_CHECKING:
    # A site does not install copier, which the module imports.
    from shopdb_core.devkit.scaffold import Question

MOST_FAILURES = 100


@click.group("plugin")
def plugin() -> None:
    """Show, check and write plugins, and rebuild their tables."""


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


@plugin.command("check")
@click.argument("target", required=False, metavar="[PATH|WHEEL|NAME]")
@click.option("--against", "older", metavar="PATH|WHEEL|NAME", help="Compare with an older release, too.")
@click.option(
    "--database-url", "urls", metavar="URL", multiple=True, help="Also check on this server; may be repeated."
)
@json_option
def check(target: str | None, older: str | None, urls: Sequence[str], *, as_json: bool) -> None:
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


@plugin.command("rebuild")
@click.argument("name")
@click.option("--dry-run", "dryrun", is_flag=True, help="Count the rows that would change; write nothing.")
@json_option
def rebuild_command(name: str, *, dryrun: bool, as_json: bool) -> None:
    """Write a plugin's own tables anew from the fields of its assets.

    Run it after an upgrade that added a table or a column, or after an edit by hand. Exits with 1 if the
    plugin failed for an asset. The site may be in use meanwhile.
    """
    groups: list[Rebuilt] = []
    with Site.open(site_settings(), record_served=False) as site:
        collector = site.plugins.collector(name)
        with click.progressbar(
            length=count_assets(site.store, collector),
            label="Comparing" if dryrun else "Rebuilding",
            file=sys.stderr,
            hidden=as_json or not sys.stderr.isatty(),
        ) as bar:
            for group in rebuild(site.store, collector, dryrun=dryrun):
                groups.append(group)
                bar.update(group.assets)
    _echo_rebuilt(groups, dryrun=dryrun, as_json=as_json)


def _echo_rebuilt(groups: list[Rebuilt], *, dryrun: bool, as_json: bool) -> None:
    assets = sum(group.assets for group in groups)
    failures = [failure for group in groups for failure in group.failures]
    missing: Counter[str] = sum((Counter(group.missing) for group in groups), Counter())
    wrong: Counter[str] = sum((Counter(group.wrong) for group in groups), Counter())
    if as_json:
        shown = [{"assetid": assetid, "message": message} for assetid, message in failures[:MOST_FAILURES]]
        differing = {"missing": dict(missing), "wrong": dict(wrong)} if dryrun else {}
        echo_json({"assets": assets, "failures": len(failures), **differing, "shown": shown})
    else:
        for assetid, message in failures[:MOST_FAILURES]:
            echo(f"asset {assetid}: {message}")
        for table in sorted({*missing, *wrong}):
            echo(f"{table}: {missing[table]} rows are missing, {wrong[table]} are wrong")
        done = f"{'compared' if dryrun else 'rebuilt'} {counted(assets, 'asset')}"
        echo(f"{done}, {counted(len(failures), 'failure')}")
    if failures:
        echo(f"shopdb: the plugin failed for {len(failures)} assets; their rows were kept.", err=True)
        sys.exit(1)


@plugin.command("new")
@click.argument("name")
@click.option("--description", help="What the plugin collects, in one line.")
@click.option("--identity-field", "identityfield", help="The field that identifies a device.")
@click.option("--author", help="The holder of the copyright.")
@click.option("--with-tables", "withtables", is_flag=True, help="Add tables and a report.")
@click.option(
    "--directory", type=click.Path(path_type=Path), help="The folder to write; default ./shopdb-NAME."
)
@click.option("--defaults", is_flag=True, help="Do not ask: use the default of each option that is missing.")
@json_option
def new(
    name: str, directory: Path | None, *, defaults: bool, as_json: bool, **options: str | bool | None
) -> None:
    """Write the distribution of a new plugin, which builds, installs and passes its own tests.

    Prompts for each option that is missing; Enter takes what is in brackets.
    """
    scaffold = _scaffold()
    if fault := scaffold.distribution_fault(name):
        raise click.BadParameter(f"{name[:80]!r}; {fault}.", param_hint="NAME")
    if not (defaults or sys.stdin.isatty()):
        raise click.UsageError(
            "Standard input is not a terminal: give --defaults, and options for what should differ from them."
        )
    folder = directory or Path(f"shopdb-{name.replace('_', '-')}")
    # A flag or an option that was not given leaves its question open.
    answers = {question: answer for question, answer in options.items() if answer}
    _warn_if_taken(name)
    if not defaults:
        answers |= {each.name: _prompt(each) for each in scaffold.questions(name) if each.name not in answers}
    files = scaffold.write_distribution(name, answers, folder)
    if as_json:
        echo_json({"directory": str(folder), "files": [file.as_posix() for file in files]})
        return
    echo(f"Wrote {folder}:")
    for file in files:
        echo(f"  {file.as_posix()}")
    for line in ("Next:", f"  cd {folder}", "  python3 -m pip install -e '.[test]'", "  python3 -m pytest"):
        echo(line)


def _scaffold() -> ModuleType:
    """Import what needs copier: a site does not install it."""
    try:
        from shopdb_core.devkit import scaffold  # noqa: PLC0415  # a site does not install copier
    except ModuleNotFoundError as error:
        if error.name != "copier":
            raise
        raise ConfigurationError(
            "A new plugin is written by copier, which is not installed: "
            "python3 -m pip install 'shopdb-core[testing]'"
        ) from None
    return scaffold


def _warn_if_taken(name: str) -> None:
    """Warn if an installed plugin has the name: a site would serve neither of the two."""
    for candidate in installed_candidates():
        if candidate.name == name:
            echo_error(
                f"warning: {candidate.distribution} {candidate.version} is installed and has a plugin {name};"
                " a site cannot serve two plugins of one name."
            )


def _prompt(question: "Question") -> str | bool:
    """Ask on stderr until the answer is valid; the default is shown in brackets, and Enter takes it."""
    if isinstance(question.default, bool):
        return click.confirm(question.text, default=question.default, err=True)

    def valid(answer: str) -> str:
        if fault := question.fault(answer):
            raise click.UsageError(fault)
        return answer

    answer: str = click.prompt(question.text, default=question.default, value_proc=valid, err=True)
    return answer
