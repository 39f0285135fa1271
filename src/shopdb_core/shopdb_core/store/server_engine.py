"""Engines on a database server, and what its errors mean."""

from sqlalchemy import URL, Connection, Engine, RootTransaction, create_engine
from sqlalchemy.exc import ArgumentError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shopdb_core.errors import ConfigurationError
from shopdb_core.store.at_work import refuse_during_work
from shopdb_core.store.causes import causes
from shopdb_core.store.server_kind import ServerKind, Verdict

POOL_TIMEOUT_SECONDS = 15.0
POOL_RECYCLE_SECONDS = 3600
"""After which a connection is made anew, and finds back to the host that the site named first."""

_POOL_EMPTY = Verdict("Every connection to the database is in use.")
_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"


def server_engine(kind: ServerKind, url: URL, connections: int, answer_seconds: float | None) -> Engine:
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


def begin_snapshot(kind: ServerKind, connection: Connection) -> RootTransaction:
    """Begin a transaction that sees one state, with all that was acknowledged, and cannot write."""
    transaction = connection.begin()
    kind.catch_up(connection)
    connection.exec_driver_sql(_SNAPSHOT)
    return transaction


def verdict_on(kind: ServerKind, error: BaseException, *, reading: bool = False) -> Verdict | None:
    """Judge an error by the first of its causes that the database, or its pool, had a part in.

    Where somebody was only to read, an attempt to write is their fault and not the server's.
    """
    for cause in causes(error):
        if isinstance(cause, PoolTimeout):
            return _POOL_EMPTY
        if verdict := kind.judge(cause):
            return None if reading and verdict.read_only else verdict
    return None
