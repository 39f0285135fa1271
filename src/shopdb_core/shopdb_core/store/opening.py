"""Which database a site has: the only place that chooses."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from shopdb_core.errors import ConfigurationError, Unavailable
from shopdb_core.settings import Settings
from shopdb_core.store.causes import told_by_driver
from shopdb_core.store.interface import Store
from shopdb_core.store.mysql import MYSQL
from shopdb_core.store.postgresql import POSTGRESQL
from shopdb_core.store.server_kind import ServerKind
from shopdb_core.store.server_migrating import migrating_server
from shopdb_core.store.server_store import ServerStore
from shopdb_core.store.sqlite import SqliteStore
from shopdb_core.store.sqlite_migrating import migrating_sqlite
from shopdb_core.store.url import parse_url

_SERVERS: Mapping[str, ServerKind] = MappingProxyType({"postgresql": POSTGRESQL, "mysql": MYSQL})


def open_store(settings: Settings) -> Store:
    """Open the site's database; its schema is not looked at.

    Raises `ConfigurationError` for a URL that is none, names a database that is not supported, or a
    server that is not set as it must be, and `Unavailable` where none answers.
    """
    url = parse_url(settings.database_url)
    kind = _SERVERS.get(url.get_backend_name())
    if kind is None:
        return SqliteStore(url, readers=settings.threads)
    store = ServerStore(kind, url, settings.pool_size or settings.threads)
    with _closed_on_failure(store):
        store.read(kind.check)
    return store


@contextmanager
def migrating(database_url: str) -> Iterator[Connection]:
    """Begin a transaction that commits at the end, and for which other upgrades wait.

    Raises as `open_store` does.
    """
    url = parse_url(database_url)
    kind = _SERVERS.get(url.get_backend_name())
    with migrating_sqlite(url) if kind is None else migrating_server(kind, url) as connection:
        yield connection


@contextmanager
def _closed_on_failure(store: Store) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        store.close()
        raise ConfigurationError(f"SHOPDB_DATABASE_URL: {told_by_driver(error)}") from error
    except Unavailable as error:
        # To PostgreSQL's driver a database or a password that is none is one more failed connection.
        store.close()
        raise Unavailable(f"SHOPDB_DATABASE_URL: {told_by_driver(error)}") from error
    except BaseException:
        store.close()
        raise
