"""Lending a connection to foreign work, which must not end the transaction that it takes part in.

An error and what it was raised from: a plugin's failure, SQLAlchemy's error, the driver's.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, event

_AT_WORK = "at work"


def refuse_during_work(engine: Engine) -> None:
    """Let every attempt to commit or roll back fail while a connection is `lent`."""
    event.listen(engine, "commit", _refuse)
    event.listen(engine, "rollback", _refuse)


@contextmanager
def lent(connection: Connection) -> Iterator[None]:
    """Mark the connection while somebody else's work runs on it."""
    info = connection.info
    info[_AT_WORK] = True
    try:
        yield
    finally:
        info[_AT_WORK] = False


def _refuse(connection: Connection) -> None:
    """Only the store ends a transaction; anyone else is a plugin that must not."""
    if not connection.invalidated and connection.info.get(_AT_WORK):
        raise RuntimeError("Work on the database must neither commit nor roll back: its transaction does.")


def causes(error: BaseException) -> Iterator[BaseException]:
    """Give the error, then what it was raised from, down to the first."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__
