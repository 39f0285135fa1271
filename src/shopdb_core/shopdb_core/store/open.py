"""`open_store`, and the two locks that one process at a time holds: to migrate and to prune."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from sqlalchemy import URL, Connection
from sqlalchemy.exc import DBAPIError

from shopdb_core.errors import ConfigurationError, Unavailable
from shopdb_core.settings import Settings
from shopdb_core.store.databases import DATABASES, parse_url
from shopdb_core.store.dialect import ServerDialect, driver_sentence
from shopdb_core.store.interface import Store
from shopdb_core.store.server.engine import migrating_server, pruning_server
from shopdb_core.store.server.store import ServerStore
from shopdb_core.store.sqlite.engine import migrating_sqlite, pruning_sqlite
from shopdb_core.store.sqlite.store import SqliteStore

E = TypeVar("E", bound=Exception)

BACKGROUND_READERS = 2
"""Connections to a SQLite file for health checks and pruning, whatever the requests do."""


def open_store(settings: Settings) -> Store:
    """Open the site's database, whose tables are not checked.

    Raises `ConfigurationError` for a URL that is not valid, a database that is not supported, or a server
    whose settings would change what is stored; `Unavailable` for a database that does not answer.
    """
    url, server = _parsed(settings.database_url)
    if server is None:
        return SqliteStore(url, readers=settings.threads + BACKGROUND_READERS)
    with _naming_the_setting():
        return _checked(ServerStore(server, url, settings.pool_size or settings.threads), server)


def has_database(database_url: str) -> bool:
    """Return whether there may be a database to open; opening a missing SQLite file would create it.

    Raises `ConfigurationError` for a URL that is not valid.
    """
    url, server = _parsed(database_url)
    return server is not None or Path(url.database or "").is_file()


def excess_rights(settings: Settings) -> Sequence[str]:
    """Return the rights of the database's user that reach beyond its own database; a SQLite file has none.

    Raises as `open_store` does.
    """
    _, server = _parsed(settings.database_url)
    if server is None:
        return ()
    with closing(open_store(settings)) as store:
        return store.read(server.excess_rights)


def database_folder(database_url: str) -> Path | None:
    """Return the folder in which a SQLite file is or will be; `None` for a database on a server.

    Raises `ConfigurationError` for a URL that is not valid.
    """
    url, server = _parsed(database_url)
    return Path(url.database or "").absolute().parent if server is None else None


def has_one_writer(database_url: str) -> bool:
    """Return whether processes on the database write one at a time.

    Raises `ConfigurationError` for a URL that is not valid.
    """
    return DATABASES[parse_url(database_url).get_backend_name()].one_writer


@contextmanager
def migration_transaction(database_url: str) -> Iterator[Connection]:
    """Begin a transaction that other upgrades wait for; commit it at the end. Raises as `open_store` does."""
    url, server = _parsed(database_url)
    if server is None:
        with migrating_sqlite(url) as connection:
            yield connection
    else:
        with _naming_the_setting(), migrating_server(server, url) as connection:
            yield connection


@contextmanager
def pruning_lock(database_url: str) -> Iterator[bool]:
    """Yield whether this process got the lock that one pruning process at a time holds on a database.

    The lock ends with the block and with the process. Raises as `open_store` does.
    """
    url, server = _parsed(database_url)
    with pruning_sqlite(url) if server is None else pruning_server(server, url) as acquired:
        yield acquired


def _parsed(database_url: str) -> tuple[URL, ServerDialect | None]:
    """Return the URL, and the dialect of its server; `None` for a SQLite file."""
    url = parse_url(database_url)
    dialect = DATABASES[url.get_backend_name()]
    return url, dialect if isinstance(dialect, ServerDialect) else None


def _checked(store: ServerStore, dialect: ServerDialect) -> ServerStore:
    """Return the store if its server's settings are as they must be; otherwise close it and raise."""
    try:
        store.read(dialect.check)
    except BaseException:
        store.close()
        raise
    return store


@contextmanager
def _naming_the_setting() -> Iterator[None]:
    """Add the name of the setting to the error of a server that does not answer or refuses the connection.

    The driver's message becomes a note, which commands print and HTTP answers leave out.
    """
    try:
        yield
    except Unavailable as error:
        raise _with_note(Unavailable(f"SHOPDB_DATABASE_URL: {error}"), error) from error
    except DBAPIError as error:
        raise _with_note(ConfigurationError("SHOPDB_DATABASE_URL: The server refuses it."), error) from error


def _with_note(raised: E, error: Exception) -> E:
    if sentence := driver_sentence(error):
        raised.add_note(sentence)
    return raised
