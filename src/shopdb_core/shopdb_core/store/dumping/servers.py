"""What dumping and loading need of a database server: an empty database, and one for a while."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import URL, Connection, inspect
from sqlalchemy.exc import DBAPIError

from shopdb_core.errors import BackupFailure
from shopdb_core.store.databases import DATABASES, parse_url
from shopdb_core.store.dialect import ServerDialect, driver_sentence
from shopdb_core.store.server.engine import ANSWER_SECONDS, server_engine

PREFIX = "shopdb_verify_"


@contextmanager
def scratch_database(database_url: str) -> Iterator[str]:
    """Yield the URL of a new, empty database of the same kind, which is removed at the end of the block.

    A SQLite file is made beside that of the site, where there is room for it; a server gets a database of its
    own. Raises `BackupFailure` if the account may not create one.
    """
    url = parse_url(database_url)
    dialect = DATABASES[url.get_backend_name()]
    if not isinstance(dialect, ServerDialect):
        folder = Path(url.database or "").absolute().parent
        with TemporaryDirectory(prefix=".shopdb-verify-", dir=folder) as scratch:
            yield f"sqlite:///{scratch}/scratch.sqlite3"
        return
    name = PREFIX + secrets.token_hex(6)
    _execute(url, dialect.create_database.format(name=name))
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        _execute(url, dialect.drop_database.format(name=name))


def _execute(url: URL, statement: str) -> None:
    """Run a statement outside of a transaction."""
    on_server(url, lambda connection: connection.exec_driver_sql(statement), isolation_level="AUTOCOMMIT")


def require_empty(connection: Connection) -> None:
    """Raise `BackupFailure` if the database of a server has a table."""
    if names := inspect(connection).get_table_names():
        raise BackupFailure(
            f"The database has tables, such as {min(names)}, and is not overwritten: name an empty one."
        )


def on_server(url: URL, work: Callable[[Connection], object], **options: str) -> None:
    """Run `work` on a connection that is closed afterwards, and commit; raises `BackupFailure`."""
    dialect = DATABASES[url.get_backend_name()]
    assert isinstance(dialect, ServerDialect)
    engine = server_engine(dialect, url, connections=1, answer_seconds=ANSWER_SECONDS)
    try:
        with engine.connect().execution_options(**options) as connection, connection.begin():
            work(connection)
    except DBAPIError as error:
        raise BackupFailure(f"The database server refuses it: {driver_sentence(error)}.") from error
    finally:
        engine.dispose()
