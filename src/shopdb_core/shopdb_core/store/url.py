"""What `SHOPDB_DATABASE_URL` may be."""

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from shopdb_core.errors import ConfigurationError

_SQLITE = ("sqlite", "sqlite+pysqlite")


def check_url(database_url: str) -> None:
    """Raise `ConfigurationError` unless the URL names an SQLite file; a password in it is not shown.

    A database in memory is none: each connection would see one of its own.
    """
    try:
        url = make_url(database_url)
    except (ArgumentError, ValueError):
        raise ConfigurationError("SHOPDB_DATABASE_URL is no database URL: sqlite:///shopdb.sqlite3") from None
    if url.drivername not in _SQLITE:
        raise ConfigurationError(
            f"SHOPDB_DATABASE_URL names {url.drivername[:40]}; this version stores in sqlite only."
        )
    if url.host or url.database in (None, "", ":memory:"):
        raise ConfigurationError("SHOPDB_DATABASE_URL names no file: write sqlite:///shopdb.sqlite3")
