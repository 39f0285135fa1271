"""Engines on a database server, snapshots, and the locks that one process at a time holds there."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, Connection, Engine, RootTransaction, create_engine
from sqlalchemy.exc import ArgumentError

from shopdb_core.errors import ConfigurationError, Unavailable
from shopdb_core.store.dialect import ServerDialect
from shopdb_core.store.interface import install_guard

ANSWER_SECONDS = 30.0
"""How long the server may take for an answer: longer than any wait for a lock."""

POOL_TIMEOUT_SECONDS = 15.0
POOL_RECYCLE_SECONDS = 3600
"""Age at which a connection is replaced, so that it returns to the first host of the URL."""

_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"


def server_engine(dialect: ServerDialect, url: URL, connections: int, answer_seconds: float | None) -> Engine:
    """Return a pool of connections at READ COMMITTED.

    A connection whose server takes longer than `answer_seconds` for an answer is lost; `None`: no limit.
    The pool does not roll back: that would be one more message to the server, and the caller does it.
    Raises `ConfigurationError` if the driver is not installed or an option of the URL is not valid.
    """
    try:
        engine = create_engine(
            url,
            pool_size=connections,
            max_overflow=0,
            pool_timeout=POOL_TIMEOUT_SECONDS,
            pool_recycle=POOL_RECYCLE_SECONDS,
            pool_reset_on_return=None,
            isolation_level="READ COMMITTED",
            hide_parameters=True,
            connect_args=dict(dialect.connect_args),
        )
    except ModuleNotFoundError as error:
        command = f"pip install 'shopdb-core[{dialect.name}]'"
        raise ConfigurationError(f"The driver is missing: run {command}") from error
    except (ValueError, ArgumentError) as error:
        raise ConfigurationError(f"SHOPDB_DATABASE_URL: {error}") from error
    dialect.prepare(engine, url, answer_seconds)
    install_guard(engine)
    return engine


def begin_snapshot(dialect: ServerDialect, connection: Connection) -> RootTransaction:
    """Begin a read-only transaction on a snapshot that contains every acknowledged commit."""
    transaction = connection.begin()
    dialect.wait_for_cluster(connection)
    connection.exec_driver_sql(_SNAPSHOT)
    return transaction


@contextmanager
def migrating_server(dialect: ServerDialect, url: URL) -> Iterator[Connection]:
    """Hold the migration lock; without transactional DDL, a failure leaves what ran before."""
    # ALTER on a large table takes minutes, and so does the wait for another upgrade.
    with _transaction(dialect, url, answer_seconds=None) as connection:
        dialect.check(connection)
        dialect.lock_migrations(connection)
        yield connection


@contextmanager
def pruning_server(dialect: ServerDialect, url: URL) -> Iterator[bool]:
    """Yield whether this process got the pruning lock, which a separate connection holds."""
    with _transaction(dialect, url, ANSWER_SECONDS) as connection:
        yield dialect.lock_pruning(connection)


@contextmanager
def _transaction(dialect: ServerDialect, url: URL, answer_seconds: float | None) -> Iterator[Connection]:
    """Begin a transaction on a separate connection, which is closed at the end; raises `Unavailable`."""
    engine = server_engine(dialect, url, connections=1, answer_seconds=answer_seconds)
    try:
        with engine.connect() as connection, connection.begin():
            yield connection
    except Exception as error:
        found = dialect.error_class(error)
        if found is None or found.reason is None:
            raise
        raise Unavailable(f"{found.reason} Try again later.") from error
    finally:
        engine.dispose()
