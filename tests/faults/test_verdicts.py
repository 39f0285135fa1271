"""What the store makes of errors of a database server, as they come through SQLAlchemy."""

import socket

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import OperationalError

from shopdb_core.store.server.engine import error_class_of, server_engine
from shopdb_core.store.server.mysql import MYSQL
from shopdb_core.store.server.postgresql import POSTGRESQL

pytestmark = pytest.mark.every_server

SERVER_KINDS = {"postgresql": POSTGRESQL, "mysql": MYSQL}
SLEEP = {"postgresql": "SELECT pg_sleep(10)", "mysql": "SELECT sleep(10)"}
IMPATIENT = {"postgresql": "SET lock_timeout = '100ms'", "mysql": "SET innodb_lock_wait_timeout = 1"}


@pytest.fixture
def engine(database):
    """Return an engine of two connections, which waits for an answer for two seconds."""
    made = server_engine(
        SERVER_KINDS[database.kind], make_url(database.url), connections=2, answer_seconds=2.0
    )
    yield made
    made.dispose()


def test_answer_that_takes_too_long(engine, database) -> None:
    """A statement that is not answered in time is a lost connection."""
    with engine.connect() as connection, pytest.raises(OperationalError) as met:
        connection.execute(text(SLEEP[database.kind]))

    verdict = error_class_of(SERVER_KINDS[database.kind], met.value)
    assert verdict is not None
    assert verdict.lost


def test_server_that_accepts_and_says_nothing(database) -> None:
    """A connection that is not set up in time is a lost one, too."""
    kind = SERVER_KINDS[database.kind]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        nowhere = make_url(database.url).set(host="127.0.0.1", port=silent.getsockname()[1])
        engine = server_engine(kind, nowhere, connections=1, answer_seconds=2.0)

        with pytest.raises(OperationalError) as met:
            engine.connect()

    verdict = error_class_of(kind, met.value)
    assert verdict is not None
    assert verdict.lost


def test_lock_that_is_waited_for_too_long(engine, database) -> None:
    """SQLAlchemy's error has the name of the driver's, on which the verdict is; no connection is lost."""
    database.query("CREATE TABLE held (id INTEGER PRIMARY KEY)")
    database.query("INSERT INTO held VALUES (1)")

    with engine.connect() as holder, engine.connect() as waiting:
        holder.execute(text("SELECT id FROM held FOR UPDATE"))
        waiting.execute(text(IMPATIENT[database.kind]))
        with pytest.raises(OperationalError) as met:
            waiting.execute(text("DELETE FROM held"))

    verdict = error_class_of(SERVER_KINDS[database.kind], met.value)
    assert verdict is not None
    assert verdict.reason == "Another writer holds the same rows for too long."
    assert not verdict.lost
