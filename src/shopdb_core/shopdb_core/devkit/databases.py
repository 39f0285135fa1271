"""The databases that the checks of a plugin run on: `SqliteFiles` in a folder, or `DatabaseServer`.

`database_servers` gives the servers of some URLs. What the checks make there has names of its own, and is
dropped at the end, also where the process that made it was killed.
"""

import secrets
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, TypeAlias, TypeVar

from sqlalchemy import URL, Connection, make_url
from sqlalchemy.exc import DBAPIError

from shopdb_core.devkit.results import SQLITE
from shopdb_core.errors import ConfigurationError
from shopdb_core.operations.interruption import interrupted_by_signals
from shopdb_core.store.databases import DATABASES, parse_url
from shopdb_core.store.dialect import ServerDialect, driver_sentence
from shopdb_core.store.server.engine import ANSWER_SECONDS, server_engine
from shopdb_core.store.tables import has_tables

T = TypeVar("T")

PREFIX = "shopdb_check_"
OPTION = "--database-url"

Fill: TypeAlias = Callable[[str], object]
"""Writes into the empty database of a URL what another one has already."""


class Databases(Protocol):
    """Where the checks make databases, each of which is named by its URL."""

    @property
    def name(self) -> str:
        """The kind of database, as the results name it."""
        ...

    def make(self) -> str:
        """Return the URL of a new, empty database."""
        ...

    def copy(self, url: str, fill: Fill) -> str:
        """Return the URL of a new database with what `url` has, to which nobody may be connected."""
        ...

    def drop(self, url: str) -> None:
        """Remove a database."""
        ...


class SqliteFiles:
    """Implements `Databases` by files in a folder, which is removed by its owner."""

    name = SQLITE

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)

    def make(self) -> str:
        """Return the URL of a file that does not exist yet."""
        return f"sqlite:///{self._folder}/{next(self._numbers)}.sqlite3"

    def copy(self, url: str, fill: Fill) -> str:  # noqa: ARG002  # a file can be copied
        """Copy the file."""
        copied = self.make()
        shutil.copyfile(make_url(url).database or "", make_url(copied).database or "")
        return copied

    def drop(self, url: str) -> None:
        """Keep the file until the folder is removed."""


@dataclass(frozen=True, slots=True)
class _Statements:
    """What is particular to one kind of server; `copy` is empty where a database cannot be copied.

    `grant` gives an account the right to make and drop the databases of the checks.
    """

    copy: str
    names: str
    grant: str


_STATEMENTS: Mapping[str, _Statements] = MappingProxyType(
    {
        "postgresql": _Statements(
            copy="CREATE DATABASE {name} TEMPLATE {original}",
            names="SELECT datname FROM pg_database",
            grant="ALTER ROLE {user} CREATEDB",
        ),
        "mysql": _Statements(
            copy="",
            names="SELECT schema_name FROM information_schema.schemata",
            grant=r"GRANT ALL ON `shopdb\_check\_%`.* TO {user}",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class DatabaseServer:
    """Implements `Databases` by databases on one server, whose names begin with `prefix`.

    `url` is that of the database that the connections to make and drop them begin with. Every method raises
    `ConfigurationError` with the sentence of the server, and with the right that the account needs.
    """

    name: str
    url: str = field(repr=False)
    prefix: str
    _numbers: Iterator[int] = field(default_factory=lambda: count(1), init=False, repr=False, compare=False)

    def make(self) -> str:
        """Create a database."""
        return self._created(self._dialect.create_database)

    def copy(self, url: str, fill: Fill) -> str:
        """Create a database from the other one where the server can; otherwise create one and fill it."""
        if self._statements.copy:
            return self._created(self._statements.copy, original=make_url(url).database or "")
        copied = self.make()
        fill(copied)
        return copied

    def drop(self, url: str) -> None:
        """Drop a database, whoever is connected to it."""
        self._administer(lambda connection: self._drop(connection, make_url(url).database or ""))

    def drop_all(self) -> None:
        """Drop every database with the prefix."""
        self._administer(self._drop_all)

    def require_fit(self) -> None:
        """Raise `ConfigurationError` for a site's database, and without the right to make databases."""
        if self._administer(has_tables):
            raise ConfigurationError(
                f"{OPTION}: the database {self._url.database} has the tables of a site. The checks make "
                "databases of their own: name another database of the server, and an account for tests."
            )
        self.drop(self.make())

    @property
    def _statements(self) -> _Statements:
        return _STATEMENTS[self._dialect.name]

    @property
    def _dialect(self) -> ServerDialect:
        dialect = DATABASES[self._url.get_backend_name()]
        assert isinstance(dialect, ServerDialect)
        return dialect

    @property
    def _url(self) -> URL:
        return parse_url(self.url, OPTION)

    def _created(self, statement: str, **names: str) -> str:
        name = f"{self.prefix}{next(self._numbers)}"
        self._administer(lambda connection: connection.exec_driver_sql(statement.format(name=name, **names)))
        return self._url.set(database=name).render_as_string(hide_password=False)

    def _drop(self, connection: Connection, name: str) -> None:
        connection.exec_driver_sql(self._dialect.drop_database.format(name=name))

    def _drop_all(self, connection: Connection) -> None:
        for name in connection.exec_driver_sql(self._statements.names).scalars().all():
            if name.startswith(self.prefix):
                self._drop(connection, name)

    def _administer(self, work: Callable[[Connection], T]) -> T:
        """Run `work` outside of a transaction, on a connection that is closed afterwards."""
        engine = server_engine(self._dialect, self._url, connections=1, answer_seconds=ANSWER_SECONDS)
        try:
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                return work(connection)
        except DBAPIError as error:
            grant = self._statements.grant.format(user=self._url.username or "the account")
            raise ConfigurationError(
                f"{OPTION} {self._url.set(password=None).render_as_string()}: {driver_sentence(error)}. "
                f"The account must be able to connect, and to make and drop databases: {grant}"
            ) from error
        finally:
            engine.dispose()


@contextmanager
def database_servers(urls: Sequence[str]) -> Iterator[list[DatabaseServer]]:
    """Give the servers of some URLs, and drop every database that was made there at the end of the block.

    Until then a signal that ends the process raises `KeyboardInterrupt`. Raises `ConfigurationError` for a
    URL that is not that of a server, for the database of a site, and for an account without the rights.
    """
    servers = [*_servers(urls)]
    with interrupted_by_signals():
        for server in servers:
            server.require_fit()
        try:
            yield servers
        finally:
            for server in servers:
                server.drop_all()


def _servers(urls: Sequence[str]) -> Iterator[DatabaseServer]:
    parsed = [parse_url(url, OPTION) for url in urls]
    schemes = [url.partition(":")[0].partition("+")[0] for url in urls]
    for url, scheme, given in zip(parsed, schemes, urls, strict=True):
        if not isinstance(DATABASES[url.get_backend_name()], ServerDialect):
            raise ConfigurationError(
                f"{OPTION} names a SQLite file: the checks always run on SQLite. Name a database server."
            )
        address = f" {url.host or 'localhost'}:{url.port or 'default'}"
        name = scheme + (address if Counter(schemes)[scheme] > 1 else "")
        yield DatabaseServer(name, given, f"{PREFIX}{secrets.token_hex(6)}_")
