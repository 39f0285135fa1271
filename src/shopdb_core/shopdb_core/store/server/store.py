"""The store on a database server: pooled connections, and whole transactions run again that lost a race."""

import random
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from sqlalchemy import URL, Connection, RootTransaction

from shopdb_core.errors import Unavailable
from shopdb_core.store.server.dialect import ANSWER_SECONDS, DatabaseDialect, ErrorClass
from shopdb_core.store.server.engine import begin_snapshot, error_class_of, server_engine
from shopdb_core.store.transaction_guard import lent

T = TypeVar("T")

MOST_TRIES = 8
LONGEST_TRYING_SECONDS = 20.0
FIRST_PAUSE_SECONDS = 0.01
"""Doubled with each try, and drawn at random below that: two that collided would collide again."""


class ServerStore:
    """Implements `Store`; any number of processes may share the database."""

    def __init__(self, kind: DatabaseDialect, url: URL, connections: int) -> None:
        self._kind = kind
        self._engine = server_engine(kind, url, connections, ANSWER_SECONDS)
        self._open = True

    def transaction(self, work: Callable[[Connection], T]) -> T:
        """Run `work` and commit; where it lost a race, or its connection, run it again as a whole."""
        return self._until_done(work, keep=True)

    def dry_run(self, work: Callable[[Connection], T]) -> T:
        """Run `work` and roll back."""
        return self._until_done(work, keep=False)

    def batch(self, works: Sequence[Callable[[Connection], T]]) -> list[T | Exception]:
        """Run all in one transaction, a savepoint each; if that comes to nothing, each by itself."""
        try:
            return self.transaction(lambda connection: [self._apart(connection, work) for work in works])
        except Unavailable as unavailable:
            return [unavailable for _ in works]
        except Exception:  # noqa: BLE001  # one of them will meet it again
            return [self._outcome(work) for work in works]

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on a snapshot."""
        return self._until_done(work, keep=False, reading=True)

    def ping(self) -> None:
        """Send one statement to the server and back."""
        self._until_done(lambda connection: connection.exec_driver_sql("SELECT 1"), keep=False)

    def close(self) -> None:
        """Take no more work; close every connection that is not in use, the others when they come back."""
        self._open = False
        self._engine.dispose()

    def _until_done(self, work: Callable[[Connection], T], *, keep: bool, reading: bool = False) -> T:
        if not self._open:
            raise Unavailable("The server is shutting down. Nothing was stored.")
        give_up_at = time.monotonic() + LONGEST_TRYING_SECONDS
        for tries in range(MOST_TRIES):
            try:
                return self._run(work, keep=keep, reading=reading)
            except Exception as error:
                verdict = error_class_of(self._kind, error, reading=reading)
                is_last = tries == MOST_TRIES - 1 or time.monotonic() > give_up_at
                if verdict is None or (verdict.reason is None and is_last):
                    raise
                if is_last or not verdict.again:
                    raise Unavailable(f"{verdict.reason} Try again later.") from error
            time.sleep(random.uniform(0, FIRST_PAUSE_SECONDS * 2**tries))  # noqa: S311  # no secret
        raise AssertionError("unreachable")

    def _run(self, work: Callable[[Connection], T], *, keep: bool, reading: bool) -> T:
        with self._engine.connect() as connection:
            try:
                transaction = begin_snapshot(self._kind, connection) if reading else connection.begin()
                with lent(connection):
                    result = work(connection)
                _end(transaction, keep=keep)
            except BaseException as error:
                self._abandon(connection, error_class_of(self._kind, error, reading=reading))
                raise
        return result

    def _abandon(self, connection: Connection, verdict: ErrorClass | None) -> None:
        """Roll back by the driver, since what a plugin tried may have left SQLAlchemy without a transaction.

        Where the connection is lost, so are the others, which are as old; one that work gave back to the
        pool is somewhere among them.
        """
        if connection.closed:
            self._engine.dispose()
        elif verdict is not None and verdict.lost:
            connection.invalidate()
            self._engine.dispose()
        elif not connection.invalidated:
            connection.connection.rollback()

    def _apart(self, connection: Connection, work: Callable[[Connection], T]) -> T | Exception:
        """Run one of several works; what only it met, it keeps."""
        connection.exec_driver_sql("SAVEPOINT submission")
        try:
            result: T | Exception = work(connection)
        except Exception as error:
            if error_class_of(self._kind, error):
                raise
            connection.exec_driver_sql("ROLLBACK TO SAVEPOINT submission")
            result = error
        connection.exec_driver_sql("RELEASE SAVEPOINT submission")
        return result

    def _outcome(self, work: Callable[[Connection], T]) -> T | Exception:
        try:
            return self.transaction(work)
        except Exception as error:  # noqa: BLE001  # it is told to the one who asked for this work
            return error


def _end(transaction: RootTransaction, *, keep: bool) -> None:
    """Commit or roll back; raises for work that tried either, and went on as if nothing had happened."""
    if not transaction.is_active:
        raise RuntimeError("Work on the database tried to end its transaction.")
    transaction.commit() if keep else transaction.rollback()
