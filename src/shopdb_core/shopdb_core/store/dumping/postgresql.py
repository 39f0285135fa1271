"""PostgreSQL: `pg_dump` and `pg_restore`, in the custom format."""

from pathlib import Path
from typing import Any

from sqlalchemy import URL

from shopdb_core.store.dumping.programs import BLOCK, Report, program, run, secret_file
from shopdb_core.store.dumping.servers import on_server, require_empty

PACKAGE = "postgresql-client"
PLAIN = ("--no-owner", "--no-privileges", "--no-password")
"""Owner and rights are those of the account that restores."""


def dump(url: URL, file: Path, report: Report) -> int:
    """Dump one snapshot, which blocks no writer."""
    connection, secret = _connection(url)
    size = 0

    def take(output: Any) -> None:
        nonlocal size
        with file.open("xb") as target:
            while block := output.read(BLOCK):
                target.write(block)
                size += len(block)
                report("Dumping", size, 0)

    with secret_file(secret) as passfile:
        command = [program("pg_dump", package=PACKAGE), f"--dbname={connection}", "--format=custom", *PLAIN]
        run(command, {"PGPASSFILE": passfile}, take=take)
    return size


def load(file: Path, url: URL, _most: int, report: Report) -> None:
    """Restore in one transaction."""
    on_server(url, require_empty)
    connection, secret = _connection(url)
    size = file.stat().st_size
    whole = ("--single-transaction", "--exit-on-error")
    report("Restoring", 0, size)
    with secret_file(secret) as passfile:
        command = [
            program("pg_restore", package=PACKAGE),
            f"--dbname={connection}",
            *whole,
            *PLAIN,
            str(file),
        ]
        run(command, {"PGPASSFILE": passfile})
    report("Restoring", size, size)


def _connection(url: URL) -> tuple[str, str]:
    """Return the connection string without the password, and the content of a password file."""
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415  # an extra

    _, options = url.get_dialect()().create_connect_args(url)
    password = str(options.pop("password", "")).replace("\\", "\\\\").replace(":", "\\:")
    return make_conninfo(**options), f"*:*:*:*:{password}\n"
