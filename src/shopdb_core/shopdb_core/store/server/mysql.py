"""`MYSQL`: MySQL and MariaDB with mysqlclient, also the nodes of a Galera cluster."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from types import MappingProxyType
from typing import Any

from sqlalchemy import URL, Connection, Dialect, Engine, event, text
from sqlalchemy.dialects.mysql import DATETIME, LONGTEXT, VARBINARY, VARCHAR
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from shopdb_core.errors import ConfigurationError, Unavailable
from shopdb_core.store.dialect import (
    COMMIT,
    LOCK_TIMEOUT_SECONDS,
    ColumnTypes,
    ErrorClass,
    Run,
    ServerDialect,
)

LEAST_PACKET_BYTES = 16 * 1024 * 1024
LONGEST_MESSAGE = LEAST_PACKET_BYTES // 16
"""Characters of several statements in one message: a character may take eight bytes when it is escaped."""

MIGRATION_LOCK_SECONDS = 600
DEFAULT_PORT = 3306
WSREP_NOT_READY = 1047
DOES_NOT_EXIST = 1305

_IN_CLUSTER = "in a cluster"
_EXCESS = frozenset({"ALL PRIVILEGES", "SUPER", "CREATE USER"})

_GONE = ErrorClass("The database server is away.", retry=True, connection_lost=True)
_BUSY = ErrorClass("The database is too busy with other writers of the same rows.", retry=True)
_FULL = ErrorClass("The disk of the database server is full.")
_READ_ONLY = ErrorClass(
    "The database server takes no writes: it is a replica.", retry=True, connection_lost=True
)

_BY_NUMBER: Mapping[int, ErrorClass] = MappingProxyType(
    {
        0: _GONE,  # the driver's own: the connection is closed
        1020: _BUSY,  # the record has changed since it was read
        1021: _FULL,
        1040: ErrorClass("The database server has no connection left."),
        1041: ErrorClass("The database server is out of memory."),
        WSREP_NOT_READY: ErrorClass(
            "The node of the cluster is not ready.", retry=True, connection_lost=True
        ),
        1053: _GONE,  # shutdown in progress
        1062: ErrorClass(None, retry=True),  # two first submissions of one asset
        1114: _FULL,
        1180: _BUSY,  # error during COMMIT
        1205: ErrorClass("Another writer holds the same rows for too long.", retry=True),
        1213: _BUSY,  # deadlock; on Galera also a conflict with another node at the commit
        1290: _READ_ONLY,
        DOES_NOT_EXIST: _BUSY,  # the savepoint is gone with its transaction
        1317: _GONE,  # interrupted
        1836: _READ_ONLY,
        1927: _GONE,  # the connection was killed
        2002: _GONE,
        2003: _GONE,
        2005: _GONE,
        2006: _GONE,
        2013: _GONE,
        2026: _GONE,
        2055: _GONE,
    }
)


def _classify_error(error: BaseException) -> ErrorClass | None:
    """Classify by the number of the error (mariadb.com/kb/en/mariadb-error-code-reference)."""
    if type(error).__module__.partition(".")[0] != "MySQLdb" or not error.args:
        return None
    number, *message = error.args
    if number == DOES_NOT_EXIST and "SAVEPOINT" not in "".join(map(str, message)):
        return None  # a function of a statement, which no further attempt will find
    return _BY_NUMBER.get(number)


def _hosts(url: URL) -> list[tuple[str, int]]:
    """Return the servers that a URL names, in the order in which they are tried.

    Several are written as `?host=db1:3306&host=db2:3306`, as SQLAlchemy does for PostgreSQL.
    """
    default = url.port or DEFAULT_PORT
    named = url.query.get("host", ())
    listed = [named] if isinstance(named, str) else named
    return [_host_and_port(each, default) for each in listed] or [(url.host or "localhost", default)]


def _host_and_port(named: str, default: int) -> tuple[str, int]:
    host, colon, port = named.rpartition(":")
    if not colon:
        return named, default
    if not port.isdigit():
        raise ConfigurationError(f"SHOPDB_DATABASE_URL: host={named[:60]} is not HOST:PORT")
    return host, int(port)


class _Connection:
    """Mixed into the driver's connection: `commit` sends nothing if the last message ended with COMMIT."""

    is_committed = False

    def query(self, query: bytes) -> None:
        self.is_committed = False
        super().query(query)  # type: ignore[misc]  # the driver's

    def commit(self) -> None:
        if not self.is_committed:
            super().commit()  # type: ignore[misc]  # the driver's


def _prepare(engine: Engine, url: URL, answer_seconds: float | None) -> None:
    """Connect to the first host that is ready, and limit the wait for an answer."""
    hosts = _hosts(url)
    seconds = answer_seconds and math.ceil(answer_seconds)
    bounds = {"read_timeout": seconds, "write_timeout": seconds} if seconds else {}
    driver: Any = import_module("MySQLdb.connections")
    connection = type("Connection", (_Connection, driver.Connection), {})

    @event.listens_for(engine, "do_connect")
    def connect(
        dialect: Dialect, entry: ConnectionPoolEntry, arguments: tuple[Any, ...], options: dict[str, Any]
    ) -> DBAPIConnection:
        """Raise the error of the last host if none is ready."""
        options = {**options, **bounds}
        for host, port in hosts[:-1]:
            with suppress(dialect.loaded_dbapi.Error):
                return _set_up(_connect(connection, arguments, options, host, port), entry)
        host, port = hosts[-1]
        return _set_up(_connect(connection, arguments, options, host, port), entry)


def _connect(
    connect: Callable[..., Any], arguments: tuple[Any, ...], options: dict[str, Any], host: str, port: int
) -> Any:
    """Connect to one server; raises `ConfigurationError` for an option that the driver rejects."""
    try:
        return connect(*arguments, **{**options, "host": host, "port": port})
    except TypeError as error:
        raise ConfigurationError(f"SHOPDB_DATABASE_URL: {error}") from error


def _set_up(connection: Any, entry: ConnectionPoolEntry) -> DBAPIConnection:
    """Set the session's variables; raises the driver's error on a node that is cut off from its cluster."""
    cursor = connection.cursor()
    cursor.execute(f"SET SESSION innodb_lock_wait_timeout = {LOCK_TIMEOUT_SECONDS}")
    cursor.execute("SHOW STATUS WHERE Variable_name IN ('wsrep_provider_name', 'wsrep_ready')")
    node = dict(cursor.fetchall())
    cursor.close()
    entry.info[_IN_CLUSTER] = bool(node.get("wsrep_provider_name"))
    if entry.info[_IN_CLUSTER] and node["wsrep_ready"] != "ON":
        connection.close()
        raise connection.OperationalError(WSREP_NOT_READY, "the node is not part of its cluster")
    return connection  # type: ignore[no-any-return]  # the driver has no types


def _check(connection: Connection) -> None:
    """Raise `ConfigurationError` for a server or schema that would change what is stored."""
    charset = connection.scalar(text("SELECT @@character_set_database"))
    if charset != "utf8mb4":
        raise ConfigurationError(
            f"The database's character_set_database is {charset}: run ALTER DATABASE … CHARACTER SET utf8mb4"
        )
    modes = str(connection.scalar(text("SELECT @@sql_mode"))).split(",")
    if not {"STRICT_TRANS_TABLES", "STRICT_ALL_TABLES"} & set(modes):
        raise ConfigurationError("The database server's sql_mode lacks STRICT_TRANS_TABLES: add it.")
    packet = connection.scalar(text("SELECT @@max_allowed_packet"))
    if int(packet or 0) < LEAST_PACKET_BYTES:
        raise ConfigurationError(
            f"The database server's max_allowed_packet is {packet}: it must be at least {LEAST_PACKET_BYTES}."
        )


def _wait_for_cluster(connection: Connection) -> None:
    """Wait until this node has applied what the others had committed (mariadb.com/kb, wsrep_sync_wait)."""
    if connection.info[_IN_CLUSTER]:
        connection.exec_driver_sql("SET STATEMENT wsrep_sync_wait = 1 FOR SELECT 1")


def _lock_migrations(connection: Connection) -> None:
    """Wait for the other upgrade, ten minutes at most; closing the connection releases the lock."""
    name = f"shopdb.{connection.engine.url.database}"[:64]
    get_lock = text("SELECT GET_LOCK(:name, :seconds)")
    if connection.scalar(get_lock, {"name": name, "seconds": MIGRATION_LOCK_SECONDS}) != 1:
        raise Unavailable("Another `shopdb db upgrade` holds the database; try again when it is done.")


def _lock_pruning(connection: Connection) -> bool:
    """Try to take the lock; closing the connection releases it."""
    name = f"shopdb-prune.{connection.engine.url.database}"[:64]
    return bool(connection.scalar(text("SELECT GET_LOCK(:name, 0)"), {"name": name}))


def _excess_rights(connection: Connection) -> list[str]:
    """Return the rights on every database (`*.*`) that lead to all others; `USAGE` is none."""
    found: set[str] = set()
    for grant in connection.scalars(text("SHOW GRANTS")):
        rights, on_all, options = grant.partition(" ON *.* TO ")
        if on_all:
            found |= _EXCESS.intersection(rights.removeprefix("GRANT ").split(", "))
            found |= {"GRANT OPTION"} if options.endswith(" WITH GRANT OPTION") else set()
    return sorted(found)


def _run_together(driver: Any, runs: Sequence[Run]) -> list[Sequence[Any]]:
    """Send statements as one text, separated by semicolons, and read the answers one after another."""
    found = []
    for sql, arguments in _messages(runs):
        cursor = driver.cursor()
        cursor.execute(sql, arguments)
        while True:
            if cursor.description:
                found.append(cursor.fetchall())
            if not cursor.nextset():
                break
    driver.is_committed = runs[-1] == COMMIT
    return found


def _messages(runs: Sequence[Run]) -> Iterator[tuple[str, Sequence[Any]]]:
    """Yield texts of many statements, with their arguments, that the server accepts as one packet."""
    statements: list[str] = []
    arguments: list[Any] = []
    length = 0
    for sql, row in ((sql, row) for sql, rows in runs for row in rows):
        more = len(sql) + sum(len(value) for value in row if isinstance(value, str | bytes))
        if statements and length + more > LONGEST_MESSAGE:
            yield ";".join(statements), arguments
            statements, arguments, length = [], [], 0
        statements.append(sql)
        arguments += row
        length += more
    yield ";".join(statements), arguments


MYSQL = ServerDialect(
    name="mysql",
    driver="mysqldb",
    url_schemes=("mysql", "mariadb"),
    column_types=ColumnTypes(
        binary=VARBINARY,
        exact_text=lambda length: VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin"),
        long_text=LONGTEXT(),
        date_time=DATETIME(fsp=6),
    ),
    transactional_ddl=False,
    bytes_query=(
        "SELECT COALESCE(SUM(data_length + index_length), 0) FROM information_schema.tables "
        "WHERE table_schema = DATABASE()"
    ),
    clock_query="SELECT UNIX_TIMESTAMP(NOW(6))",
    classify_error=_classify_error,
    connect_args=MappingProxyType({"charset": "utf8mb4", "connect_timeout": 5}),
    prepare=_prepare,
    check=_check,
    wait_for_cluster=_wait_for_cluster,
    lock_migrations=_lock_migrations,
    lock_pruning=_lock_pruning,
    excess_rights=_excess_rights,
    run_together=_run_together,
    create_database="CREATE DATABASE {name} CHARACTER SET utf8mb4",
    drop_database="DROP DATABASE IF EXISTS {name}",
)
