"""The list of commands: each is imported only when it is called, and plugins add theirs by entry point."""

import gc
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import click

from shopdb_core.cli.summary import command_summary
from shopdb_core.errors import ConfigurationError, first_line, frames_in_package, raised_at
from shopdb_core.plugins.discovery import ENTRY_POINT_GROUP, selected_names
from shopdb_core.settings import read_plugin_selection, with_dotenv

COMMAND_GROUP = "shopdb_commands"

COMMANDS: Mapping[str, tuple[str, str]] = {
    "asset": ("assets.show", "Show and edit the assets of this site, and show their history."),
    "audit": ("site.audit", "Verify the audit's seals, and prune it."),
    "backup": ("database.backup", "Write the database to one archive, while the site is in use."),
    "changes": ("site.changes", "Show what was committed, in order, and follow it."),
    "config": ("site.config", "Show the settings of this site, and find what is wrong with them."),
    "copy": ("database.copy", "Copy the site into another database, whole or as of a time."),
    "counts": ("submissions.outcomes", "Show how many submissions of each day had each outcome."),
    "db": ("database.db", "Bring the database's tables up to date."),
    "doctor": ("site.doctor", "Check settings, database, backups and collectors of this site."),
    "duplicates": ("assets.duplicates", "Show which assets may be one device, and ignore findings."),
    "init": ("site.init", "Write a .env file with new secrets, and create the database."),
    "plugin": ("plugins.show", "Show, check and write plugins, and rebuild their tables."),
    "refusals": ("submissions.outcomes", "Show the submissions that were refused last."),
    "report": ("report", "Run a report of a plugin."),
    "restore": ("database.backup", "Restore an archive into an empty database."),
    "search": ("database.search", "Check and repair the index of searches."),
    "serve": ("site.serve", "Serve the API and the console."),
    "submit": ("submissions.submit", "Send files to a running server."),
    "token": ("site.token", "Issue, list and revoke the tokens of programs."),
    "user": ("site.user", "Add, show and change the users of this site."),
    "validate": ("submissions.validate", "Validate files as the endpoint does, offline."),
    "webhooks": ("site.webhooks", "Show how far the webhooks are, and resume them."),
}
"""The module of each command, in which a function has the command's name, and the line of `shopdb --help`."""


class ShopDBGroup(click.Group):
    """Lists the commands with their help without importing them."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Return the names of the core's commands and of those that admitted plugins add."""
        return sorted({*COMMANDS, *_plugin_commands()})

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name in COMMANDS:
            module, _ = COMMANDS[cmd_name]
            with _nothing_collected():
                command: click.Command = getattr(import_module(f"shopdb_core.cli.{module}"), cmd_name)
            return command
        entry_points = _plugin_commands().get(cmd_name, [])
        return _plugin_command(entry_points) if entry_points else None

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of `shopdb --help`."""
        rows = [(name, text) for name, (_, text) in COMMANDS.items()]
        rows += [(name, _plugin_summary(found)) for name, found in _plugin_commands().items()]
        with formatter.section("Commands"):
            formatter.write_dl(sorted(rows))


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Import without collections of garbage, and exclude what was imported from later ones: it stays.

    A sixth of the time until a server listens was spent on them.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _plugin_commands() -> Mapping[str, Sequence[EntryPoint]]:
    """Return the commands that admitted plugins add; those of a blocked plugin must not be imported."""
    plugins = entry_points(group=ENTRY_POINT_GROUP)
    admitted = selected_names(plugins.names, read_plugin_selection(with_dotenv(os.environ, Path())))
    distributions = {plugin.dist for plugin in plugins if plugin.name in admitted and plugin.dist}
    commands: dict[str, list[EntryPoint]] = {}
    for distribution in distributions:
        for point in distribution.entry_points.select(group=COMMAND_GROUP):
            if point.name not in COMMANDS:
                commands.setdefault(point.name, []).append(point)
    return commands


def _origin(entry_point: EntryPoint) -> str:
    return entry_point.dist.name if entry_point.dist else ""


def _origins(entry_points: Sequence[EntryPoint]) -> str:
    return " and ".join(sorted(map(_origin, entry_points)))


def _plugin_summary(entry_points: Sequence[EntryPoint]) -> str:
    """Return the line of `shopdb --help` for a plugin's command: its first sentence, and its distribution."""
    entry_point, *others = entry_points
    sentence = "" if others else command_summary(entry_point.module, entry_point.attr)
    return f"{sentence} From {_origins(entry_points)}.".lstrip()


def _plugin_command(entry_points: Sequence[EntryPoint]) -> click.Command:
    """Import a plugin's command; raises `ConfigurationError` with its distribution if that fails."""
    entry_point, *others = entry_points
    if others:
        raise ConfigurationError(
            f"The command {entry_point.name} is claimed by {_origins(entry_points)}: uninstall one, or leave "
            "its plugin out with SHOPDB_BLOCKED_PLUGINS"
        )
    subject = f"The command {entry_point.name} of {_origin(entry_point)}"
    try:
        found = entry_point.load()
    except (Exception, SystemExit) as error:
        package = entry_point.module.partition(".")[0]
        what = f"{type(error).__name__}: {first_line(error)}{raised_at(error, frames_in_package(package))}"
        raise ConfigurationError(f"{subject} cannot be imported: {what}") from error
    if not isinstance(found, click.Command):
        raise ConfigurationError(f"{subject} is not a click.Command: {entry_point.value}")
    return found
