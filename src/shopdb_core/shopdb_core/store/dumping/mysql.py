"""MySQL and MariaDB: `mariadb-dump` and `mariadb`, or `mysqldump` and `mysql`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, inspect, text

from shopdb_core.clock import utc_now
from shopdb_core.errors import BackupFailure
from shopdb_core.store.dumping.programs import Report, compress, inflate, program, run, secret_file
from shopdb_core.store.dumping.servers import on_server, require_empty
from shopdb_core.store.unfinished import is_unfinished, mark_unfinished, unfinishedrestore, unmark

PACKAGE = "mariadb-client"
SNAPSHOT = ("--single-transaction", "--skip-lock-tables", "--no-tablespaces", "--hex-blob")
_OPTIONS = {"host": "host", "port": "port", "user": "user", "passwd": "password", "unix_socket": "socket"}
_TLS = {"ca": "ssl-ca", "cert": "ssl-cert", "key": "ssl-key"}


def dump(url: URL, file: Path, report: Report) -> int:
    """Dump one snapshot, which blocks no writer."""
    dumper = program("mariadb-dump", "mysqldump", package=PACKAGE)
    size = 0

    def take(output: Any) -> None:
        nonlocal size
        size = compress(output, file, lambda done: report("Dumping", done, 0))

    with _defaults_file(url) as defaults:
        names = ("--default-character-set=utf8mb4", url.database or "")
        run([dumper, f"--defaults-extra-file={defaults}", *SNAPSHOT, *names], {}, take=take)
    return size


def load(file: Path, url: URL, most: int, report: Report) -> None:
    """Run the statements of the dump; if one fails, drop the tables, since none was there before.

    A mark tells the next one that the tables are a part of what was loaded, if this one cannot drop them.
    """
    client = program("mariadb", "mysql", package=PACKAGE)
    # In binary mode the client executes no command of its own, such as one of a shell.
    plain = ("--binary-mode", "--default-character-set=utf8mb4", url.database or "")
    feed = partial(inflate, file, most=most, advance=lambda done: report("Restoring", done, most))

    def work(connection: Connection) -> None:
        _begin(connection)
        try:
            with _defaults_file(url) as defaults:
                run([client, f"--defaults-extra-file={defaults}", *plain], {}, feed=feed)
        except BaseException:
            _drop_tables(connection)
            raise
        unmark(connection, unfinishedrestore)

    on_server(url, work, isolation_level="AUTOCOMMIT")


def _begin(connection: Connection) -> None:
    """Mark the database, and drop what was left by a restore that was cut off.

    Raises `BackupFailure` if it has other tables, or another process restores into it.
    """
    # The connection keeps the lock, and has nothing else to do until the dump is loaded.
    connection.execute(text("SET SESSION wait_timeout = 604800"))
    if not connection.scalar(text("SELECT GET_LOCK(CONCAT('shopdb restore ', MD5(DATABASE())), 0)")):
        raise BackupFailure("Another process is restoring into this database: wait until it has ended.")
    if is_unfinished(connection, unfinishedrestore):
        _drop_tables(connection)
    require_empty(connection)
    mark_unfinished(connection, utc_now(), unfinishedrestore)


@contextmanager
def _defaults_file(url: URL) -> Iterator[str]:
    """Yield an option file with how to connect, which only this user can read."""
    _, given = url.get_dialect()().create_connect_args(url)
    options = {_OPTIONS[name]: value for name, value in given.items() if name in _OPTIONS}
    tls: Mapping[str, Any] = given.get("ssl") or {}
    options |= {_TLS[name]: value for name, value in tls.items() if name in _TLS}
    lines = [f"{name}={_quoted(str(value))}" for name, value in options.items()]
    with secret_file("\n".join(["[client]", *lines, ""])) as path:
        yield path


def _quoted(value: str) -> str:
    return '"{}"'.format(value.replace("\\", "\\\\"))


def _drop_tables(connection: Connection) -> None:
    """Drop all tables, and the mark last: whoever is interrupted here can begin anew."""
    connection.execute(text("SET foreign_key_checks = 0"))
    for name in sorted(inspect(connection).get_table_names(), key=unfinishedrestore.name.__eq__):
        connection.execute(text(f"DROP TABLE `{name.replace('`', '``')}`"))
