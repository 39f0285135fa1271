"""The SQLite store: one writer thread, many readers."""

import sqlite3
import threading

import pytest
from sqlalchemy import text

from shopdb_core.errors import ConfigurationError, Unavailable
from shopdb_core.settings import Settings
from shopdb_core.store import open_store

SECRET = "a-secret-key-for-tests-0123456789-abcdef"


@pytest.fixture
def file(tmp_path):
    """Return the path of a database with one table."""
    path = tmp_path / "store.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE mark (name TEXT PRIMARY KEY)")
    connection.close()
    return path


@pytest.fixture
def store(file):
    """Return an open store on it."""
    opened = open_store(Settings(secret_key=SECRET, database_url=f"sqlite:///{file}"))
    yield opened
    opened.close()


def mark(name):
    """Return work that inserts one row."""

    def work(connection):
        connection.execute(text("INSERT INTO mark VALUES (:name)"), {"name": name})
        return name

    return work


def count(connection):
    """Return how many names are stored so far."""
    return connection.scalar(text("SELECT count(*) FROM mark"))


def marks(store):
    """Return the names that are stored."""
    return store.read(lambda connection: set(connection.scalars(text("SELECT name FROM mark"))))


def test_work_that_raises_does_not_affect_its_batch(store):
    """Each piece of work has a savepoint of its own within one commit."""
    release = threading.Event()
    outcomes = {}

    def hold(_connection):
        release.wait(10)

    def fail(connection):
        mark("lost")(connection)
        raise KeyError("mine")

    def run(name, work):
        try:
            outcomes[name] = store.transaction(work)
        except Exception as error:  # noqa: BLE001  # looked at below
            outcomes[name] = error

    jobs = {"hold": hold, "one": mark("one"), "fail": fail, "two": mark("two")}
    threads = [threading.Thread(target=run, args=job) for job in jobs.items()]
    threads[0].start()
    for thread in threads[1:]:
        thread.start()
    release.set()
    for thread in threads:
        thread.join()
    assert isinstance(outcomes["fail"], KeyError)
    assert (outcomes["one"], outcomes["two"]) == ("one", "two")
    assert marks(store) == {"one", "two"}


def test_batch_returns_results_and_errors_in_order(store):
    """Works run in one commit, each in a savepoint; a later work sees the rows of an earlier one."""

    def fail(connection):
        mark("lost")(connection)
        raise KeyError("mine")

    one, failure, two, number = store.batch([mark("one"), fail, mark("two"), count], [b"d", b"c", b"b", b"a"])
    assert (one, two, number) == ("one", "two", 2)
    assert isinstance(failure, KeyError)
    assert marks(store) == {"one", "two"}


def test_batch_of_a_closed_store_returns_errors(store):
    """Each work has `Unavailable` as its result."""
    store.close()
    assert [type(outcome) for outcome in store.batch([mark("a"), mark("b")], [b"a", b"b"])] == [
        Unavailable
    ] * 2


def test_an_empty_batch(store):
    """A batch without works returns an empty list."""
    assert store.batch([], []) == []


def test_a_locked_database_is_unavailable_until_it_is_free(file, store):
    """A lock of another process that lasts too long is `Unavailable`; later work is stored again."""
    store.transaction(lambda connection: connection.exec_driver_sql("PRAGMA busy_timeout=100"))
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="locked"):
        store.transaction(mark("a"))
    other.execute("ROLLBACK")
    other.close()
    assert store.transaction(mark("b")) == "b"
    assert marks(store) == {"b"}


def test_close_finishes_queued_work(file):
    """Work in the queue is stored; later work raises `Unavailable`."""
    store = open_store(Settings(secret_key=SECRET, database_url=f"sqlite:///{file}"))
    release, results = threading.Event(), []

    def hold(connection):
        release.wait(10)
        return mark("held")(connection)

    waiting = threading.Thread(target=lambda: results.append(store.transaction(hold)))
    waiting.start()
    closing = threading.Thread(target=store.close)
    closing.start()
    release.set()
    waiting.join()
    closing.join()
    assert results == ["held"]
    with pytest.raises(Unavailable):
        store.transaction(mark("late"))


def test_the_durability_settings(store):
    """WAL, a sync at every commit, foreign keys."""

    def work(connection):
        return [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]

    assert store.transaction(work) == ["wal", 2, 1]


def test_errors_do_not_contain_payloads(store):
    """The message of a failing statement does not contain its parameters."""
    store.transaction(mark("secret-value"))
    with pytest.raises(Exception, match="UNIQUE") as failure:
        store.transaction(mark("secret-value"))
    assert "secret-value" not in str(failure.value)


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "nonsense", "oracle://host/db", "sqlite+nope:///x"]
)
def test_an_unsupported_url(url):
    """The error names the setting."""
    with pytest.raises(ConfigurationError, match="SHOPDB_DATABASE_URL"):
        open_store(Settings(secret_key=SECRET, database_url=url))


def test_a_file_that_cannot_be_created_is_unavailable(tmp_path):
    """A missing directory raises `Unavailable`."""
    with pytest.raises(Unavailable, match="cannot be opened"):
        open_store(Settings(secret_key=SECRET, database_url=f"sqlite:///{tmp_path}/none/x.sqlite3"))
