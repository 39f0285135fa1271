"""The transaction in which the schema on a database server is migrated."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, Connection

from shopdb_core.errors import Unavailable
from shopdb_core.store.server_engine import server_engine, verdict_on
from shopdb_core.store.server_kind import ServerKind


@contextmanager
def migrating_server(kind: ServerKind, url: URL) -> Iterator[Connection]:
    """Hold the server's lock on migrations; where it knows no transactional DDL, a failure leaves a part."""
    # A large table is changed for minutes, and so is the other upgrade that this one waits for.
    engine = server_engine(kind, url, connections=1, answer_seconds=None)
    try:
        with engine.connect() as connection, connection.begin():
            kind.check(connection)
            kind.lock_migrations(connection)
            yield connection
    except Exception as error:
        verdict = verdict_on(kind, error)
        if verdict is None or verdict.reason is None:
            raise
        raise Unavailable(f"{verdict.reason} Try again later.") from error
    finally:
        engine.dispose()
