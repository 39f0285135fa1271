"""What `SHOPDB_DATABASE_URL` may be."""

from collections.abc import Mapping

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from shopdb_core.errors import ConfigurationError

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
