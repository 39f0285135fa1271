"""`ServerStore`: pooled connections; a transaction that lost a race is run again as a whole (ADR 0016)."""

import random
import time
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import TypeVar

from sqlalchemy import URL, Connection, RootTransaction

from shopdb_core.errors import Unavailable
from shopdb_core.store.dialect import ErrorClass, ServerDialect
from shopdb_core.store.interface import guarded
from shopdb_core.store.server.engine import ANSWER_SECONDS, begin_snapshot, server_engine

T = TypeVar("T")

MOST_TRIES = 8
LONGEST_TRYING_SECONDS = 20.0
FIRST_PAUSE_SECONDS = 0.01
"""Doubled with each try; the pause is random below that, so that two transactions do not collide again."""


class ServerStore:
    """Implements `Store`; any number of processes may share the database."""

    def __init__(self, dialect: ServerDialect, url: URL, connections: int) -> None:
        self._dialect = dialect
        self._engine = server_engine(dialect, url, connections, ANSWER_SECONDS)
        self._open = True

    def transaction(self, work: Callable[[Connection], T]) -> T:
        """Run `work` and commit; run it again as a whole if it loses a race or its connection."""
        return self._with_retries(work, commit=True)

    def dry_run(self, work: Callable[[Connection], T]) -> T:
        """Run `work` and roll back."""
        return self._with_retries(work, commit=False)

    def batch(self, works: Sequence[Callable[[Connection], T]], keys: Sequence[bytes]) -> list[T | Exception]:
        """Run all in one transaction, each in a savepoint; if that transaction fails, run each in its own.

        They run in the order of their keys: two transactions that lock the same rows in opposite orders
        would wait for each other.
        """
        order = sorted(range(len(works)), key=keys.__getitem__)
        results = self._batch_in_order([works[index] for index in order])
        return [result for _, result in sorted(zip(order, results, strict=True), key=itemgetter(0))]

    def _batch_in_order(self, works: Sequence[Callable[[Connection], T]]) -> list[T | Exception]:
        try:
            return self.transaction(
                lambda connection: [self._in_savepoint(connection, work) for work in works]
            )
        except Unavailable as unavailable:
            found = self._dialect.error_class(unavailable)
            if found is not None and found.is_lost_race:
                return self._run_each(works)
            return [unavailable for _ in works]
        except Exception:  # noqa: BLE001  # the work that caused it raises it again
            return self._run_each(works)

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on a snapshot."""
        return self._with_retries(work, commit=False, reading=True)

    def ping(self) -> None:
        """Send one statement to the server and back."""
        self._with_retries(lambda connection: connection.exec_driver_sql("SELECT 1"), commit=False)

    def close(self) -> None:
        """Refuse further work; close idle connections now, and the others when they are returned."""
        self._open = False
        self._engine.dispose()

    def _with_retries(self, work: Callable[[Connection], T], *, commit: bool, reading: bool = False) -> T:
        if not self._open:
            raise Unavailable("The server is shutting down. Nothing was stored.")
        give_up_at = time.monotonic() + LONGEST_TRYING_SECONDS
        for tries in range(MOST_TRIES):
            try:
                return self._run(work, commit=commit, reading=reading)
            except Exception as error:
                found = self._dialect.error_class(error, reading=reading)
                is_last = tries == MOST_TRIES - 1 or time.monotonic() > give_up_at
                if found is None or (found.reason is None and is_last):
                    raise
                if is_last or not found.retry:
                    raise Unavailable(f"{found.reason} Try again later.") from error
            time.sleep(random.uniform(0, FIRST_PAUSE_SECONDS * 2**tries))  # noqa: S311  # no secret
        raise AssertionError("unreachable")

    def _run(self, work: Callable[[Connection], T], *, commit: bool, reading: bool) -> T:
        with self._engine.connect() as connection:
            try:
                transaction = begin_snapshot(self._dialect, connection) if reading else connection.begin()
                with guarded(connection):
                    result = work(connection)
                _end(transaction, commit=commit)
            except BaseException as error:
                self._roll_back(connection, self._dialect.error_class(error, reading=reading))
                raise
        return result

    def _roll_back(self, connection: Connection, found: ErrorClass | None) -> None:
        """Roll back by the driver: SQLAlchemy has no transaction after a plugin tried to end it.

        If the connection is lost, all connections are replaced, since they lead to the same server. The same
        applies if the work closed its connection, which is then back in the pool.
        """
        if connection.closed:
            self._engine.dispose()
        elif found is not None and found.connection_lost:
            connection.invalidate()
            self._engine.dispose()
        elif not connection.invalidated:
            connection.connection.rollback()

    def _in_savepoint(self, connection: Connection, work: Callable[[Connection], T]) -> T | Exception:
        """Run one of several works and return its result or its error; raises errors that have a class."""
        connection.exec_driver_sql("SAVEPOINT submission")
        try:
            result: T | Exception = work(connection)
        except Exception as error:
            if self._dialect.error_class(error):
                raise
            connection.exec_driver_sql("ROLLBACK TO SAVEPOINT submission")
            result = error
        connection.exec_driver_sql("RELEASE SAVEPOINT submission")
        return result

    def _run_each(self, works: Sequence[Callable[[Connection], T]]) -> list[T | Exception]:
        """Run each work in a transaction of its own, until the database is unavailable for one of them.

        The works after it get the same error: each would wait as long again.
        """
        results: list[T | Exception] = []
        for work in works:
            try:
                results.append(self.transaction(work))
            except Unavailable as unavailable:
                return [*results, *([unavailable] * (len(works) - len(results)))]
            except Exception as error:  # noqa: BLE001  # raised again by the caller of `batch`
                results.append(error)
        return results


def _end(transaction: RootTransaction, *, commit: bool) -> None:
    """Commit or roll back; raises `RuntimeError` if the work tried either and ignored the error."""
    if not transaction.is_active:
        raise RuntimeError("Work on the database tried to end its transaction.")
    transaction.commit() if commit else transaction.rollback()
