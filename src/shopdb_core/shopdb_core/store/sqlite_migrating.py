"""What one process at a time does on an SQLite file: it migrates, or it prunes."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from sqlalchemy import URL, Connection

from shopdb_core.store.sqlite_engine import writing_engine
from shopdb_core.store.sqlite_errors import named_faults


@contextmanager
def migrating_sqlite(url: URL) -> Iterator[Connection]:
    """Hold the file's write lock, so that of two upgrades at once one waits; what fails leaves nothing."""
    engine = writing_engine(url)
    try:
        with named_faults(), engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
            connection.exec_driver_sql("COMMIT")
    finally:
        engine.dispose()


@contextmanager
def pruning_sqlite(url: URL) -> Iterator[bool]:
    """Yield whether no other process prunes; the turn is SQLite's own lock on an empty file beside."""
    with closing(sqlite3.connect(f"{url.database}-prune", timeout=0, isolation_level=None)) as beside:
        try:
            beside.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            yield False
        else:
            yield True
