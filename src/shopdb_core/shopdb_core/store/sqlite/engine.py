"""`SQLITE`, engines on one SQLite file, the errors that become `Unavailable`, and the locks on the file."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial

from sqlalchemy import URL, Connection, Engine, Integer, LargeBinary, cast, create_engine, event, func
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry, StaticPool

from shopdb_core.errors import Unavailable
from shopdb_core.store.dialect import LOCK_TIMEOUT_SECONDS, ColumnTypes, DatabaseDialect, ErrorClass
from shopdb_core.store.interface import install_guard
from shopdb_core.store.sqlite.files import create_private, make_private

WRITER_CACHE_KIB = 2 * 1024
READERS_CACHE_KIB = 4 * 1024
"""The page caches of one process: that of its writer, and those of all its readers together.

What does not fit is in the system's own cache, which all processes share. On a file of 210 MB, caches of
16 MiB each made neither submissions nor reports faster, and took a third of the server's memory.
"""

_LOCKED = ErrorClass("The database is locked by another process.")

LOCKED = f"{_LOCKED.reason} Nothing was stored."

_ERROR_CLASSES = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: ErrorClass("The database is locked by another connection."),
    sqlite3.SQLITE_FULL: ErrorClass("The disk that holds the database is full."),
    sqlite3.SQLITE_IOERR: ErrorClass("The disk that holds the database reports an error."),
    sqlite3.SQLITE_READONLY: ErrorClass("The database file cannot be written.", read_only=True),
    sqlite3.SQLITE_CANTOPEN: ErrorClass("The database file cannot be opened."),
    sqlite3.SQLITE_NOTADB: ErrorClass("The database file is not a SQLite database."),
    sqlite3.SQLITE_CORRUPT: ErrorClass("The database file is damaged."),
}
"""By SQLite's primary result code (sqlite.org/rescode.html)."""


def _classify_error(error: BaseException) -> ErrorClass | None:
    """Classify by the primary result code, which is the low byte of the extended one."""
    return _ERROR_CLASSES.get((getattr(error, "sqlite_errorcode", None) or 0) & 0xFF)


SQLITE = DatabaseDialect(
    name="sqlite",
    driver="pysqlite",
    url_schemes=("sqlite",),
    column_types=ColumnTypes(row_id=Integer()),  # only INTEGER PRIMARY KEY numbers the rows
    one_writer=True,
    octet_length=lambda text: func.length(cast(text, LargeBinary)),  # octet_length: from SQLite 3.43
    bytes_query="SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    clock_query="SELECT (julianday('now') - 2440587.5) * 86400.0",
    classify_error=_classify_error,
)


def is_locked(error: BaseException) -> bool:
    """Return whether another process holds SQLite's lock."""
    return _classify_error(error) is _LOCKED


def writing_engine(url: URL, lock_seconds: float, cache_kib: int) -> Engine:
    """Return an engine with a single connection; the caller begins and commits in SQL.

    A statement waits for SQLite's lock for up to `lock_seconds`.
    """
    engine = create_engine(
        url,
        poolclass=StaticPool,
        pool_reset_on_return=None,  # a plugin that closes the connection does not end the transaction
        hide_parameters=True,
        connect_args={"timeout": lock_seconds, "check_same_thread": False},
    )
    event.listen(engine, "connect", partial(_configure, cache_kib))
    install_guard(engine)
    return engine


def reading_engine(url: URL, connections: int, cache_kib: int) -> Engine:
    """Return a pool of read-only connections; each transaction reads one snapshot.

    `cache_kib` is the page cache of each.
    """
    engine = create_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        hide_parameters=True,
        connect_args={"timeout": LOCK_TIMEOUT_SECONDS},
    )
    event.listen(engine, "connect", partial(_configure, cache_kib))
    event.listen(engine, "connect", _refuse_writes)
    event.listen(engine, "begin", _begin_snapshot)
    return engine


def _configure(cache_kib: int, connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    """Let ShopDB begin transactions (`isolation_level`); a commit returns once it is on the disk (FULL)."""
    assert isinstance(connection, sqlite3.Connection)
    connection.isolation_level = None
    _enable_wal(connection)
    for pragma in ("synchronous=FULL", "foreign_keys=ON", f"cache_size=-{cache_kib}"):
        connection.execute(f"PRAGMA {pragma}")


def _enable_wal(connection: sqlite3.Connection) -> None:
    """Set the journal mode; SQLite refuses all but one of several simultaneous attempts, without a wait."""
    deadline = time.monotonic() + LOCK_TIMEOUT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _refuse_writes(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    assert isinstance(connection, sqlite3.Connection)
    connection.execute("PRAGMA query_only=ON")


def _begin_snapshot(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


@contextmanager
def raising_unavailable(*, reading: bool = False) -> Iterator[None]:
    """Raise `Unavailable` for the driver's errors that have a class; other errors pass.

    With `reading`, an attempt to write is a mistake of the caller and passes.
    """
    try:
        yield
    except (sqlite3.Error, DBAPIError) as error:
        unavailable = as_unavailable(error, reading=reading)
        if unavailable is None:
            raise
        raise unavailable from error


def as_unavailable(error: BaseException, *, reading: bool = False) -> Unavailable | None:
    """Return the `Unavailable` for an error; `None` if another attempt cannot help."""
    error_class = SQLITE.error_class(error, reading=reading)
    return Unavailable(f"{error_class.reason} Nothing was stored.") if error_class else None


@contextmanager
def migrating_sqlite(url: URL) -> Iterator[Connection]:
    """Hold the write lock of the file, which other upgrades wait for; a failure rolls everything back."""
    make_private(url.database or "")
    engine = writing_engine(url, LOCK_TIMEOUT_SECONDS, WRITER_CACHE_KIB)
    try:
        with raising_unavailable(), engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
            connection.exec_driver_sql("COMMIT")
    finally:
        engine.dispose()


@contextmanager
def pruning_sqlite(url: URL) -> Iterator[bool]:
    """Yield whether this process got the lock: SQLite's own, on an empty file beside the database.

    Raises `Unavailable` if the file cannot be created.
    """
    file = f"{url.database}-prune"
    try:
        create_private(file)
    except OSError as error:
        raise Unavailable(f"The file {file} cannot be created: {error.strerror}.") from error
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as lock:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            yield False
        else:
            yield True
