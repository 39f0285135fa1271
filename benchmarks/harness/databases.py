"""An empty database for a benchmark: a SQLite file, or a database on a server."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import NullPool, create_engine, make_url, text


@contextmanager
def empty_database(server: str | None, name: str, folder: Path) -> Iterator[str]:
    """Yield the URL of an empty database, dropped afterwards; without `server`, it is a file in `folder`."""
    if server is None:
        yield f"sqlite:///{folder}/{name}.sqlite3"
        return
    url = make_url(server)
    administration = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    charset = " CHARACTER SET utf8mb4" if url.get_backend_name() == "mysql" else ""
    with administration.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}{charset}"))
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        with administration.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name}"))


def server_version(url: str) -> str:
    """Return the version of a database server, without what follows the number."""
    dialect = make_url(url).get_backend_name()
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        query = "SELECT VERSION()" if dialect == "mysql" else "SHOW server_version"
        return str(connection.execute(text(query)).scalar_one()).replace("-", " ").split()[0]
