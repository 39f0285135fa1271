"""Which SQLite errors mean "not now": the client may send the same request again."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from shopdb_core.errors import Unavailable
from shopdb_core.store.causes import causes

_REASONS = {
    sqlite3.SQLITE_BUSY: "The database is locked by another process.",
    sqlite3.SQLITE_LOCKED: "The database is locked by another connection.",
    sqlite3.SQLITE_FULL: "The disk that holds the database is full.",
    sqlite3.SQLITE_IOERR: "The disk that holds the database reports an error.",
    sqlite3.SQLITE_READONLY: "The database file cannot be written.",
    sqlite3.SQLITE_CANTOPEN: "The database file cannot be opened.",
    sqlite3.SQLITE_NOTADB: "The database file is no SQLite database.",
    sqlite3.SQLITE_CORRUPT: "The database file is damaged.",
}


@contextmanager
def named_faults(*, reading: bool = False) -> Iterator[None]:
    """Turn the driver's errors that time may mend into `Unavailable`; let all others through.

    Where somebody was only to read, an attempt to write is their fault and not the file's.
    """
    try:
        yield
    except (sqlite3.Error, DBAPIError) as error:
        fault = unavailable(error)
        if fault is None or (reading and _code(error) == sqlite3.SQLITE_READONLY):
            raise
        raise fault from error


def unavailable(error: BaseException) -> Unavailable | None:
    """Return what to answer for `error`, or `None` if it is no matter of time."""
    reason = _REASONS.get(_code(error))
    return Unavailable(f"{reason} Nothing was stored.") if reason else None


def _code(error: BaseException) -> int:
    """Return SQLite's primary result code, its low byte (sqlite.org/rescode.html); 0 where there is none."""
    codes = (getattr(each, "sqlite_errorcode", None) or 0 for each in causes(error))
    return next((code & 0xFF for code in codes if code), 0)
