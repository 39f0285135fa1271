"""The SQLite store: one writer, many readers, nothing half done."""

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


def test_work_that_raises_leaves_nothing_and_harms_no_neighbour(store):
    """Each piece of work has a savepoint of its own, even in one commit."""
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


def test_works_together_fail_alone_and_come_back_in_order(store):
    """One commit, a savepoint each; what a later work does sees the earlier."""

    def fail(connection):
        mark("lost")(connection)
        raise KeyError("mine")

    one, failure, two, number = store.batch([mark("one"), fail, mark("two"), count])
    assert (one, two, number) == ("one", "two", 2)
    assert isinstance(failure, KeyError)
    assert marks(store) == {"one", "two"}


def test_works_together_after_the_end_are_refused_each(store):
    """As a single one is, but without raising."""
    store.close()
    assert [type(outcome) for outcome in store.batch([mark("a"), mark("b")])] == [Unavailable] * 2


def test_no_work_together_is_nothing(store):
    """A batch may be empty."""
    assert store.batch([]) == []


def test_a_locked_database_is_unavailable_and_heals(file, store):
    """Another process that holds the lock for too long gives a 503, and later writes work again."""
    store.transaction(lambda connection: connection.exec_driver_sql("PRAGMA busy_timeout=100"))
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="locked"):
        store.transaction(mark("a"))
    other.execute("ROLLBACK")
    other.close()
    assert store.transaction(mark("b")) == "b"
    assert marks(store) == {"b"}


def test_close_finishes_what_was_handed_in(file):
    """Whoever waits gets its answer; whoever comes later is told."""
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


def test_the_settings_that_make_it_durable(store):
    """WAL, a sync at every commit, foreign keys."""

    def work(connection):
        return [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]

    assert store.transaction(work) == ["wal", 2, 1]


def test_payloads_stand_in_no_error(store):
    """A failing statement does not quote its parameters."""
    store.transaction(mark("secret-value"))
    with pytest.raises(Exception, match="UNIQUE") as failure:
        store.transaction(mark("secret-value"))
    assert "secret-value" not in str(failure.value)


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "nonsense", "oracle://host/db", "sqlite+nope:///x"]
)
def test_a_url_that_cannot_be_served_is_named(url):
    """The variable stands in the error."""
    with pytest.raises(ConfigurationError, match="SHOPDB_DATABASE_URL"):
        open_store(Settings(secret_key=SECRET, database_url=url))


def test_a_file_that_cannot_be_made_is_unavailable(tmp_path):
    """A folder that does not exist is said, not traced back."""
    with pytest.raises(Unavailable, match="cannot be opened"):
        open_store(Settings(secret_key=SECRET, database_url=f"sqlite:///{tmp_path}/none/x.sqlite3"))
