"""`upgrade` runs the migrations of the core and the plugins; `migration_statuses` reports their revisions.

Alembic is imported where it is used: a server whose tables are up to date starts without it.
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, insert, inspect, select

from shopdb_core.errors import ConfigurationError, first_line, frames_in_directory, raised_at
from shopdb_core.store.databases import DATABASES
from shopdb_core.store.interface import guarded
from shopdb_core.store.open import migration_transaction
from shopdb_core.store.revisions import VERSION_TABLE_PREFIX, current_revision, plain_head
from shopdb_core.store.tables import REASON_LENGTH, migrationfailure

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import Script, ScriptDirectory

CORE = "core"

_ENVIRONMENT = Path(__file__).parent / "migrations"


class BrokenMigrations(ConfigurationError):
    """A distribution's migration scripts cannot be read, or one of them failed."""


@dataclass(frozen=True, slots=True)
class MigrationScripts:
    """The migrations of the core (named `core`) or of one plugin."""

    name: str
    directory: Path

    def head(self) -> str | None:
        """Return the newest revision, `None` without scripts; raises `BrokenMigrations` for several."""
        with self._naming_distribution("cannot be read"):
            heads = self._script_directory().get_heads()
            if len(heads) > 1:
                both = " and ".join(sorted(heads))
                raise ValueError(f"{both} have no successor: let one name the other as its down_revision")
            return next(iter(heads), None)

    def require_known(self, revision: str | None) -> None:
        """Raise `BrokenMigrations` for a revision that only a later release can contain."""
        with self._naming_distribution("cannot be read"):
            scripts = list(self._script_directory().walk_revisions())
        if revision is not None and revision not in {script.revision for script in scripts}:
            raise BrokenMigrations(
                f"The tables of {self.name} are at {revision}, which the installed release does not know: "
                "install the release that made them"
            )

    def upgrade(self, connection: Connection) -> None:
        """Run the missing migrations in the connection's transaction; raises `BrokenMigrations`."""
        from alembic import command  # noqa: PLC0415  # see the module's docstring

        self.require_known(current_revision(connection, self.name))
        with self._naming_distribution(_failed(connection)), guarded(connection):
            command.upgrade(self._config(connection), "head")

    def pending(self, connection: Connection) -> list["PendingMigration"]:
        """Return what `upgrade` would run, in its order; raises `BrokenMigrations`."""
        current = current_revision(connection, self.name)
        self.require_known(current)
        with self._naming_distribution("cannot be read"):
            newest_first = self._script_directory().iterate_revisions("head", current or "base")
            scripts = [script for script in newest_first if script.revision != current]
        return [
            PendingMigration(
                self.name, script.revision, script.doc.partition("\n")[0], self._sql(connection, script)
            )
            for script in reversed(scripts)
        ]

    def _sql(self, connection: Connection, script: "Script") -> str | None:
        """Return the statements of one migration, `None` if they depend on what is in the tables."""
        from alembic import command  # noqa: PLC0415  # see the module's docstring

        config = self._config(connection)
        config.output_buffer = StringIO()
        before = f"{script.down_revision}:" if script.down_revision else ""
        try:
            command.upgrade(config, f"{before}{script.revision}", sql=True)
        except (Exception, SystemExit):  # noqa: BLE001  # a plugin's code, which got no connection
            return None
        return config.output_buffer.getvalue()

    def downgrade(self, connection: Connection) -> None:
        """Run every migration backwards, in the connection's transaction; raises `BrokenMigrations`."""
        from alembic import command  # noqa: PLC0415  # see the module's docstring

        with self._naming_distribution(_failed(connection)), guarded(connection):
            command.downgrade(self._config(connection), "base")

    def _script_directory(self) -> "ScriptDirectory":
        from alembic.script import ScriptDirectory  # noqa: PLC0415  # see the module's docstring

        return ScriptDirectory.from_config(self._config())

    def _config(self, connection: Connection | None = None) -> "Config":
        from alembic.config import Config  # noqa: PLC0415  # see the module's docstring

        config = Config()
        config.set_main_option("script_location", _escaped(_ENVIRONMENT))
        config.set_main_option("version_locations", _escaped(self.directory))
        config.set_main_option("path_separator", "newline")
        config.attributes.update(connection=connection, version_table=VERSION_TABLE_PREFIX + self.name)
        return config

    @contextmanager
    def _naming_distribution(self, what_failed: str) -> Iterator[None]:
        """Turn any exception into `BrokenMigrations`: a script is a plugin's code."""
        with warnings.catch_warnings():
            # Alembic only warns about a duplicate or missing revision.
            warnings.filterwarnings("error", "Revision .* is (present more than once|not present)")
            try:
                yield
            except (Exception, SystemExit) as error:
                raise BrokenMigrations(self._message(what_failed, error)) from error

    def _message(self, what_failed: str, error: BaseException) -> str:
        """Return the exception and its place in the scripts, cut to the length of the table's column."""
        begin = f"The migrations of {self.name} {what_failed}: "
        place = raised_at(error, frames_in_directory(self.directory))
        return begin + first_line(error)[: REASON_LENGTH - len(begin) - len(place)] + place


@dataclass(frozen=True, slots=True)
class PendingMigration:
    """One migration that would run: its distribution, revision, first sentence and statements.

    `sql` is `None` where the statements depend on what is in the tables.
    """

    name: str
    revision: str
    description: str
    sql: str | None


def core_scripts() -> MigrationScripts:
    """Return the core's own migrations."""
    return MigrationScripts(CORE, _ENVIRONMENT / "versions")


def _failed(connection: Connection) -> str:
    """Return the words for a failed migration, and for what it leaves."""
    if DATABASES[connection.dialect.name].transactional_ddl:
        return "failed and were rolled back"
    return "failed, and this database cannot roll back what ran before"


def _escaped(path: Path) -> str:
    """Escape the percent signs of a path: Alembic's configuration interpolates."""
    return str(path).replace("%", "%%")


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    """The revisions of one distribution.

    current: the revision of its tables; `None` before its first migration.
    head: its newest revision; `None` for a plugin that is no longer installed or whose scripts are broken.
    failure: why the scripts cannot be read, or the last upgrade to `head` failed.
    """

    name: str
    current: str | None
    head: str | None
    failure: str | None = None

    @property
    def behind(self) -> bool:
        """Whether there is a migration to run."""
        return self.head is not None and self.current != self.head


def upgrade(database_url: str, plugins: Sequence[MigrationScripts]) -> list[MigrationStatus]:
    """Migrate the core, then each plugin, each in a transaction that other upgrades wait for.

    A plugin that fails is rolled back if the database can do so; its failure is stored and is part of its
    status, and the next plugin follows. Raises `BrokenMigrations` if the core fails, `ConfigurationError`
    for the URL, and `Unavailable` if the lock cannot be taken.
    """
    with migration_transaction(database_url) as connection:
        core_scripts().upgrade(connection)
    for scripts in plugins:
        _upgrade_plugin(database_url, scripts)
    with migration_transaction(database_url) as connection:
        return migration_statuses(connection, plugins)


def migration_statuses(connection: Connection, plugins: Sequence[MigrationScripts]) -> list[MigrationStatus]:
    """Return the status of the core, of each plugin in order, and of plugins that are no longer installed."""
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
    if current is not None and current == plain_head(scripts.directory):
        return MigrationStatus(scripts.name, current, current)
    try:
        head = scripts.head()
        scripts.require_known(current)
    except BrokenMigrations as error:
        return MigrationStatus(scripts.name, current, None, str(error))
    # On a cluster another upgrade may have reached the head that this one failed to reach.
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
        with migration_transaction(database_url) as connection:
            scripts.upgrade(connection)
            connection.execute(delete(migrationfailure).where(migrationfailure.c.name == scripts.name))
    except BrokenMigrations as error:
        _record_failure(database_url, scripts, str(error))


def _record_failure(database_url: str, scripts: MigrationScripts, reason: str) -> None:
    """Store why this head cannot be reached: the next start then serves the other plugins."""
    try:
        head = scripts.head()
    except BrokenMigrations:
        return
    with migration_transaction(database_url) as connection:
        connection.execute(delete(migrationfailure).where(migrationfailure.c.name == scripts.name))
        connection.execute(
            insert(migrationfailure).values(
                name=scripts.name, revision=head, reason=reason, at=datetime.now(UTC)
            )
        )
