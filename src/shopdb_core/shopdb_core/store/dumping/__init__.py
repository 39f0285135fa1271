"""A whole database as one file, and back: SQLite's own backup, and the dump programs of the servers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from sqlalchemy import URL

from shopdb_core.store.databases import parse_url
from shopdb_core.store.dumping import mysql, postgresql, sqlite
from shopdb_core.store.dumping.programs import Report, sync_folder
from shopdb_core.store.dumping.servers import scratch_database

__all__ = ["Report", "dump_database", "load_database", "scratch_database", "sync_folder"]


@dataclass(frozen=True, slots=True)
class DumpMethod:
    """How one kind of database is written to a file and loaded from it.

    dump: writes the database of a URL to a new file, while others write to it; returns how many bytes loading
        the file writes or reads at most.
    load: loads a file into an empty database, all of it or nothing. It is given that number of bytes, and
        raises `BackupFailure` for a file that has more.
    """

    dump: Callable[[URL, Path, Report], int]
    load: Callable[[Path, URL, int, Report], None]


_METHODS: Mapping[str, DumpMethod] = MappingProxyType(
    {
        "sqlite": DumpMethod(sqlite.dump, sqlite.load),
        "postgresql": DumpMethod(postgresql.dump, postgresql.load),
        "mysql": DumpMethod(mysql.dump, mysql.load),
    }
)
"""By SQLAlchemy's name of the dialect."""


def dump_database(database_url: str, file: Path, report: Report) -> int:
    """Write a database to a new file; return the size of what it holds. Raises `BackupFailure`."""
    url = parse_url(database_url)
    return _METHODS[url.get_backend_name()].dump(url, file, report)


def load_database(file: Path, database_url: str, most: int, report: Report) -> None:
    """Load a file of `dump_database`, of at most `most` bytes, into an empty database of the same kind.

    Raises `BackupFailure` if it cannot be loaded or the database is not empty, which is then as it was.
    """
    url = parse_url(database_url)
    _METHODS[url.get_backend_name()].load(file, url, most, report)
