"""How long an answer of PostgreSQL is waited for: libpq itself waits without an end.

PostgreSQL, by psycopg 3.
"""

import time
from collections.abc import Callable, Generator, Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy import URL, Connection, Dialect, Engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from shopdb_core.errors import ConfigurationError
from shopdb_core.store.server.dialect import LOCK_TIMEOUT_SECONDS, DatabaseDialect, ErrorClass


def bounded_connection(driver: Any, seconds: float) -> Any:
    """Return psycopg's class of connections, which raises `OperationalError` where an answer takes longer."""
    return type("BoundedConnection", (_Bounded, driver.Connection), {"answer_seconds": seconds})


class _Bounded:
    answer_seconds: float
    OperationalError: type[Exception]
    close: Callable[[], None]

    def wait(self, talk: Generator[Any, Any, Any], *arguments: Any, **options: Any) -> Any:
        return super().wait(self._in_time(talk), *arguments, **options)  # type: ignore[misc]  # psycopg's

    def _in_time(self, talk: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """Pass on what the talk with the server waits for; several times a second nothing has come."""
        give_up_at = time.monotonic() + self.answer_seconds
        try:
            wanted = next(talk)
            while True:
                ready = yield wanted
                if not ready and time.monotonic() > give_up_at:
                    self.close()  # so that SQLAlchemy, too, sees that it is of no more use
                    raise self.OperationalError("the database server does not answer")
                wanted = talk.send(ready)
        except StopIteration as end:
            return end.value


_MIGRATION_LOCK = 0x73686F706462
"""The advisory lock's number, the letters of `shopdb`; advisory locks are each database's own."""

_PRUNING_LOCK = _MIGRATION_LOCK + 1

_GONE = ErrorClass("The database server is away.", again=True, lost=True)
_REFUSED = ErrorClass("The database server refuses the connection.", again=True, lost=True)
_BY_CLASS: Mapping[str, ErrorClass] = MappingProxyType(
    {
        "08": _GONE,
        "40": ErrorClass("The database is too busy with other writers of the same rows.", again=True),
        "53": ErrorClass("The database server is out of disk space, memory or connections."),
        "57": _GONE,
        "58": ErrorClass("The disk of the database server reports an error."),
    }
)
_BY_STATE: Mapping[str, ErrorClass] = MappingProxyType(
    {
        "23505": ErrorClass(None, again=True),  # the first submission of an asset may have lost a race
        "25006": ErrorClass(
            "The database server takes no writes: it is a standby.", again=True, lost=True, read_only=True
        ),
        "55P03": ErrorClass("Another writer holds the same rows for too long.", again=True),
        "57014": ErrorClass("The database server gave up the statement."),
    }
)


def classify_error(error: BaseException) -> ErrorClass | None:
    """Judge by SQLSTATE (PostgreSQL, appendix A); only an error of the connection itself has none."""
    if type(error).__module__.partition(".")[0] != "psycopg":
        return None
    state = getattr(error, "sqlstate", None)
    if state is None:
        return _classify_without_state(error)
    return _BY_STATE.get(state) or _BY_CLASS.get(state[:2])


def _classify_without_state(error: BaseException) -> ErrorClass | None:
    # An attempt to connect that timed out has a class of its own, below that of the others.
    names = {base.__name__ for base in type(error).__mro__}
    if not names & {"OperationalError", "InterfaceError"}:
        return None
    # libpq hands on what the server answered to an attempt to connect, but not its SQLSTATE.
    return _REFUSED if "FATAL:" in str(error) else _GONE


def _prepare(engine: Engine, _url: URL, answer_seconds: float | None) -> None:
    """Bound the waiting for answers; libpq knows several hosts in one URL by itself."""
    if answer_seconds is None:
        return

    connection = bounded_connection(engine.dialect.loaded_dbapi, answer_seconds)

    @event.listens_for(engine, "do_connect")
    def connect(
        _dialect: Dialect, _entry: ConnectionPoolEntry, arguments: tuple[Any, ...], options: dict[str, Any]
    ) -> DBAPIConnection:
        return connection.connect(*arguments, **options)  # type: ignore[no-any-return]  # built at run time


def _check(connection: Connection) -> None:
    """Raise `ConfigurationError` for a database whose encoding cannot hold every character."""
    encoding = connection.scalar(text("SHOW server_encoding"))
    if encoding != "UTF8":
        raise ConfigurationError(
            f"The database's encoding is {encoding}: create it with ENCODING 'UTF8' TEMPLATE template0"
        )


def _catch_up(_connection: Connection) -> None:
    """Return at once: a server that takes writes has them all."""


def _lock_migrations(connection: Connection) -> None:
    """Wait for the other upgrade, however long it takes; the transaction's end lets the next one go on."""
    connection.execute(text("SET LOCAL lock_timeout = 0"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _MIGRATION_LOCK})


def _lock_pruning(connection: Connection) -> bool:
    """Try to take the lock; the transaction's end gives it back, and it may be idle until then."""
    connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
    taken = connection.scalar(text("SELECT pg_try_advisory_xact_lock(:number)"), {"number": _PRUNING_LOCK})
    return bool(taken)


POSTGRESQL = DatabaseDialect(
    connect_args=MappingProxyType(
        {
            "connect_timeout": 5,
            "client_encoding": "utf8",
            "options": f"-c lock_timeout={LOCK_TIMEOUT_SECONDS}s -c synchronous_commit=on -c timezone=UTC",
            # A host that is gone without a word is noticed within half a minute.
            "tcp_user_timeout": 30_000,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 4,
            "application_name": "shopdb",
            "target_session_attrs": "read-write",
        }
    ),
    prepare=_prepare,
    judge=classify_error,
    check=_check,
    catch_up=_catch_up,
    lock_migrations=_lock_migrations,
    lock_pruning=_lock_pruning,
)
