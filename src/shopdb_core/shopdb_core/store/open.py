"""What `SHOPDB_DATABASE_URL` may be.

Which database a site has: the only place that chooses.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from sqlalchemy import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from shopdb_core.errors import ConfigurationError, Unavailable
from shopdb_core.settings import Settings
from shopdb_core.store.interface import Store
from shopdb_core.store.server.dialect import DatabaseDialect
from shopdb_core.store.server.engine import migrating_server, pruning_server
from shopdb_core.store.server.mysql import MYSQL
from shopdb_core.store.server.postgresql import POSTGRESQL
from shopdb_core.store.server.store import ServerStore
from shopdb_core.store.sqlite.engine import migrating_sqlite, pruning_sqlite
from shopdb_core.store.sqlite.store import SqliteStore
from shopdb_core.store.transaction_guard import causes

_DRIVERS: Mapping[str, str] = {
    "sqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+mysqldb",
    "mariadb": "mysql+mysqldb",
}
"""One driver for each kind of database: the one that is measured and tested (docs/adr/0016)."""

_ALIASES = {"sqlite+pysqlite": "sqlite", "mariadb+mysqldb": "mysql+mysqldb"}


def parse_url(database_url: str) -> URL:
    """Return the URL with its driver filled in; raises `ConfigurationError`, which shows no password.

    A database in memory is none: each connection would see one of its own.
    """
    try:
        url = make_url(database_url)
    except (ArgumentError, ValueError):
        raise ConfigurationError("SHOPDB_DATABASE_URL is no database URL: sqlite:///shopdb.sqlite3") from None
    name = _ALIASES.get(url.drivername, url.drivername)
    driver = _DRIVERS.get(name, name)
    if driver not in _DRIVERS.values():
        raise ConfigurationError(
            f"SHOPDB_DATABASE_URL names {url.drivername[:40]}; ShopDB stores in {', '.join(_DRIVERS)}."
        )
    if driver == "sqlite":
        _require_file(url)
    elif not url.database:
        raise ConfigurationError(f"SHOPDB_DATABASE_URL names no database: write {name}://user@host/shopdb")
    return url.set(drivername=driver)


def _require_file(url: URL) -> None:
    if url.host or url.database in (None, "", ":memory:"):
        raise ConfigurationError("SHOPDB_DATABASE_URL names no file: write sqlite:///shopdb.sqlite3")


E = TypeVar("E", bound=Exception)

_SERVERS: Mapping[str, DatabaseDialect] = MappingProxyType({"postgresql": POSTGRESQL, "mysql": MYSQL})


def open_store(settings: Settings) -> Store:
    """Open the site's database; its schema is not looked at.

    Raises `ConfigurationError` for a URL that is none, names a database that is not supported, or a
    server that is not set as it must be, and `Unavailable` where none answers.
    """
    url = parse_url(settings.database_url)
    kind = _SERVERS.get(url.get_backend_name())
    if kind is None:
        return SqliteStore(url, readers=settings.threads)
    with _naming_the_url():
        return _checked(ServerStore(kind, url, settings.pool_size or settings.threads), kind)


def has_database(database_url: str) -> bool:
    """Whether there may be a database to open: opening a SQLite file that is not there makes it.

    Raises `ConfigurationError` for a URL that is none.
    """
    url = parse_url(database_url)
    return url.get_backend_name() in _SERVERS or Path(url.database or "").is_file()


@contextmanager
def migrating(database_url: str) -> Iterator[Connection]:
    """Begin a transaction that commits at the end, and for which other upgrades wait.

    Raises as `open_store` does.
    """
    url = parse_url(database_url)
    kind = _SERVERS.get(url.get_backend_name())
    if kind is None:
        with migrating_sqlite(url) as connection:
            yield connection
    else:
        with _naming_the_url(), migrating_server(kind, url) as connection:
            yield connection


@contextmanager
def pruning_turn(database_url: str) -> Iterator[bool]:
    """Yield whether this process may prune: of those that share the database, one at a time may.

    The turn ends with the block, and with the process. Raises as `open_store` does.
    """
    url = parse_url(database_url)
    kind = _SERVERS.get(url.get_backend_name())
    with pruning_sqlite(url) if kind is None else pruning_server(kind, url) as is_ours:
        yield is_ours


def _checked(store: ServerStore, kind: DatabaseDialect) -> ServerStore:
    """Return a store whose server is set as it must be; any other is closed."""
    try:
        store.read(kind.check)
    except BaseException:
        store.close()
        raise
    return store


@contextmanager
def _naming_the_url() -> Iterator[None]:
    """Name the setting that led to a server which does not answer, or refuses.

    The driver's own words are a note: a command shows it, an answer to a client does not.
    """
    try:
        yield
    except Unavailable as error:
        raise _noted(Unavailable(f"SHOPDB_DATABASE_URL: {error}"), error) from error
    except DBAPIError as error:
        raise _noted(ConfigurationError("SHOPDB_DATABASE_URL: The server refuses it."), error) from error


def _noted(told: E, error: Exception) -> E:
    """Add the first line of what the driver said, which never holds a password."""
    for cause in causes(error):
        if isinstance(cause, DBAPIError) and cause.orig:
            told.add_note(str(cause.orig.args[-1]).splitlines()[0])
    return told
