"""Engines on a database server, and what its errors mean.

What one process at a time does on a database server: it migrates, or it prunes.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, Connection, Engine, RootTransaction, create_engine
from sqlalchemy.exc import ArgumentError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shopdb_core.errors import ConfigurationError, Unavailable
from shopdb_core.store.server.dialect import ANSWER_SECONDS, DatabaseDialect, ErrorClass
from shopdb_core.store.transaction_guard import causes, refuse_during_work

POOL_TIMEOUT_SECONDS = 15.0
POOL_RECYCLE_SECONDS = 3600
"""After which a connection is made anew, and finds back to the host that the site named first."""

_POOL_EMPTY = ErrorClass("Every connection to the database is in use.")
_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"


def server_engine(kind: DatabaseDialect, url: URL, connections: int, answer_seconds: float | None) -> Engine:
    """Return a pool whose transactions see what others committed before each statement.

    An answer that takes longer than `answer_seconds` is a lost connection; `None` waits for however long.
    Its user ends every transaction, so the pool need not: that would be one more message to the server.
    Raises `ConfigurationError` where the driver is not installed, or an option of the URL is no option.
    """
    try:
        engine = create_engine(
            url.difference_update_query(["host"]) if url.get_backend_name() == "mysql" else url,
            pool_size=connections,
            max_overflow=0,
            pool_timeout=POOL_TIMEOUT_SECONDS,
            pool_recycle=POOL_RECYCLE_SECONDS,
            pool_reset_on_return=None,
            isolation_level="READ COMMITTED",
            hide_parameters=True,
            connect_args=dict(kind.connect_args),
        )
    except ModuleNotFoundError as error:
        extra = url.get_backend_name()
        raise ConfigurationError(f"The driver is missing: run pip install 'shopdb-core[{extra}]'") from error
    except (ValueError, ArgumentError) as error:
        raise ConfigurationError(f"SHOPDB_DATABASE_URL: {error}") from error
    kind.prepare(engine, url, answer_seconds)
    refuse_during_work(engine)
    return engine


def begin_snapshot(kind: DatabaseDialect, connection: Connection) -> RootTransaction:
    """Begin a transaction that sees one state, with all that was acknowledged, and cannot write."""
    transaction = connection.begin()
    kind.catch_up(connection)
    connection.exec_driver_sql(_SNAPSHOT)
    return transaction


def error_class_of(
    kind: DatabaseDialect, error: BaseException, *, reading: bool = False
) -> ErrorClass | None:
    """Judge an error by the first of its causes that the database, or its pool, had a part in.

    Where somebody was only to read, an attempt to write is their fault and not the server's.
    """
    for cause in causes(error):
        if isinstance(cause, PoolTimeout):
            return _POOL_EMPTY
        if verdict := kind.judge(cause):
            return None if reading and verdict.read_only else verdict
    return None


@contextmanager
def migrating_server(kind: DatabaseDialect, url: URL) -> Iterator[Connection]:
    """Hold the server's lock on migrations; where it knows no transactional DDL, a failure leaves a part."""
    # A large table is changed for minutes, and so is the other upgrade that this one waits for.
    with _transaction(kind, url, answer_seconds=None) as connection:
        kind.check(connection)
        kind.lock_migrations(connection)
        yield connection


@contextmanager
def pruning_server(kind: DatabaseDialect, url: URL) -> Iterator[bool]:
    """Yield whether no other process prunes; the connection that holds the lock is used for nothing else."""
    with _transaction(kind, url, ANSWER_SECONDS) as connection:
        yield kind.lock_pruning(connection)


@contextmanager
def _transaction(kind: DatabaseDialect, url: URL, answer_seconds: float | None) -> Iterator[Connection]:
    """Begin a transaction on a connection of its own, which is closed at the end; raises `Unavailable`."""
    engine = server_engine(kind, url, connections=1, answer_seconds=answer_seconds)
    try:
        with engine.connect() as connection, connection.begin():
            yield connection
    except Exception as error:
        verdict = error_class_of(kind, error)
        if verdict is None or verdict.reason is None:
            raise
        raise Unavailable(f"{verdict.reason} Try again later.") from error
    finally:
        engine.dispose()
