"""The breaking changes that `shopdb plugin list` shows, where the database has a record."""

from collections.abc import Mapping
from contextlib import suppress

import click

from shopdb_core.cli.site import site_settings, site_store
from shopdb_core.errors import ShopDBError
from shopdb_core.plugins.registry import Plugins
from shopdb_core.served_declarations import (
    NOTHING_BROKEN,
    Breakage,
    Served,
    breakages,
    has_served_declarations,
    served_declarations,
)
from shopdb_core.store import Connection
from shopdb_core.store.opening import has_database


def site_breakages(plugins: Plugins) -> Mapping[str, Breakage]:
    """Compare the installed plugins with what this site served last; empty if that is unknown.

    A list of what is installed needs no site, no SECRET_KEY and no database, and makes none.
    """
    with suppress(ShopDBError):
        if has_database(site_settings().database_url):
            with site_store(migrated=False) as store:
                return breakages(store.read(_records), plugins)
    return NOTHING_BROKEN


def echo_breakages(broken: Mapping[str, Breakage]) -> None:
    """Print what each plugin breaks, below the table."""
    for name, breakage in broken.items():
        before = f" in {breakage.previousversion}" if breakage.previousversion else " before"
        when = f"since {breakage.since:%Y-%m-%d %H:%M:%SZ}" if breakage.since else "when it is served"
        click.echo(f"{name} breaks what clients could rely on{before}, {when}:")
        for change in breakage.changes:
            click.echo(f"    {change}")


def _records(connection: Connection) -> Mapping[str, Served]:
    return served_declarations(connection) if has_served_declarations(connection) else {}
