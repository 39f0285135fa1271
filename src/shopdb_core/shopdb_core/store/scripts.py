"""One distribution's migrations: the scripts in its directory, and how far the database has run them."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from shopdb_core.errors import ConfigurationError
from shopdb_core.places import in_directory, place_raised, told
from shopdb_core.store.at_work import lent
from shopdb_core.store.tables import REASON_LENGTH

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
        place = place_raised(error, in_directory(self.directory))
        return begin + told(error)[: REASON_LENGTH - len(begin) - len(place)] + place


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
