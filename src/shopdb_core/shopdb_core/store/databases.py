"""`DATABASES`: every database that ShopDB supports; `parse_url` checks the URL that names one."""

from collections.abc import Mapping
from types import MappingProxyType

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from shopdb_core.errors import ConfigurationError
from shopdb_core.store.dialect import DatabaseDialect, ServerDialect
from shopdb_core.store.server.mysql import MYSQL
from shopdb_core.store.server.postgresql import POSTGRESQL
from shopdb_core.store.sqlite.engine import SQLITE

DATABASES: Mapping[str, DatabaseDialect] = MappingProxyType(
    {dialect.name: dialect for dialect in (SQLITE, POSTGRESQL, MYSQL)}
)
"""By SQLAlchemy's name of the dialect."""


SETTING = "SHOPDB_DATABASE_URL"


def parse_url(database_url: str, setting: str = SETTING) -> URL:
    """Return the URL with the driver that ShopDB uses; `setting` names it in errors.

    Raises `ConfigurationError`, which shows no password. A SQLite database in memory is refused, since each
    connection would have its own.
    """
    try:
        url = make_url(database_url)
    except (ArgumentError, ValueError):
        raise ConfigurationError(f"{setting} is not a database URL: write sqlite:///shopdb.sqlite3") from None
    dialect = _dialect_named(url.drivername, setting)
    if not isinstance(dialect, ServerDialect):
        if url.host or url.database in (None, "", ":memory:"):
            raise ConfigurationError(f"{setting} does not name a file: write sqlite:///shopdb.sqlite3")
    elif not url.database:
        raise ConfigurationError(
            f"{setting} does not name a database: write {url.drivername}://user@host/shopdb"
        )
    return url.set(drivername=f"{dialect.name}+{dialect.driver}")


def _dialect_named(drivername: str, setting: str) -> DatabaseDialect:
    scheme, _, driver = drivername.partition("+")
    for dialect in DATABASES.values():
        if scheme in dialect.url_schemes and driver in ("", dialect.driver):
            return dialect
    supported = ", ".join(scheme for dialect in DATABASES.values() for scheme in dialect.url_schemes)
    raise ConfigurationError(f"{setting} names {drivername[:40]}; ShopDB supports {supported}.")
