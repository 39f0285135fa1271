"""A store with one table of names, on the database of the test."""

from collections.abc import Callable, Iterator

import pytest
from databases import Database
from sqlalchemy import Connection, text

from shopdb_core.settings import Settings
from shopdb_core.store import Store, open_store

SECRET = "a-secret-key-for-tests-0123456789-abcdef"


@pytest.fixture
def marked(database: Database) -> Database:
    """Return a database with an empty table of names."""
    database.query("CREATE TABLE mark (name VARCHAR(40) PRIMARY KEY, number INTEGER)")
    return database


@pytest.fixture
def make_store(marked: Database) -> Iterator[Callable[..., Store]]:
    """Return a function that opens the database; it is closed after the test."""
    opened: list[Store] = []

    def make(**settings: object) -> Store:
        opened.append(open_store(Settings(secret_key=SECRET, database_url=marked.url, **settings)))
        return opened[-1]

    yield make
    for store in opened:
        store.close()


@pytest.fixture
def store(make_store: Callable[..., Store]) -> Store:
    """Return an open store."""
    return make_store()


@pytest.fixture
def mark() -> Callable[[str], Callable[[Connection], str]]:
    """Return a function that gives work which inserts one name."""

    def insert(name: str) -> Callable[[Connection], str]:
        def work(connection: Connection) -> str:
            connection.execute(text("INSERT INTO mark (name) VALUES (:name)"), {"name": name})
            return name

        return work

    return insert


@pytest.fixture
def marks(marked: Database) -> Callable[[], set[str]]:
    """Return a function that gives the names that are stored."""
    return lambda: {name for (name,) in marked.query("SELECT name FROM mark")}
