"""A database for each test, empty or migrated; the servers are in `throwaway_servers`."""

import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from databases import CREATE, Database, administer
from sqlalchemy import URL, NullPool, create_engine, make_url, text

from shopdb_core.store.migrate import MigrationScripts, upgrade

ServerURL = Callable[[str], URL]


@pytest.fixture
def database_kind() -> str:
    """Return the kind of database that a test runs on: SQLite, unless it is marked for every database."""
    return "sqlite"


@pytest.fixture
def make_database(tmp_path: Path, server_url: ServerURL) -> Iterator[Callable[..., Database]]:
    """Return a function that makes an empty database of a kind, or a copy of one; dropped after the test."""
    with databases_in(tmp_path, server_url) as make:
        yield make


@pytest.fixture
def database(make_database: Callable[[str], Database], database_kind: str) -> Database:
    """Return an empty database of the test's own."""
    return make_database(database_kind)


@pytest.fixture(scope="session")
def template(
    tmp_path_factory: pytest.TempPathFactory, server_url: ServerURL
) -> Iterator[Callable[..., Database]]:
    """Return a function that gives the one database of a kind on which certain migrations have run."""
    migrated: dict[tuple[str, tuple[MigrationScripts, ...]], Database] = {}
    with databases_in(tmp_path_factory.mktemp("templates"), server_url) as make:

        def get(kind: str, scripts: tuple[MigrationScripts, ...]) -> Database:
            if (kind, scripts) not in migrated:
                database = make(kind)
                upgrade(database.url, scripts)
                migrated[kind, scripts] = database
            return migrated[kind, scripts]

        yield get


@pytest.fixture
def make_migrated(
    make_database: Callable[..., Database], template: Callable[..., Database]
) -> Callable[[str, Sequence[MigrationScripts]], Database]:
    """Return a function that makes a database as `upgrade` leaves it.

    The migrations run once, and each test gets a copy: they take longer than most tests.
    """
    return lambda kind, scripts: make_database(kind, template(kind, tuple(scripts)))


@contextmanager
def databases_in(folder: Path, server_url: ServerURL) -> Iterator[Callable[..., Database]]:
    """Yield a function that creates databases, files in `folder`; drop them at the end."""
    made: list[tuple[URL, str]] = []

    def make(kind: str, original: Database | None = None) -> Database:
        name = f"shopdb_test_{secrets.token_hex(6)}"
        server = URL.create("sqlite") if kind == "sqlite" else server_url(kind)
        path = f"{folder}/{name}.sqlite3" if kind == "sqlite" else name
        database = Database(kind, server.set(database=path).render_as_string(hide_password=False))
        if kind != "sqlite":
            made.append((server, name))
        if original:
            COPIES[kind](original, database, server)
        elif kind != "sqlite":
            administer(server, CREATE[kind].format(name))
        return database

    yield make
    for server, name in made:
        force = " WITH (FORCE)" if server.get_backend_name() == "postgresql" else ""
        administer(server, f"DROP DATABASE IF EXISTS {name}{force}")


def _copy_file(original: Database, copy: Database, _server: URL) -> None:
    shutil.copyfile(original.file, copy.file)


def _copy_on_postgresql(original: Database, copy: Database, server: URL) -> None:
    administer(server, f"CREATE DATABASE {copy.name} TEMPLATE {original.name}")


def _copy_on_mysql(original: Database, copy: Database, server: URL) -> None:
    """Copy every table with its rows; the schema has neither views nor triggers."""
    administer(server, CREATE["mysql"].format(copy.name))
    engine = create_engine(make_url(copy.url), poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("SET foreign_key_checks = 0"))
        for (table,) in connection.execute(text(f"SHOW TABLES FROM {original.name}")).all():
            _, statement = connection.execute(text(f"SHOW CREATE TABLE {original.name}.{table}")).one()
            connection.exec_driver_sql(statement.replace("%", "%%"))
            connection.execute(text(f"INSERT INTO {table} SELECT * FROM {original.name}.{table}"))
    engine.dispose()


COPIES: Mapping[str, Callable[[Database, Database, URL], None]] = {
    "sqlite": _copy_file,
    "postgresql": _copy_on_postgresql,
    "mysql": _copy_on_mysql,
}
