"""`POSTGRESQL`: PostgreSQL with psycopg 3."""

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy import URL, Column, Connection, Dialect, Engine, event, false, func, select, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from shopdb_core.errors import ConfigurationError
from shopdb_core.store.dialect import LOCK_TIMEOUT_SECONDS, ErrorClass, Run, ServerDialect

_MIGRATION_LOCK = 0x73686F706462
"""The number of the advisory lock: the letters of `shopdb`. Each database has its own advisory locks."""

_PRUNING_LOCK = _MIGRATION_LOCK + 1

_IDLE = 0
"""libpq's `PQTRANS_IDLE`: the connection is in no transaction."""

_GONE = ErrorClass("The database server is away.", retry=True, connection_lost=True)
_REFUSED = ErrorClass("The database server refuses the connection.", retry=True, connection_lost=True)
_BY_CLASS: Mapping[str, ErrorClass] = MappingProxyType(
    {
        "08": _GONE,
        "40": ErrorClass("The database is too busy with other writers of the same rows.", retry=True),
        "53": ErrorClass("The database server is out of disk space, memory or connections."),
        "57": _GONE,
        "58": ErrorClass("The disk of the database server reports an error."),
    }
)
_BY_STATE: Mapping[str, ErrorClass] = MappingProxyType(
    {
        "23505": ErrorClass(None, retry=True),  # two first submissions of one asset
        "25006": ErrorClass(
            "The database server takes no writes: it is a standby.",
            retry=True,
            connection_lost=True,
            read_only=True,
        ),
        "55P03": ErrorClass("Another writer holds the same rows for too long.", retry=True),
        "57014": ErrorClass("The database server gave up the statement."),
    }
)


def _classify_error(error: BaseException) -> ErrorClass | None:
    """Classify by SQLSTATE (PostgreSQL, appendix A), which only errors of the connection itself lack."""
    if type(error).__module__.partition(".")[0] != "psycopg":
        return None
    state = getattr(error, "sqlstate", None)
    if state is None:
        return _classify_without_state(error)
    return _BY_STATE.get(state) or _BY_CLASS.get(state[:2])


def _classify_without_state(error: BaseException) -> ErrorClass | None:
    # A timeout while connecting is a subclass of OperationalError.
    names = {base.__name__ for base in type(error).__mro__}
    if not names & {"OperationalError", "InterfaceError"}:
        return None
    # libpq passes on the message of a server that refuses a connection, but not its SQLSTATE.
    return _REFUSED if "FATAL:" in str(error) else _GONE


class _TimedConnection:
    """Mixed into psycopg's connection: an answer that takes too long is an error; libpq waits forever."""

    answer_seconds: float
    OperationalError: type[Exception]
    close: Callable[[], None]

    def wait(self, generator: Generator[Any, Any, Any], *arguments: Any, **options: Any) -> Any:
        return super().wait(self._timed(generator), *arguments, **options)  # type: ignore[misc]  # psycopg's

    def _timed(self, generator: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """Pass on what psycopg's generator yields; `ready` is false several times a second meanwhile."""
        deadline = time.monotonic() + self.answer_seconds
        try:
            wanted = next(generator)
            while True:
                ready = yield wanted
                if not ready and time.monotonic() > deadline:
                    self.close()  # SQLAlchemy then discards the connection, too
                    raise self.OperationalError("the database server does not answer")
                wanted = generator.send(ready)
        except StopIteration as end:
            return end.value


class _BeginningConnection:
    """Mixed into psycopg's connection: in pipeline mode BEGIN waits for no answer of its own.

    psycopg has no public method for this; if a release renames the private ones, a test counts the messages.
    """

    autocommit: bool
    pgconn: Any
    _pipeline: Any
    _exec_command: Callable[[bytes], Generator[Any, Any, Any]]
    _get_tx_start_command: Callable[[], bytes]

    def begins(self) -> bool:
        """Return whether the next statement begins a transaction."""
        return self.pgconn.transaction_status == _IDLE and not self.autocommit

    def _start_query(self) -> Generator[Any, Any, None]:
        if self._pipeline and self.begins():
            yield from self._exec_command(self._get_tx_start_command())
        else:
            yield from super()._start_query()  # type: ignore[misc]  # psycopg's


class _BeginningCursor:
    """Mixed into psycopg's cursor: the first statement of a transaction is sent with BEGIN."""

    connection: Any

    def execute(self, *arguments: Any, **options: Any) -> Any:
        if not self.connection.begins():
            return super().execute(*arguments, **options)  # type: ignore[misc]  # psycopg's
        with self.connection.pipeline():
            return super().execute(*arguments, **options)  # type: ignore[misc]  # psycopg's


def _prepare(engine: Engine, _url: URL, answer_seconds: float | None) -> None:
    """Limit the wait for an answer, and send BEGIN with a statement.

    libpq handles several hosts in one URL.
    """
    if answer_seconds is None:
        return

    driver: Any = engine.dialect.loaded_dbapi
    bases = (_TimedConnection, _BeginningConnection, driver.Connection)
    connection = type("Connection", bases, {"answer_seconds": answer_seconds})
    cursor = type("Cursor", (_BeginningCursor, driver.Cursor), {})

    @event.listens_for(engine, "do_connect")
    def connect(
        _dialect: Dialect, _entry: ConnectionPoolEntry, arguments: tuple[Any, ...], options: dict[str, Any]
    ) -> DBAPIConnection:
        return connection.connect(*arguments, **options, cursor_factory=cursor)  # type: ignore[attr-defined,no-any-return]  # psycopg's


def _check(connection: Connection) -> None:
    """Raise `ConfigurationError` for a database whose encoding cannot hold every character."""
    encoding = connection.scalar(text("SHOW server_encoding"))
    if encoding != "UTF8":
        raise ConfigurationError(
            f"The database's encoding is {encoding}: create it with ENCODING 'UTF8' TEMPLATE template0"
        )


def _wait_for_cluster(_connection: Connection) -> None:
    """Return at once: a server that takes writes has every commit."""


def _lock_migrations(connection: Connection) -> None:
    """Wait for the other upgrade without a limit; the end of the transaction releases the lock."""
    connection.execute(text("SET LOCAL lock_timeout = 0"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _MIGRATION_LOCK})


def _lock_pruning(connection: Connection) -> bool:
    """Try to take the lock; the end of the transaction, which may be idle until then, releases it."""
    connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
    acquired = connection.scalar(text("SELECT pg_try_advisory_xact_lock(:number)"), {"number": _PRUNING_LOCK})
    return bool(acquired)


def _excess_rights(connection: Connection) -> list[str]:
    rights = connection.execute(
        text("SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = current_user")
    ).one()
    return [name for name, has in zip(("SUPERUSER", "CREATEROLE"), rights, strict=True) if has]


def _continue_numbers(connection: Connection, column: Column[int]) -> None:
    """Set the sequence of a column, if it has one."""
    names = {"table": f'"{column.table.name}"', "column": column.name}
    sequence = connection.scalar(text("SELECT pg_get_serial_sequence(:table, :column)"), names)
    if sequence is not None:
        following = select(func.setval(sequence, func.coalesce(func.max(column), 0) + 1, false()))
        connection.execute(following)


def _run_together(driver: Any, runs: Sequence[Run]) -> list[Sequence[Any]]:
    """Send all statements in pipeline mode, and then read the answers."""
    cursors = []
    with driver.pipeline():
        for sql, rows in runs:
            cursor = driver.cursor()
            cursor.execute(sql, rows[0]) if len(rows) == 1 else cursor.executemany(sql, rows)
            cursors.append(cursor)
    return [cursor.fetchall() for cursor in cursors if cursor.description]


POSTGRESQL = ServerDialect(
    name="postgresql",
    driver="psycopg",
    url_schemes=("postgresql",),
    bytes_query="SELECT pg_database_size(current_database())",
    clock_query="SELECT EXTRACT(EPOCH FROM clock_timestamp())",
    classify_error=_classify_error,
    continue_numbers=_continue_numbers,
    connect_args=MappingProxyType(
        {
            "connect_timeout": 5,
            "client_encoding": "utf8",
            "options": f"-c lock_timeout={LOCK_TIMEOUT_SECONDS}s -c synchronous_commit=on -c timezone=UTC",
            # A host that vanishes without closing its connections is noticed within half a minute.
            "tcp_user_timeout": 30_000,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 4,
            "application_name": "shopdb",
            "target_session_attrs": "read-write",
        }
    ),
    prepare=_prepare,
    check=_check,
    wait_for_cluster=_wait_for_cluster,
    lock_migrations=_lock_migrations,
    lock_pruning=_lock_pruning,
    excess_rights=_excess_rights,
    run_together=_run_together,
    create_database="CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0",
    drop_database="DROP DATABASE IF EXISTS {name} WITH (FORCE)",
)
