"""Databases of a test's own: a file, or a database on the servers that the machine has on loopback."""

import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import URL, NullPool, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

KINDS = ("sqlite", "postgresql", "mysql")

SERVERS = {
    "postgresql": (
        "SHOPDB_TEST_POSTGRESQL",
        "postgresql+psycopg://postgres@127.0.0.1:5432/postgres",
        "CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0",
    ),
    "mysql": (
        "SHOPDB_TEST_MYSQL",
        "mysql+mysqldb://root@127.0.0.1:3306/mysql",
        "CREATE DATABASE {} CHARACTER SET utf8mb4",
    ),
}
"""The variable that names each server, where it is otherwise, and how a database is made there."""


@dataclass(frozen=True)
class Database:
    """One empty database, and a way to look into it beside the code under test."""

    kind: str
    url: str

    @property
    def file(self) -> Path:
        """The SQLite file."""
        assert self.kind == "sqlite"
        return Path(make_url(self.url).database or "")

    def query(self, sql: str, **values: object) -> list[tuple]:
        """Return the rows of a query; its tables are those that ShopDB made."""
        return execute(make_url(self.url), sql, **values)


def execute(url: URL, sql: str, **values: object) -> list[tuple]:
    """Run one statement in a connection and a transaction of its own, committed."""
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.begin() as connection:
            result = connection.execute(text(sql), values)
            return [tuple(row) for row in result] if result.returns_rows else []
    finally:
        engine.dispose()


def administer(url: URL, sql: str) -> None:
    """Run a statement that no transaction may hold."""
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(sql))
    finally:
        engine.dispose()


def server_url(kind: str) -> URL:
    """Return the server of a kind; where none answers the test is skipped, in CI it fails."""
    variable, default, _ = SERVERS[kind]
    url = make_url(os.environ.get(variable, default))
    try:
        execute(url, "SELECT 1")
    except (DBAPIError, ModuleNotFoundError) as error:
        reason = f"{variable}: no server answers: {str(error).splitlines()[0]}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return url


@pytest.fixture
def database_kind() -> str:
    """Return the kind of database that a test runs on: SQLite, unless it is marked for every database."""
    return "sqlite"


@pytest.fixture
def make_database(tmp_path: Path) -> Iterator[Callable[[str], Database]]:
    """Return a function that makes an empty database of a kind; it is dropped after the test."""
    made: list[tuple[URL, str]] = []

    def make(kind: str) -> Database:
        name = f"shopdb_test_{secrets.token_hex(6)}"
        if kind == "sqlite":
            return Database(kind, f"sqlite:///{tmp_path}/{name}.sqlite3")
        server = server_url(kind)
        administer(server, SERVERS[kind][2].format(name))
        made.append((server, name))
        return Database(kind, server.set(database=name).render_as_string(hide_password=False))

    yield make
    for server, name in made:
        force = " WITH (FORCE)" if server.get_backend_name() == "postgresql" else ""
        administer(server, f"DROP DATABASE {name}{force}")


@pytest.fixture
def database(make_database: Callable[[str], Database], database_kind: str) -> Database:
    """Return an empty database of the test's own."""
    return make_database(database_kind)
