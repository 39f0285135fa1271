"""`shopdb db`: the tables of the core and of each plugin."""

import sys
from dataclasses import asdict

import click

from shopdb_core.cli.site import echo_json, echo_table, json_option, site_settings, site_store
from shopdb_core.plugins.registry import load_plugins
from shopdb_core.site import migration_scripts, upgrade_site
from shopdb_core.store.upgrade import MigrationStatus, migration_statuses


@click.group("db")
def command() -> None:
    """Bring the database's tables up to date."""


@command.command("upgrade")
def upgrade_command() -> None:
    """Run the migrations that are missing, of the core and then of each active plugin."""
    echo_upgrade()


@command.command("status")
@json_option
def status_command(*, as_json: bool) -> None:
    """Show how far each distribution's tables are, plugins that are gone included."""
    scripts = migration_scripts(load_plugins(site_settings().admission))
    with site_store(migrated=False) as store:
        statuses = store.read(lambda connection: migration_statuses(connection, scripts))
    rows = [asdict(status) | {"state": _state(status)} for status in statuses]
    if as_json:
        echo_json(rows)
    else:
        echo_table(rows, ("name", "current", "head", "state"))


def echo_upgrade() -> None:
    """Upgrade this site's database; exits with 1 where a plugin's migration failed."""
    statuses = upgrade_site(site_settings())
    for status in statuses:
        click.echo(f"{status.name}: {status.current or 'no tables'}, {_state(status)}")
    failures = [status for status in statuses if status.failure]
    for status in failures:
        click.echo(f"shopdb: {status.failure}. The other plugins serve.", err=True)
    if failures:
        sys.exit(1)


def _state(status: MigrationStatus) -> str:
    if status.failure:
        return "failed"
    if status.head is None:
        return "plugin is gone, its tables are kept"
    return "behind: run `shopdb db upgrade`" if status.behind else "up to date"
