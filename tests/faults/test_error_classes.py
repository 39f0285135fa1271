"""The error classes of a database server's errors, as SQLAlchemy raises them."""

import socket

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import OperationalError

from shopdb_core.store.databases import DATABASES
from shopdb_core.store.server.engine import server_engine

pytestmark = pytest.mark.every_server

SLEEP = {"postgresql": "SELECT pg_sleep(10)", "mysql": "SELECT sleep(10)"}
IMPATIENT = {"postgresql": "SET lock_timeout = '100ms'", "mysql": "SET innodb_lock_wait_timeout = 1"}


@pytest.fixture
def engine(database):
    """Return an engine with two connections, which waits two seconds for an answer."""
    dialect = DATABASES[database.kind]
    made = server_engine(dialect, make_url(database.url), connections=2, answer_seconds=2.0)
    yield made
    made.dispose()


def test_answer_that_takes_too_long(engine, database) -> None:
    """A statement that is not answered in time is a lost connection."""
    with engine.connect() as connection, pytest.raises(OperationalError) as raised:
        connection.execute(text(SLEEP[database.kind]))

    error_class = DATABASES[database.kind].error_class(raised.value)
    assert error_class is not None
    assert error_class.connection_lost


def test_server_that_accepts_and_says_nothing(database) -> None:
    """A connection that is not set up in time is lost, too."""
    dialect = DATABASES[database.kind]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        nowhere = make_url(database.url).set(host="127.0.0.1", port=silent.getsockname()[1])
        engine = server_engine(dialect, nowhere, connections=1, answer_seconds=2.0)

        with pytest.raises(OperationalError) as raised:
            engine.connect()

    error_class = dialect.error_class(raised.value)
    assert error_class is not None
    assert error_class.connection_lost


def test_lock_that_is_waited_for_too_long(engine, database) -> None:
    """The class is that of the driver's error, not of SQLAlchemy's of the same name; the connection stays."""
    database.query("CREATE TABLE held (id INTEGER PRIMARY KEY)")
    database.query("INSERT INTO held VALUES (1)")

    with engine.connect() as holder, engine.connect() as waiting:
        holder.execute(text("SELECT id FROM held FOR UPDATE"))
        waiting.execute(text(IMPATIENT[database.kind]))
        with pytest.raises(OperationalError) as raised:
            waiting.execute(text("DELETE FROM held"))

    error_class = DATABASES[database.kind].error_class(raised.value)
    assert error_class is not None
    assert error_class.reason == "Another writer holds the same rows for too long."
    assert not error_class.connection_lost
