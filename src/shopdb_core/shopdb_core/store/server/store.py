"""`ServerStore`: pooled connections; a transaction that lost a race is run again as a whole (ADR 0016)."""

import random
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from sqlalchemy import URL, Connection, QueuePool, RootTransaction

from shopdb_core.errors import Unavailable
from shopdb_core.store.dialect import ErrorClass, ServerDialect
from shopdb_core.store.interface import BatchWork, StoreUsage, guarded
from shopdb_core.store.server.combining import Combining
from shopdb_core.store.server.engine import ANSWER_SECONDS, begin_snapshot, server_engine

I = TypeVar("I")  # noqa: E741  # an item
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
        self._combining = Combining(self._run_batch)
        self._open = True

    def transaction(self, work: Callable[[Connection], T]) -> T:
        """Run `work` and commit; run it again as a whole if it loses a race or its connection."""
        return self._with_retries(work, commit=True)

    def dry_run(self, work: Callable[[Connection], T]) -> T:
        """Run `work` and roll back."""
        return self._with_retries(work, commit=False)

    def batch(self, work: BatchWork[I, T], items: Sequence[I]) -> Sequence[T | Exception]:
        """Run `work` on the items in one transaction; if that fails, on each in one of its own.

        Single items of callers that wait at the same time are run together.
        """
        if len(items) > 1:
            return self._run_batch(work, items)
        return self._combining.run(work, items)

    def together(self, calls: Sequence[Callable[[], object]], what: str = "") -> bool:  # noqa: ARG002  # see `Store`
        """Return `False`: a call that waits for the server would stop all others."""
        return False

    def _run_batch(self, work: BatchWork[I, T], items: Sequence[I]) -> Sequence[T | Exception]:
        try:
            return self.transaction(lambda connection: work(connection, items))
        except Unavailable as unavailable:
            found = self._dialect.error_class(unavailable)
            if len(items) == 1 or found is None or not found.is_lost_race:
                return [unavailable] * len(items)
        except Exception as error:  # noqa: BLE001  # the caller gets it
            if len(items) == 1:
                return [error]
        return self._run_each(work, items)

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on a snapshot."""
        return self._with_retries(work, commit=False, reading=True)

    def ping(self) -> None:
        """Send one statement to the server and back."""
        self._with_retries(lambda connection: connection.exec_driver_sql("SELECT 1"), commit=False)

    def usage(self) -> StoreUsage:
        """Return the pooled connections, and the submissions that wait to be stored together."""
        pool = self._engine.pool
        assert isinstance(pool, QueuePool)
        return StoreUsage(pool.checkedout(), pool.size(), self._combining.waiting())

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

    def _run_each(self, work: BatchWork[I, T], items: Sequence[I]) -> Sequence[T | Exception]:
        """Run `work` on each item in a transaction of its own, until the database is unavailable for one.

        The items after it get the same error: each would wait as long again.
        """
        results: list[T | Exception] = []
        for item in items:
            results += self._run_batch(work, [item])
            if isinstance(results[-1], Unavailable):
                return [*results, *([results[-1]] * (len(items) - len(results)))]
        return results


def _end(transaction: RootTransaction, *, commit: bool) -> None:
    """Commit or roll back; raises `RuntimeError` if the work tried either and ignored the error."""
    if not transaction.is_active:
        raise RuntimeError("Work on the database tried to end its transaction.")
    transaction.commit() if commit else transaction.rollback()
