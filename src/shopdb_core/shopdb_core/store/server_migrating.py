"""What one process at a time does on a database server: it migrates, or it prunes."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, Connection

from shopdb_core.errors import Unavailable
from shopdb_core.store.server_engine import server_engine, verdict_on
from shopdb_core.store.server_kind import ANSWER_SECONDS, ServerKind


@contextmanager
def migrating_server(kind: ServerKind, url: URL) -> Iterator[Connection]:
    """Hold the server's lock on migrations; where it knows no transactional DDL, a failure leaves a part."""
    # A large table is changed for minutes, and so is the other upgrade that this one waits for.
    with _transaction(kind, url, answer_seconds=None) as connection:
        kind.check(connection)
        kind.lock_migrations(connection)
        yield connection


@contextmanager
def pruning_server(kind: ServerKind, url: URL) -> Iterator[bool]:
    """Yield whether no other process prunes; the connection that holds the lock is used for nothing else."""
    with _transaction(kind, url, ANSWER_SECONDS) as connection:
        yield kind.lock_pruning(connection)


@contextmanager
def _transaction(kind: ServerKind, url: URL, answer_seconds: float | None) -> Iterator[Connection]:
    """Begin a transaction on a connection of its own, which is closed at the end; raises `Unavailable`."""
    engine = server_engine(kind, url, connections=1, answer_seconds=answer_seconds)
    try:
        with engine.connect() as connection, connection.begin():
            yield connection
    except Exception as error:
        verdict = verdict_on(kind, error)
        if verdict is None or verdict.reason is None:
            raise
        raise Unavailable(f"{verdict.reason} Try again later.") from error
    finally:
        engine.dispose()
