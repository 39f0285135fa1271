"""What `shopdb db upgrade` would do: the pending migrations, and how many rows their tables have."""

import re
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass

from shopdb_core.errors import ConfigurationError
from shopdb_core.operations.records import count_rows
from shopdb_core.plugins.registry import load_plugins
from shopdb_core.settings import Settings
from shopdb_core.site import migration_scripts
from shopdb_core.store import Connection, open_store
from shopdb_core.store.migrate import PendingMigration, core_scripts
from shopdb_core.store.open import has_database

_TOUCHED = re.compile(
    r"^(?:ALTER TABLE|UPDATE|INSERT INTO|DELETE FROM|CREATE (?:UNIQUE )?INDEX \S+ ON)\s+[`\"]?(\w+)",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class PlannedMigration:
    """A pending migration, and the number of rows of each table that exists and that it touches."""

    migration: PendingMigration
    rows: Mapping[str, int]


def plan_upgrade(settings: Settings) -> list[PlannedMigration]:
    """Return the pending migrations of the core and of each active plugin; nothing is written.

    Raises `ConfigurationError` and `Unavailable` as `upgrade_site` does, and `BrokenMigrations` for tables
    of a later release.
    """
    scripts = [core_scripts(), *migration_scripts(load_plugins(settings.plugin_selection))]

    def plan(connection: Connection) -> list[PlannedMigration]:
        pending = [migration for each in scripts for migration in each.pending(connection)]
        return [PlannedMigration(each, count_rows(connection, _tables(each))) for each in pending]

    if not has_database(settings.database_url):
        raise ConfigurationError("There is no database yet: `shopdb db upgrade` makes one.")
    with closing(open_store(settings)) as store:
        return store.read(plan)


def _tables(migration: PendingMigration) -> Iterable[str]:
    """Return the tables that the statements touch, without Alembic's own."""
    found = _TOUCHED.findall(migration.sql or "")
    return sorted({name for name in found if not name.startswith("alembic_version_")})
