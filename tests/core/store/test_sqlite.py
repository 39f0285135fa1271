"""The SQLite store: one writer thread, many readers."""

import fcntl
import os
import sqlite3
import threading
import time

import pytest
from sqlalchemy import text

from shopdb_core.errors import ConfigurationError, Unavailable
from shopdb_core.settings import Settings
from shopdb_core.store import open_store
from shopdb_core.store.open import BACKGROUND_READERS, pruning_lock
from shopdb_core.store.sqlite import writer

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


def run_each(connection, works):
    """Run each of several works, as one batch."""
    return [work(connection) for work in works]


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
    """If one fails, each runs in a savepoint of its own; a later one sees the rows of an earlier one."""

    def fail(connection):
        mark("lost")(connection)
        raise KeyError("mine")

    one, failure, two, number = store.batch(run_each, [mark("one"), fail, mark("two"), count])
    assert (one, two, number) == ("one", "two", 2)
    assert isinstance(failure, KeyError)
    assert marks(store) == {"one", "two"}


def test_batch_of_a_closed_store_returns_errors(store):
    """Each work has `Unavailable` as its result."""
    store.close()
    outcomes = store.batch(run_each, [mark("a"), mark("b")])
    assert [type(outcome) for outcome in outcomes] == [Unavailable] * 2


def test_an_empty_batch(store):
    """A batch without works returns an empty list."""
    assert store.batch(run_each, []) == []


def test_batches_of_callers_that_wait_run_at_once(store):
    """The work gets the items of all callers together, and each caller its own results."""
    begun, release, sizes, outcomes = threading.Event(), threading.Event(), [], {}

    def hold(_connection):
        begun.set()
        release.wait(10)

    def work(_connection, items):
        sizes.append(len(items))
        return [item.upper() for item in items]

    def run(items):
        outcomes[items] = store.batch(work, items)

    holder = threading.Thread(target=store.transaction, args=[hold])
    holder.start()
    assert begun.wait(10)
    threads = [threading.Thread(target=run, args=[items]) for items in ("ab", "c", "def")]
    for thread in threads:
        thread.start()
    while store._writer._jobs.qsize() < 3:
        time.sleep(0.01)
    release.set()
    for thread in (holder, *threads):
        thread.join()
    assert sizes == [6]
    assert outcomes == {"ab": ["A", "B"], "c": ["C"], "def": ["D", "E", "F"]}


def somebody_waits(store, seconds=10):
    """Wait until a thread waits for its turn to write; return whether one did."""
    deadline = time.monotonic() + seconds
    while not store._writer._turns._waiting and time.monotonic() < deadline:
        time.sleep(0.0005)
    return time.monotonic() < deadline


def test_a_job_runs_before_the_next_round(store):
    """A round that follows at once upon another one is behind the job that has waited meanwhile."""
    order = []
    waiting = threading.Thread(target=store.transaction, args=[lambda _connection: order.append("job")])

    def first():
        waiting.start()
        assert somebody_waits(store)
        order.append("first round")

    assert store.together([first])
    served_within(store, lambda: order.append("second round"))
    waiting.join()
    assert order == ["first round", "job", "second round"]


def test_a_round_runs_before_the_next_job(store, monkeypatch):
    """Rounds that come while the thread has jobs without end are run, each after the current commit."""
    monkeypatch.setattr(writer, "ROUND_PATIENCE_SECONDS", 60)
    ended, commits, seen = threading.Event(), [], []

    def commit(_connection, items):
        while not (store._writer._turns._waiting or ended.is_set()):
            time.sleep(0.0005)
        commits.append(len(items))
        return items

    def submit():
        while not ended.is_set():
            store.batch(commit, [None])

    threads = [threading.Thread(target=submit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(40):
        before = len(commits)
        assert store.together([lambda before=before: seen.append(len(commits) - before)])
    ended.set()
    for thread in threads:
        thread.join()
    assert len(seen) == 40
    assert max(seen) <= 1


def test_a_round_does_not_wait_for_a_job_that_hangs(store):
    """It is left to the threads while the job goes on, and is run once the job has ended."""
    began, release = threading.Event(), threading.Event()

    def hang(_connection):
        began.set()
        release.wait(20)

    hanging = threading.Thread(target=store.transaction, args=[hang])
    hanging.start()
    began.wait(10)
    called = []
    assert not store.together([lambda: called.append(1)])
    assert not store.together([lambda: called.append(2)])
    assert (called, hanging.is_alive()) == ([], True)
    release.set()
    hanging.join()
    served_within(store, lambda: called.append(3))
    assert called == [3]


def served_within(store, call, seconds=10):
    """Run a call in a round, as soon as the thread lets it."""
    deadline = time.monotonic() + seconds
    while not store.together([call]):
        assert time.monotonic() < deadline
        time.sleep(0.001)


def stored_within(store, name, seconds=10):
    """Return whether work is stored once the writer got its lock."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            return store.transaction(mark(name)) == name
        except Unavailable:
            time.sleep(0.05)
    return False


def lock_database(file):
    """Take SQLite's lock as another program does; return a function that releases it."""
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    return other.close


def lock_queue(file):
    """Take the lock of the queue as another process does."""
    descriptor = os.open(f"{file}-turn", os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return lambda: os.close(descriptor)


@pytest.mark.alone
@pytest.mark.parametrize("lock", [lock_database, lock_queue])
def test_a_lock_of_another_process_is_unavailable_until_it_is_free(file, store, lock):
    """Work that waits is refused within 15 seconds, later work at once, reads go on; then work is stored."""
    release = lock(file)
    started = time.monotonic()
    with pytest.raises(Unavailable, match="locked"):
        store.transaction(mark("a"))
    assert time.monotonic() - started < 15

    started = time.monotonic()
    with pytest.raises(Unavailable, match="locked"):
        store.transaction(mark("b"))
    store.ping()
    assert time.monotonic() - started < 2

    release()
    assert stored_within(store, "c")
    assert marks(store) == {"c"}


@pytest.mark.alone
@pytest.mark.parametrize("lock", [lock_database, lock_queue])
def test_close_does_not_wait_for_another_process(file, store, lock):
    """A store that waits for a lock closes within seconds, and the work is refused."""
    release, refused = lock(file), []

    def run():
        with pytest.raises(Unavailable):
            store.transaction(mark("a"))
        refused.append("a")

    waiting = threading.Thread(target=run)
    waiting.start()
    started = time.monotonic()
    store.close()
    assert time.monotonic() - started < 5
    waiting.join(15)
    assert refused == ["a"]
    release()


def replace(file):
    """Put another database in the place of the file."""
    other = file.with_name("other.sqlite3")
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE mark (name TEXT PRIMARY KEY)")
    connection.close()
    other.replace(file)


@pytest.mark.parametrize(
    "remove", [lambda file: file.rename(file.with_name("moved.sqlite3")), lambda file: file.unlink(), replace]
)
def test_a_file_that_was_moved_is_unavailable(file, store, remove):
    """A commit, a batch, a read and a health check are refused, and no new file is created."""
    store.transaction(mark("before"))
    remove(file)
    existed = file.exists()
    for run in (
        lambda: store.transaction(mark("lost")),
        lambda: store.read(count),
        store.ping,
        lambda: store.transaction(mark("again")),
    ):
        with pytest.raises(Unavailable, match="moved, deleted or replaced"):
            run()
    (refused,) = store.batch(run_each, [mark("one of many")])
    assert isinstance(refused, Unavailable)
    assert file.exists() == existed


def test_a_file_that_is_moved_during_a_commit_is_not_acknowledged(file, store):
    """The caller gets an error even if SQLite wrote the transaction to the file that was moved."""

    def work(connection):
        mark("lost")(connection)
        file.rename(file.with_name("moved.sqlite3"))

    with pytest.raises(Unavailable, match="moved"):
        store.transaction(work)


def test_a_file_that_was_put_back_is_used_again(file, store):
    """The store compares the file anew each time."""
    moved = file.rename(file.with_name("moved.sqlite3"))
    with pytest.raises(Unavailable):
        store.ping()
    moved.rename(file)
    assert store.transaction(mark("a")) == "a"
    assert marks(store) == {"a"}


@pytest.mark.parametrize("umask", [0, 0o277])
def test_only_the_owner_reads_the_files(tmp_path, umask):
    """Every file beside the database has mode 0600, whatever the umask."""
    path = tmp_path / "private.sqlite3"
    settings = Settings(secret_key=SECRET, database_url=f"sqlite:///{path}")
    before = os.umask(umask)
    try:
        store = open_store(settings)
        store.transaction(lambda connection: connection.exec_driver_sql("CREATE TABLE mark (name TEXT)"))
        with pruning_lock(settings.database_url):
            modes = {each.name: each.stat().st_mode & 0o777 for each in tmp_path.iterdir()}
        store.close()
    finally:
        os.umask(before)
    assert modes.keys() >= {path.name + suffix for suffix in ("", "-wal", "-shm", "-turn", "-prune")}
    assert set(modes.values()) == {0o600}


def test_files_that_others_can_read_are_restricted(file):
    """A database of an earlier version loses the rights of others when it is opened."""
    file.chmod(0o644)
    turn = file.with_name(f"{file.name}-turn")
    turn.touch(0o644)
    open_store(Settings(secret_key=SECRET, database_url=f"sqlite:///{file}")).close()
    assert {each.stat().st_mode & 0o777 for each in (file, turn)} == {0o600}


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


@pytest.mark.parametrize("threads", [1, 8, 64])
def test_all_connections_share_one_page_cache(file, threads):
    """However many connections read, their caches and the writer's are 6 MiB together."""
    store = open_store(Settings(secret_key=SECRET, database_url=f"sqlite:///{file}", threads=threads))
    writer, reader = (
        -run(lambda connection: connection.exec_driver_sql("PRAGMA cache_size").scalar_one())
        for run in (store.transaction, store.read)
    )
    store.close()
    assert writer + (threads + BACKGROUND_READERS) * reader <= 6 * 1024
    assert writer + threads * reader > 3 * 1024


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
