"""The database: engines, transactions, tables, migrations. Nothing above knows which database it is."""

from sqlalchemy import Connection

from shopdb_core.settings import Settings
from shopdb_core.store.interface import Store
from shopdb_core.store.sqlite import SqliteStore
from shopdb_core.store.statement import Statement
from shopdb_core.store.url import check_url

__all__ = ["Connection", "Statement", "Store", "open_store"]


def open_store(settings: Settings) -> Store:
    """Open the site's database; its schema is not looked at.

    Raises `ConfigurationError` for a URL that is none, or names a database that is not supported.
    """
    check_url(settings.database_url)
    return SqliteStore(settings.database_url, readers=settings.threads)
