"""`DatabaseDialect` and `ServerDialect`: the records of everything that is particular to one database."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import (
    URL,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    DateTime,
    Engine,
    LargeBinary,
    String,
    Text,
    func,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.types import TypeEngine

LOCK_TIMEOUT_SECONDS = 15
"""How long a statement waits for rows that another transaction has locked."""


@dataclass(frozen=True, slots=True)
class ErrorClass:
    """What an error of a driver means for the transaction in which it was raised.

    reason: the sentence that a client reads once no further attempt is made; `None` raises the error itself.
    retry: the whole transaction may succeed if it is run again.
    connection_lost: the connection cannot be used again.
    read_only: the server, the connection or the file refused to write.
    """

    reason: str | None
    retry: bool = False
    connection_lost: bool = False
    read_only: bool = False

    @property
    def is_lost_race(self) -> bool:
        """Whether other writers of the same rows were the cause; the server is there and takes writes."""
        return self.retry and not self.connection_lost and not self.read_only


Run: TypeAlias = tuple[str, Sequence[Any]]
"""SQL for a driver, and the arguments of each of its executions."""

COMMIT: Run = ("COMMIT", [()])

POOL_EXHAUSTED = ErrorClass("Every connection to the database is in use.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnTypes:
    """The column types that differ between databases; the defaults are SQLAlchemy's generic types.

    row_id: numbers the rows of a table automatically.
    binary: bytes up to a given length, compared byte by byte; can be indexed.
    exact_text: characters up to a given length, compared without a collation; can be indexed.
    long_text: text without a limit below 16 MiB.
    date_time: date and time of day in microseconds.
    """

    row_id: TypeEngine[int] = field(default_factory=BigInteger)
    binary: Callable[[int], TypeEngine[bytes]] = LargeBinary
    exact_text: Callable[[int], TypeEngine[str]] = String
    long_text: TypeEngine[str] = field(default_factory=Text)
    date_time: TypeEngine[datetime] = field(default_factory=DateTime)


def _continues_by_itself(_connection: Connection, _column: Column[int]) -> None:
    """Do nothing: the database looks for the largest number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseDialect:
    """One database.

    name: SQLAlchemy's name of the dialect. Plugins use it as well, for their column types (`with_variant`)
        and for their own statements; the core does not see those.
    driver: SQLAlchemy's name of the driver, the one that is measured and tested (ADR 0016).
    url_schemes: how `SHOPDB_DATABASE_URL` may name it, with or without the driver.
    column_types: see `ColumnTypes`.
    one_writer: a transaction that writes excludes all others, so that it may number the rows itself.
    octet_length: returns the expression for the length of a text in bytes.
    continue_numbers: numbers further rows after those that were inserted with a number in this column, where
        the database does not do so by itself.
    transactional_ddl: a rollback undoes `CREATE TABLE`; otherwise each such statement commits.
    bytes_query: returns the size of the database in bytes.
    clock_query: returns the time of the database's clock, in seconds since 1970 (UTC).
    classify_error: returns the class of one exception; `None` if another attempt cannot help.

    To add a database server:

    1. Write a module in `server/` with one `ServerDialect`.
    2. Add it to `DATABASES` in `databases.py`.
    3. Add its driver to the extras in `pyproject.toml`, and a section to `docs/databases.md`.
    4. Add it to `tests/support/`: `databases.py`, `database_servers.py` and the throwaway servers.
    5. Add the statements of both plugins: each has a module `statements.py`.
    6. Add the rights that the checks of a plugin need: `devkit/databases.py`.
    7. Add how a database is dumped and loaded: a module in `dumping/`, and its line in `dumping/__init__.py`.
    """

    name: str
    driver: str
    url_schemes: tuple[str, ...]
    column_types: ColumnTypes = field(default_factory=ColumnTypes)
    one_writer: bool = False
    octet_length: Callable[[ColumnElement[str]], ColumnElement[int]] = func.octet_length
    continue_numbers: Callable[[Connection, Column[int]], None] = _continues_by_itself
    transactional_ddl: bool = True
    bytes_query: str
    clock_query: str
    classify_error: Callable[[BaseException], ErrorClass | None]

    def error_class(self, error: BaseException, *, reading: bool = False) -> ErrorClass | None:
        """Return the class of the first exception in the chain that came from the driver or the pool.

        With `reading`, an attempt to write is a mistake of the caller and has no class.
        """
        for cause in causes(error):
            if isinstance(cause, PoolTimeout):
                return POOL_EXHAUSTED
            if found := self.classify_error(cause):
                return None if reading and found.read_only else found
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerDialect(DatabaseDialect):
    """One kind of database server.

    connect_args: arguments of the driver.
    prepare: called with each new engine, the URL of the setting, and the seconds to wait for an answer of
        the server (`None`: no limit), before the first connection.
    check: raises `ConfigurationError` for a server whose settings would change what is stored.
    wait_for_cluster: waits until a node of a cluster has applied what the other nodes had committed.
    lock_migrations: waits for other upgrades; the lock ends with the transaction or the connection.
    lock_pruning: returns at once whether it took the lock, which ends likewise.
    excess_rights: returns the rights of the connection's user that reach beyond its own database.
    run_together: executes statements without waiting for the answer to each, and returns the rows of each
        execution that has some; raises the error of the first that fails, and executes none after it. The
        last one may be `COMMIT`: then the driver's `commit` sends nothing.
    create_database, drop_database: the statements for a database `{name}`, whoever is connected to it.
    """

    connect_args: Mapping[str, Any]
    prepare: Callable[[Engine, URL, float | None], None]
    check: Callable[[Connection], None]
    wait_for_cluster: Callable[[Connection], None]
    lock_migrations: Callable[[Connection], None]
    lock_pruning: Callable[[Connection], bool]
    excess_rights: Callable[[Connection], Sequence[str]]
    run_together: Callable[[Any, Sequence[Run]], list[Sequence[Any]]]
    create_database: str
    drop_database: str


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and its causes: a plugin's exception, SQLAlchemy's, the driver's."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__


def driver_sentence(error: BaseException) -> str:
    """Return the first line of the driver's message, which never has a password; empty without a driver."""
    found = (cause.orig for cause in causes(error) if isinstance(cause, DBAPIError) and cause.orig)
    driver = next(found, None)
    return str(driver.args[-1]).splitlines()[0] if driver and driver.args else ""
