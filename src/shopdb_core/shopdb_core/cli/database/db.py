"""`shopdb db`: the migrations of the site's database, and their state."""

import sys
from collections.abc import Sequence
from dataclasses import asdict

import click

from shopdb_core.cli.common import json_option, site_settings, site_store
from shopdb_core.cli.database.search import index_with_progress
from shopdb_core.cli.output import counted, echo, echo_error, echo_json, echo_table
from shopdb_core.operations.upgrades import PlannedMigration, plan_upgrade
from shopdb_core.plugins.registry import load_plugins
from shopdb_core.settings import Settings
from shopdb_core.site import migration_scripts, upgrade_site
from shopdb_core.store.migrate import MigrationStatus, migration_statuses
from shopdb_hookspecs import JsonObject


@click.group("db")
def db() -> None:
    """Bring the database's tables up to date."""


@db.command("upgrade")
@click.option("--dry-run", is_flag=True, help="Show the pending migrations and their SQL, and run none.")
@json_option
def upgrade(*, dry_run: bool, as_json: bool) -> None:
    """Run the pending migrations of the core, then those of each active plugin."""
    if dry_run:
        _echo_plan(plan_upgrade(site_settings()), as_json=as_json)
    else:
        run_upgrade(site_settings(), as_json=as_json)


@db.command("status")
@click.option(
    "--check", "is_check", is_flag=True, help="Exit with 1 if a migration is pending or has failed."
)
@json_option
def status(*, is_check: bool, as_json: bool) -> None:
    """Show the version of each distribution's tables, including plugins that were removed."""
    scripts = migration_scripts(load_plugins(site_settings().plugin_selection))
    with site_store(migrated=False) as store:
        statuses = store.read(lambda connection: migration_statuses(connection, scripts))
    if as_json:
        echo_json(status_rows(statuses))
    else:
        echo_table(status_rows(statuses), ("name", "current", "head", "state"))
    pending = [each.name for each in statuses if each.behind or each.failure]
    if is_check and pending:
        echo_error(f"migrations are pending for {', '.join(pending)}: run `shopdb db upgrade`")
        sys.exit(1)


def _echo_plan(plan: Sequence[PlannedMigration], *, as_json: bool) -> None:
    if as_json:
        echo_json([{**asdict(each.migration), "rows": each.rows} for each in plan])
        return
    for each in plan:
        echo(f"{each.migration.name} {each.migration.revision}: {each.migration.description}", bold=True)
        rows = [f"{name} has {counted(number, 'row')}" for name, number in each.rows.items()]
        echo(f"  touches: {', '.join(rows) or 'new tables only'}")
        sql = each.migration.sql
        for line in ["its statements depend on the data"] if sql is None else sql.strip().splitlines():
            echo(f"  {line}" if line else "")
    echo(f"{counted(len(plan), 'pending migration')}; nothing was changed")


def status_rows(statuses: Sequence[MigrationStatus]) -> list[JsonObject]:
    """Return what `--json` prints of each distribution's tables."""
    return [asdict(each) | {"state": _state(each)} for each in statuses]


def run_upgrade(settings: Settings, *, as_json: bool = False) -> None:
    """Upgrade the site's database; exits with 1 if a plugin's migration failed.

    The words of assets that were not indexed yet are: of all, after the upgrade to a release with searches.
    """
    statuses = upgrade_site(settings)
    with site_store() as store:
        index_with_progress(store, hidden=as_json)
    if as_json:
        echo_json(status_rows(statuses))
    for each in () if as_json else statuses:
        echo(f"{each.name}: {each.current or 'no tables'}, {_state(each)}")
    exit_if_failed(statuses)


def exit_if_failed(statuses: Sequence[MigrationStatus]) -> None:
    """Exit with 1 if a plugin's migration failed."""
    failures = [each.failure for each in statuses if each.failure]
    for failure in failures:
        echo_error(f"{failure}. The other plugins serve.")
    if failures:
        sys.exit(1)


def _state(status: MigrationStatus) -> str:
    if status.failure:
        return "failed"
    if status.head is None:
        return "plugin is gone, its tables are kept"
    return "behind: run `shopdb db upgrade`" if status.behind else "up to date"
