"""The recorder: bounded memory, one line in the log while the database is away, nothing lost at the end."""

import logging
import threading
import time

import pytest

from shopdb_core.errors import Unavailable
from shopdb_core.outcomes import recorder
from shopdb_core.outcomes.recorder import Recorder
from shopdb_core.outcomes.records import Refusal, list_counts

PATIENCE_SECONDS = 20


class Away:
    """A store whose database is away while `error` is set, as far as writing goes."""

    def __init__(self, store) -> None:
        self._store = store
        self.error: Exception | None = None
        self.tries = 0

    def transaction(self, work):
        self.tries += 1
        if self.error:
            raise self.error
        return self._store.transaction(work)


@pytest.fixture
def away(shop):
    """Return the store of the site, whose database can be away."""
    return Away(shop.store)


def refusal(status: int = 422, requestid: str = "r1") -> Refusal:
    return Refusal("computers", status, requestid, "10.0.0.7")


def total(shop) -> int:
    found = shop.store.read(lambda connection: list_counts(connection, after=0, limit=1000))
    return sum(each["count"] for each in found)


def wait_until(condition, what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def test_the_thread_writes_by_itself(shop):
    """At each interval, without anybody who asks."""
    process = Recorder(shop.store, interval=0.01)
    for number in range(1, 4):
        process.count("computers", "noop")
        wait_until(lambda number=number: total(shop) == number, "nothing was written")
    process.close()


def test_many_refusals_are_written_at_once(shop):
    """They do not wait for the interval."""
    process = Recorder(shop.store, interval=3600)
    for _ in range(recorder.MANY_REFUSALS):
        process.refused(refusal())
    wait_until(lambda: total(shop) == recorder.MANY_REFUSALS, "nothing was written")
    process.close()


def test_closing_writes_what_waits(shop):
    """Also if nothing was written before; what comes afterwards starts no thread."""
    process = Recorder(shop.store, interval=3600)
    process.count("computers", "noop")
    process.refused(refusal())

    process.close()
    process.count("computers", "noop")

    assert total(shop) == 2
    assert "shopdb-recorder" not in {
        thread.name for thread in threading.enumerate() if thread is process._thread
    }


def test_closing_writes_what_came_during_the_last_write(shop):
    """The thread looks once more before it ends."""
    entered, free = threading.Event(), threading.Event()

    class Slow:
        def transaction(self, work):
            entered.set()
            assert free.wait(PATIENCE_SECONDS)
            return shop.store.transaction(work)

    process = Recorder(Slow(), interval=0.01)
    process.count("computers", "noop")
    assert entered.wait(PATIENCE_SECONDS)
    process.count("computers", "noop")
    closing = threading.Thread(target=process.close)
    closing.start()
    wait_until(lambda: process._closed, "it does not close")
    free.set()
    closing.join(PATIENCE_SECONDS)

    assert total(shop) == 2


def test_a_recorder_without_outcomes_has_no_thread(shop):
    """A command that only reads starts none, and closing it writes nothing."""
    process = Recorder(shop.store)
    process.write()
    process.close()
    assert process._thread is None


def test_outcomes_wait_while_the_database_is_away(shop, away, caplog):
    """One line says so; when it is back all of them are written, in their order."""
    process = Recorder(away, interval=3600)
    away.error = Unavailable("The database server is away.")
    for number in range(5):
        process.count("computers", "noop")
        process.refused(refusal(requestid=f"r{number}"))
        process.write()
    lines = [record for record in caplog.records if record.name == "shopdb_core.outcomes.recorder"]
    away.error = None

    process.write()

    assert away.tries == 6
    (line,) = lines
    assert line.levelno == logging.WARNING
    assert line.getMessage().endswith(" were not written and wait: The database server is away.")
    assert total(shop) == 10
    assert shop.rows("SELECT requestid FROM refusal ORDER BY refusalid") == [(f"r{n}",) for n in range(5)]


def test_what_the_database_refuses_is_dropped(shop, away, caplog):
    """It would stop all that comes after it; the line has no value of it."""
    process = Recorder(away, interval=3600)
    away.error = KeyError("secret")
    process.count("computers", "created")
    process.write()
    away.error = None
    process.count("computers", "noop")

    process.write()

    assert [record.getMessage()[-18:] for record in caplog.records] == ["are lost: KeyError"]
    assert "secret" not in caplog.text
    assert total(shop) == 1


def test_each_failure_after_a_success_is_logged(away, caplog):
    """The next time that the database is away is news again."""
    process = Recorder(away, interval=3600)
    for error in (Unavailable("One."), None, Unavailable("Two.")):
        away.error = error
        process.count("computers", "noop")
        process.write()
    assert [record.getMessage()[-4:] for record in caplog.records] == ["One.", "Two."]


def test_what_waits_is_bounded(shop, away):
    """Beyond the limits refusals are only counted; those without a valid key leave room for the others."""
    away.error = Unavailable("The database server is away.")
    process = Recorder(away, interval=3600)
    most, unauthenticated = recorder.MOST_WAITING, recorder.MOST_WAITING_UNAUTHENTICATED
    for _ in range(3):
        for _ in range(most):
            process.refused(refusal(401))
        for _ in range(most // 2):
            process.refused(refusal())
        process.write()
    away.error = None

    process.write()
    process.close()

    kept = shop.rows("SELECT status, count(*) FROM refusal GROUP BY status ORDER BY status")
    assert kept == [(401, unauthenticated), (422, most)]
    assert total(shop) == 3 * most + 3 * (most // 2)


def test_too_many_different_counts_are_one(shop, monkeypatch):
    """Nothing is left uncounted, and memory does not grow with what clients send."""
    monkeypatch.setattr(recorder, "MOST_WAITING_COUNTS", 3)
    process = Recorder(shop.store, interval=3600)
    for number in range(10):
        process.count("computers", f"outcome {number}")
    process.count("computers", "outcome 0")

    process.write()

    found = shop.store.read(lambda connection: list_counts(connection, after=0, limit=1000))
    assert sorted((each["plugin"] or "", each["outcome"], each["count"]) for each in found) == [
        ("", "other", 7),
        ("computers", "outcome 0", 2),
        ("computers", "outcome 1", 1),
        ("computers", "outcome 2", 1),
    ]


def test_closing_does_not_wait_for_a_database_that_hangs(monkeypatch):
    """The server ends in time, without the last outcomes."""
    monkeypatch.setattr(recorder, "CLOSE_SECONDS", 0.1)
    hanging = threading.Event()

    class Hanging:
        def transaction(self, _work):
            hanging.wait(PATIENCE_SECONDS)

    process = Recorder(Hanging(), interval=3600)
    process.count("computers", "noop")
    started = time.monotonic()

    process.close()

    hanging.set()
    assert time.monotonic() - started < PATIENCE_SECONDS / 2


@pytest.mark.alone
def test_an_outcome_costs_the_submission_microseconds(shop):
    """It is an addition in memory, also while others record."""
    process = Recorder(shop.store)
    process.count("computers", "noop")
    started = time.perf_counter()
    for _ in range(10_000):
        process.count("computers", "noop")
    seconds = time.perf_counter() - started
    process.close()
    assert seconds / 10_000 < 50e-6
