"""Whether the database's tables are what the code needs, before the first request."""

from shopdb_core.errors import ConfigurationError, SchemaBehind
from shopdb_core.plugins.registry import Plugins
from shopdb_core.store import Store
from shopdb_core.store.scripts import CORE, MigrationScripts
from shopdb_core.store.upgrade import migration_statuses


def migration_scripts(plugins: Plugins) -> list[MigrationScripts]:
    """Return the migrations of every active plugin that has tables."""
    return [
        MigrationScripts(plugin.name, plugin.migrations) for plugin in plugins.active() if plugin.migrations
    ]


def check_schema(store: Store, plugins: Plugins) -> None:
    """Refuse a schema that is behind; quarantine a plugin whose migrations are broken or have failed.

    Raises `SchemaBehind`, with the command to run, and `ConfigurationError` where the core itself is too old.
    """
    scripts = migration_scripts(plugins)
    for status in store.read(lambda connection: migration_statuses(connection, scripts)):
        if status.failure and status.name == CORE:
            raise ConfigurationError(status.failure)
        if status.failure:
            plugins.quarantine(status.name, status.failure)
        elif status.behind:
            raise SchemaBehind(
                f"The tables of {status.name} are at {status.current or 'nothing'} and must be at "
                f"{status.head}: run `shopdb db upgrade`"
            )
