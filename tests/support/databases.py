"""The databases of the tests, and queries of them beside the code under test."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, NullPool, create_engine, make_url, text

SERVERS = ("postgresql", "mysql")
KINDS = ("sqlite", *SERVERS)

CREATE = {
    "postgresql": "CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0",
    "mysql": "CREATE DATABASE {} CHARACTER SET utf8mb4",
}
"""The statement that creates an empty database on each server."""


@dataclass(frozen=True)
class Database:
    """One database, with queries beside the code under test."""

    kind: str
    url: str

    @property
    def name(self) -> str:
        """The name on its server, or the path of its file."""
        return make_url(self.url).database or ""

    @property
    def file(self) -> Path:
        """The SQLite file."""
        assert self.kind == "sqlite"
        return Path(self.name)

    def query(self, sql: str, **values: object) -> list[tuple]:
        """Return the rows of a query."""
        return execute(make_url(self.url), sql, **values)


def execute(url: URL, sql: str, **values: object) -> list[tuple]:
    """Run and commit one statement on a separate connection."""
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.begin() as connection:
            result = connection.execute(text(sql), values)
            return [tuple(row) for row in result] if result.returns_rows else []
    finally:
        engine.dispose()


def administer(url: URL, sql: str) -> None:
    """Run a statement outside of a transaction."""
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(sql))
    finally:
        engine.dispose()
