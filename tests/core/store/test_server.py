"""The store on a database server: a transaction that loses a race or its connection is run again."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from databases import administer
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from shopdb_core.errors import Unavailable
from shopdb_core.store.server import engine
from shopdb_core.store.server import store as server_store

pytestmark = pytest.mark.parametrize("database_kind", ["postgresql", "mysql"])

OWN_ID = {"postgresql": "SELECT pg_backend_pid()", "mysql": "SELECT connection_id()"}
KILL = {"postgresql": "SELECT pg_terminate_backend({})", "mysql": "KILL {}"}
SHORT_WAIT = {
    "postgresql": "SET LOCAL lock_timeout = '100ms'",
    "mysql": "SET SESSION innodb_lock_wait_timeout = 1",
}


def concurrently(*jobs):
    """Run each in a thread of its own, and return the results."""
    with ThreadPoolExecutor(len(jobs)) as pool:
        return [future.result(60) for future in [pool.submit(job) for job in jobs]]


def add_one(connection, name):
    connection.execute(text("UPDATE mark SET number = number + 1 WHERE name = :name"), {"name": name})


def run_each(connection, works):
    """Run each of several works, as one batch."""
    return [work(connection) for work in works]


def own_id(connection):
    """Return the server's id of a connection."""
    return connection.scalar(text(OWN_ID[connection.engine.url.get_backend_name()]))


@pytest.fixture
def kill(server_url, database_kind):
    """Return a function that ends a connection by its id, as a restart of the server would."""
    return lambda number: administer(server_url(database_kind), KILL[database_kind].format(number))


def test_a_statement_with_an_unknown_function_is_not_run_again(store):
    """MariaDB has one number for it and for a savepoint that is gone with its transaction."""
    tries = []

    def work(connection):
        tries.append(connection.execute(text("SELECT julianday('2026-01-01')")))

    with pytest.raises(DBAPIError, match="julianday"):
        store.read(work)
    assert tries == []


def test_a_deadlock_is_run_again(store, marked):
    """Two transactions that lock the same rows in opposite order both succeed, each once."""
    marked.query("INSERT INTO mark VALUES ('a', 0), ('b', 0)")
    both_locked, tries = threading.Barrier(2), []

    def crosswise(first, second):
        def work(connection):
            tries.append(first)
            add_one(connection, first)
            if tries.count(first) == 1:
                both_locked.wait(10)
            add_one(connection, second)

        return lambda: store.transaction(work)

    concurrently(crosswise("a", "b"), crosswise("b", "a"))

    assert len(tries) > 2
    assert marked.query("SELECT name, number FROM mark ORDER BY name") == [("a", 2), ("b", 2)]


def test_a_race_for_one_name_is_run_again(store, mark):
    """Two transactions insert the same row; the second one finds it when it is run again."""
    both_looked, tries = threading.Barrier(2), []

    def find_or_insert(connection):
        found = connection.scalar(text("SELECT count(*) FROM mark WHERE name = 'new'"))
        tries.append(found)
        if len(tries) <= 2:
            both_looked.wait(10)
        if found:
            return "found"
        mark("new")(connection)
        return "made"

    run = [lambda: store.transaction(find_or_insert)] * 2

    assert sorted(concurrently(*run)) == ["found", "made"]


def test_a_lock_timeout_is_run_again(store, marked, database_kind):
    """The transaction begins again, and succeeds once the other one has ended."""
    marked.query("INSERT INTO mark VALUES ('a', 0)")
    engine = create_engine(marked.url)
    tries = []

    with engine.connect() as other:
        add_one(other, "a")

        def work(connection):
            tries.append(1)
            if len(tries) == 2:
                other.rollback()
            connection.exec_driver_sql(SHORT_WAIT[database_kind])
            add_one(connection, "a")

        store.transaction(work)
    engine.dispose()

    assert len(tries) == 2
    assert marked.query("SELECT number FROM mark") == [(1,)]


def test_a_lock_that_stays_taken_is_unavailable(store, marked, database_kind, monkeypatch):
    """After the last try the store raises `Unavailable`."""
    monkeypatch.setattr(server_store, "MOST_TRIES", 2)
    marked.query("INSERT INTO mark VALUES ('a', 0)")
    engine = create_engine(marked.url)

    def work(connection):
        connection.exec_driver_sql(SHORT_WAIT[database_kind])
        add_one(connection, "a")

    with engine.connect() as other:
        add_one(other, "a")
        with pytest.raises(Unavailable, match="holds the same rows for too long"):
            store.transaction(work)
    engine.dispose()

    assert marked.query("SELECT number FROM mark") == [(0,)]


@pytest.mark.parametrize("run", ["transaction", "dry_run", "read"])
def test_a_connection_lost_in_a_transaction_is_replaced(store, kill, run):
    """The work is run again from its beginning on a new connection."""
    tries = []

    def work(connection):
        tries.append(1)
        if len(tries) == 1:
            kill(own_id(connection))
        return connection.scalar(text("SELECT 7"))

    assert getattr(store, run)(work) == 7
    assert len(tries) == 2


def test_what_was_written_before_the_connection_was_lost_is_stored_once(store, mark, marks, kill):
    """The server rolled it back; the second run writes it again."""
    tries = []

    def work(connection):
        tries.append(1)
        mark("a")(connection)
        if len(tries) == 1:
            kill(own_id(connection))
            mark("b")(connection)

    store.transaction(work)

    assert marks() == {"a"}


@pytest.mark.parametrize("run", ["transaction", "dry_run", "read", "ping"])
def test_connections_lost_between_transactions_are_replaced(make_store, mark, marks, kill, run):
    """A restart of the server between two transactions causes no error."""
    store = make_store(pool_size=1)
    kill(store.dry_run(own_id))
    works = () if run == "ping" else (lambda connection: connection.scalar(text("SELECT 1")),)

    assert getattr(store, run)(*works) in (None, 1)
    assert store.transaction(mark("a")) == "a"
    assert marks() == {"a"}


def test_one_failing_work_of_a_batch_fails_alone(store, mark, marks):
    """The whole batch is rolled back, and each item runs in a transaction of its own."""

    def fail(connection):
        mark("lost")(connection)
        raise KeyError("mine")

    first, failed, second = store.batch(run_each, [mark("a"), fail, mark("b")])

    assert (first, second) == ("a", "b")
    assert isinstance(failed, KeyError)
    assert marks() == {"a", "b"}


def test_a_unique_violation_in_a_batch_fails_alone(store, mark, marks):
    """Until the last try, a unique violation looks like a lost race."""
    store.transaction(mark("taken"))

    first, failed, second = store.batch(run_each, [mark("a"), mark("taken"), mark("b")])

    assert (first, second) == ("a", "b")
    assert isinstance(failed, IntegrityError)
    assert marks() == {"taken", "a", "b"}


def test_items_of_threads_that_wait_run_in_one_transaction(store, monkeypatch):
    """One thread runs the items of the others, and each gets its own results."""
    monkeypatch.setattr(store._combining, "_turns", threading.Semaphore(1))
    begun, release, sizes, outcomes = threading.Event(), threading.Event(), [], {}

    def work(_connection, items):
        sizes.append(len(items))
        begun.set()
        release.wait(10)
        return [item.upper() for item in items]

    def run(item):
        outcomes[item] = store.batch(work, [item])

    first = threading.Thread(target=run, args=["a"])
    first.start()
    begun.wait(10)
    others = [threading.Thread(target=run, args=[item]) for item in "bcd"]
    for thread in others:
        thread.start()
    while len(store._combining._waiting) < 3:
        time.sleep(0.01)
    release.set()
    for thread in (first, *others):
        thread.join()
    assert sizes == [1, 3]
    assert outcomes == {item: [item.upper()] for item in "abcd"}


def test_a_batch_that_lost_every_race_is_run_one_by_one(store, marked, database_kind, monkeypatch):
    """Only the work whose row stays locked, and those after it, are unavailable; the others are stored."""
    monkeypatch.setattr(server_store, "MOST_TRIES", 1)
    marked.query("INSERT INTO mark VALUES ('a', 0), ('b', 0), ('c', 0)")
    engine = create_engine(marked.url)

    def work(name):
        def run(connection):
            connection.exec_driver_sql(SHORT_WAIT[database_kind])
            add_one(connection, name)
            return name

        return run

    with engine.connect() as other:
        add_one(other, "b")
        first, *others = store.batch(run_each, [work(name) for name in "abc"])
    engine.dispose()

    assert first == "a"
    assert [type(each) for each in others] == [Unavailable] * 2
    assert marked.query("SELECT name, number FROM mark ORDER BY name") == [("a", 1), ("b", 0), ("c", 0)]


def test_more_threads_than_connections(make_store, mark, marks):
    """One connection serves eight threads, one after the other."""
    store, names = make_store(pool_size=1), "abcdefgh"

    concurrently(*(lambda name=name: store.transaction(mark(name)) for name in names))

    assert marks() == set(names)


def test_an_exhausted_pool_is_unavailable(make_store, mark, marks, monkeypatch):
    """Work that waits too long for a connection raises `Unavailable`."""
    monkeypatch.setattr(engine, "POOL_TIMEOUT_SECONDS", 0.2)
    store = make_store(pool_size=1)

    def work(_connection):
        with pytest.raises(Unavailable, match="Every connection to the database is in use"):
            store.transaction(mark("a"))

    store.dry_run(work)

    assert marks() == set()
