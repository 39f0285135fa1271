"""The transaction in which an SQLite file is migrated."""

from collections.abc import Iterator
from contextlib import contextmanager

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
