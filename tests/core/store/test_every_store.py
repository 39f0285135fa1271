"""What the store promises on every database: nothing half done, nobody else ends a transaction."""

from contextlib import suppress

import pytest
from sqlalchemy import text

from shopdb_core.errors import Unavailable

pytestmark = pytest.mark.every_database


def test_a_transaction_returns_its_result_and_is_stored(store, mark, marks):
    """Leaving it commits."""
    assert store.transaction(mark("a")) == "a"
    assert marks() == {"a"}


def test_a_rehearsal_is_rolled_back(store, mark, marks):
    """It returns the same, and writes nothing."""
    assert store.dry_run(mark("a")) == "a"
    assert marks() == set()


def test_work_that_raises_leaves_nothing(store, mark, marks):
    """The error is the work's own."""

    def work(connection):
        mark("lost")(connection)
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        store.transaction(work)
    assert store.transaction(mark("a")) == "a"
    assert marks() == {"a"}


@pytest.mark.parametrize("run", ["transaction", "dry_run"])
@pytest.mark.parametrize("misdeed", ["commit", "rollback"])
def test_work_that_ends_the_transaction_is_refused(store, mark, marks, run, misdeed):
    """Below the store nobody commits, nor rolls back: what came before would be lost without a word."""

    def work(connection):
        mark("a")(connection)
        getattr(connection, misdeed)()
        mark("c")(connection)

    with pytest.raises(RuntimeError, match="neither commit nor roll back"):
        getattr(store, run)(work)
    assert store.transaction(mark("b")) == "b"
    assert marks() == {"b"}


@pytest.mark.parametrize("run", ["transaction", "dry_run", "read"])
@pytest.mark.parametrize("misdeed", ["commit", "rollback"])
def test_work_that_hides_that_it_was_refused_is_refused(store, mark, marks, run, misdeed):
    """An error that a plugin swallows must not let half of its work through, nor into another's."""

    def work(connection):
        if run != "read":
            mark("a")(connection)
        with suppress(RuntimeError):
            getattr(connection, misdeed)()

    with suppress(Exception):
        getattr(store, run)(work)
    before = marks()
    assert store.transaction(mark("b")) == "b"
    assert marks() == {*before, "b"}
    assert before == set() or run == "transaction"


@pytest.mark.parametrize("misdeed", ["invalidate", "close"])
def test_work_that_breaks_the_connection_harms_itself_alone(store, mark, marks, misdeed):
    """Its error comes out, nothing of it is stored, and the store goes on."""

    def work(connection):
        mark("a")(connection)
        getattr(connection, misdeed)()
        mark("c")(connection)

    with pytest.raises(Exception, match=r".") as failure:
        store.transaction(work)
    assert not isinstance(failure.value, Unavailable)
    assert store.transaction(mark("b")) == "b"
    assert marks() == {"b"}


def test_a_reader_cannot_write(store, mark, marks):
    """Reports are foreign code, and it is their fault: no 503."""
    with pytest.raises(Exception, match=r"(?i)read.?only") as failure:
        store.read(mark("a"))
    assert not isinstance(failure.value, Unavailable)
    assert store.transaction(mark("b")) == "b"
    assert marks() == {"b"}


def test_a_reader_sees_one_state(store, mark):
    """What is committed meanwhile, the next reader sees."""

    def count(connection):
        return connection.scalar(text("SELECT count(*) FROM mark"))

    def work(connection):
        before = count(connection)
        store.transaction(mark("meanwhile"))
        return before, count(connection)

    assert store.read(work) == (0, 0)
    assert store.read(count) == 1


def test_a_closed_store_takes_no_more(store, mark, marks):
    """Whoever comes later is told, and may send the same again."""
    store.close()
    with pytest.raises(Unavailable, match="shutting down"):
        store.transaction(mark("late"))
    assert marks() == set()


def test_payloads_stand_in_no_error_s_first_line(store, mark):
    """A failing statement does not quote its parameters."""
    with pytest.raises(Exception, match="mark") as failure:
        store.transaction(
            lambda connection: connection.execute(
                text("INSERT INTO mark (nope) VALUES (:name)"), {"name": "secret-value"}
            )
        )
    assert "secret-value" not in str(failure.value)
    del mark
