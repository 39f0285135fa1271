"""The database: engines, transactions, tables, migrations. Nothing above knows which database it is."""

from sqlalchemy import Connection, make_url
from sqlalchemy.exc import ArgumentError

from shopdb_core.errors import ConfigurationError
from shopdb_core.settings import Settings
from shopdb_core.store.interface import Store
from shopdb_core.store.sqlite import SqliteStore
from shopdb_core.store.statement import Statement

__all__ = ["Connection", "Statement", "Store", "open_store"]


def open_store(settings: Settings) -> Store:
    """Open the site's database; its schema is not looked at.

    Raises `ConfigurationError` for a URL that is none, or names a database that is not supported.
    """
    try:
        backend = make_url(settings.database_url).get_dialect().name
    except ArgumentError:
        raise ConfigurationError("SHOPDB_DATABASE_URL is no database URL: sqlite:///shopdb.sqlite3") from None
    if backend != "sqlite":
        raise ConfigurationError(f"SHOPDB_DATABASE_URL names {backend}; this version stores in sqlite only.")
    return SqliteStore(settings.database_url, readers=settings.threads)
