"""Bring the database's tables to what the code needs, and say how far they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, insert, inspect, select

from shopdb_core.store.opening import migrating
from shopdb_core.store.scripts import (
    CORE,
    VERSION_TABLE_PREFIX,
    BrokenMigrations,
    MigrationScripts,
    core_scripts,
    current_revision,
)
from shopdb_core.store.tables import migrationfailure


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    """Where one distribution stands.

    `head` is `None` for a plugin that is gone or broken; `failure` is what the last upgrade to this
    head, or the reading of the scripts, ended with.
    """

    name: str
    current: str | None
    head: str | None
    failure: str | None = None

    @property
    def behind(self) -> bool:
        """Whether there is a newer revision to run."""
        return self.head is not None and self.current != self.head


def upgrade(database_url: str, plugins: Sequence[MigrationScripts]) -> list[MigrationStatus]:
    """Migrate the core, then each plugin, each in a transaction for which other upgrades wait.

    A plugin that fails is rolled back where the database can, remembered and reported in its status; the
    others go on.
    Raises `ConfigurationError` for the URL, its subclass `BrokenMigrations` for the core, and `Unavailable`
    where the lock is not to be had.
    """
    with migrating(database_url) as connection:
        core_scripts().upgrade(connection)
    for scripts in plugins:
        _upgrade_plugin(database_url, scripts)
    with migrating(database_url) as connection:
        return migration_statuses(connection, plugins)


def migration_statuses(connection: Connection, plugins: Sequence[MigrationScripts]) -> list[MigrationStatus]:
    """Return the status of the core, of each plugin in turn, and of plugins that are gone."""
    present = [_status(connection, scripts) for scripts in (core_scripts(), *plugins)]
    known = {status.name for status in present}
    prefix = len(VERSION_TABLE_PREFIX)
    tables = sorted(
        name for name in inspect(connection).get_table_names() if name.startswith(VERSION_TABLE_PREFIX)
    )
    gone = [name[prefix:] for name in tables if name[prefix:] not in known]
    return present + [MigrationStatus(name, current_revision(connection, name), None) for name in gone]


def _status(connection: Connection, scripts: MigrationScripts) -> MigrationStatus:
    current = current_revision(connection, scripts.name)
    try:
        head = scripts.head()
        scripts.require_known(current)
    except BrokenMigrations as error:
        return MigrationStatus(scripts.name, current, None, str(error))
    # On a cluster another upgrade may have reached the head at which this site's own gave up.
    failure = _failure(connection, scripts.name, head) if current != head else None
    return MigrationStatus(scripts.name, current, head, failure)


def _failure(connection: Connection, name: str, head: str | None) -> str | None:
    if name == CORE or head is None:
        return None
    query = select(migrationfailure.c.reason).where(
        migrationfailure.c.name == name, migrationfailure.c.revision == head
    )
    return connection.scalar(query) if inspect(connection).has_table(migrationfailure.name) else None


def _upgrade_plugin(database_url: str, scripts: MigrationScripts) -> None:
    try:
        with migrating(database_url) as connection:
            scripts.upgrade(connection)
            connection.execute(delete(migrationfailure).where(migrationfailure.c.name == scripts.name))
    except BrokenMigrations as error:
        _remember(database_url, scripts, str(error))


def _remember(database_url: str, scripts: MigrationScripts, reason: str) -> None:
    """Let the next start know that this head cannot be reached, so that the other plugins serve."""
    try:
        head = scripts.head()
    except BrokenMigrations:
        return
    with migrating(database_url) as connection:
        connection.execute(delete(migrationfailure).where(migrationfailure.c.name == scripts.name))
        connection.execute(
            insert(migrationfailure).values(
                name=scripts.name, revision=head, reason=reason, at=datetime.now(UTC)
            )
        )
