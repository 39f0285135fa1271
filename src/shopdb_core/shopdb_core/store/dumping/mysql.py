"""MySQL and MariaDB: `mariadb-dump` and `mariadb`, or `mysqldump` and `mysql`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, inspect, text

from shopdb_core.store.dumping.programs import Report, compress, inflate, program, run, secret_file
from shopdb_core.store.dumping.servers import on_server, require_empty

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
    """Run the statements of the dump; if one fails, drop the tables, since none was there before."""
    client = program("mariadb", "mysql", package=PACKAGE)
    require_empty(url)
    # In binary mode the client executes no command of its own, such as one of a shell.
    plain = ("--binary-mode", "--default-character-set=utf8mb4", url.database or "")
    feed = partial(inflate, file, most=most, advance=lambda done: report("Restoring", done, most))
    try:
        with _defaults_file(url) as defaults:
            run([client, f"--defaults-extra-file={defaults}", *plain], {}, feed=feed)
    except BaseException:
        on_server(url, _drop_tables)
        raise


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
    connection.execute(text("SET foreign_key_checks = 0"))
    for name in inspect(connection).get_table_names():
        connection.execute(text(f"DROP TABLE `{name.replace('`', '``')}`"))
