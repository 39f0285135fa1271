"""One distribution's migrations: the scripts in its directory, and how far the database has run them.

Bring the database's tables to what the code needs, and say how far they are.
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, delete, insert, inspect, select

from shopdb_core.errors import ConfigurationError, first_line, frames_in_directory, raised_at
from shopdb_core.store.open import migrating
from shopdb_core.store.tables import REASON_LENGTH, migrationfailure
from shopdb_core.store.transaction_guard import lent

CORE = "core"
VERSION_TABLE_PREFIX = "alembic_version_"

_ENVIRONMENT = Path(__file__).parent / "migrations"

_COMMITS_BY_ITSELF = "mysql"
"""The database that commits at every statement that makes or changes a table."""


class BrokenMigrations(ConfigurationError):
    """A distribution's migration scripts cannot be read, or one of them failed."""


@dataclass(frozen=True, slots=True)
class MigrationScripts:
    """The migrations of the core (named `core`) or of one plugin."""

    name: str
    directory: Path

    def head(self) -> str | None:
        """Return the newest revision; raises `BrokenMigrations` where there is not exactly one."""
        with self._blamed("cannot be read"):
            heads = ScriptDirectory.from_config(self._config()).get_heads()
            if len(heads) > 1:
                both = " and ".join(sorted(heads))
                raise ValueError(f"{both} have no successor: let one name the other as its down_revision")
            return next(iter(heads), None)

    def require_known(self, revision: str | None) -> None:
        """Raise `BrokenMigrations` for a revision that only a later release can have made."""
        with self._blamed("cannot be read"):
            scripts = list(ScriptDirectory.from_config(self._config()).walk_revisions())
        if revision is not None and revision not in {script.revision for script in scripts}:
            raise BrokenMigrations(
                f"The tables of {self.name} are at {revision}, which the installed release does not know: "
                "install the release that made them"
            )

    def upgrade(self, connection: Connection) -> None:
        """Run what is missing, in the connection's transaction; raises `BrokenMigrations`."""
        self.require_known(current_revision(connection, self.name))
        with self._blamed(_failed(connection)), lent(connection):
            command.upgrade(self._config(connection), "head")

    def downgrade(self, connection: Connection) -> None:
        """Run every migration backwards, in the connection's transaction; raises `BrokenMigrations`."""
        with self._blamed(_failed(connection)), lent(connection):
            command.downgrade(self._config(connection), "base")

    def _config(self, connection: Connection | None = None) -> Config:
        config = Config()
        config.set_main_option("script_location", _escaped(_ENVIRONMENT))
        config.set_main_option("version_locations", _escaped(self.directory))
        config.set_main_option("path_separator", "newline")
        config.attributes.update(connection=connection, version_table=VERSION_TABLE_PREFIX + self.name)
        return config

    @contextmanager
    def _blamed(self, verdict: str) -> Iterator[None]:
        """Name the distribution; a script is foreign code, so any exception may come out of it."""
        with warnings.catch_warnings():
            # Alembic only warns of a revision that two files claim or none has, and then goes on.
            warnings.filterwarnings("error", "Revision .* is (present more than once|not present)")
            try:
                yield
            except (Exception, SystemExit) as error:
                raise BrokenMigrations(self._blame(verdict, error)) from error

    def _blame(self, verdict: str, error: BaseException) -> str:
        """Tell what was raised, and where in the scripts, in as many characters as the table has room for."""
        begin = f"The migrations of {self.name} {verdict}: "
        place = raised_at(error, frames_in_directory(self.directory))
        return begin + first_line(error)[: REASON_LENGTH - len(begin) - len(place)] + place


def core_scripts() -> MigrationScripts:
    """Return the core's own migrations."""
    return MigrationScripts(CORE, _ENVIRONMENT / "versions")


def current_revision(connection: Connection, name: str) -> str | None:
    """Return the revision that the database has of `name`; `None` before its first migration."""
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE_PREFIX + name})
    return context.get_current_revision()


def _failed(connection: Connection) -> str:
    """Say how a failed migration leaves the tables, once its transaction has ended."""
    if connection.dialect.name == _COMMITS_BY_ITSELF:
        return "failed, and this database cannot roll back what ran before"
    return "failed and were rolled back"


def _escaped(path: Path) -> str:
    """Write a path for Alembic's configuration, which reads a percent sign as interpolation."""
    return str(path).replace("%", "%%")


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
