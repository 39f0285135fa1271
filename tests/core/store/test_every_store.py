"""The store on every database: work is stored whole or not at all, and cannot end its transaction."""

from contextlib import suppress

import pytest
from sqlalchemy import text

from shopdb_core.errors import Unavailable

pytestmark = pytest.mark.every_database


def test_a_transaction_returns_its_result_and_is_stored(store, mark, marks):
    """The result is that of the work, and the transaction commits."""
    assert store.transaction(mark("a")) == "a"
    assert marks() == {"a"}


def test_a_dry_run_is_rolled_back(store, mark, marks):
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
    """Work that commits or rolls back raises `RuntimeError`, and nothing of it is stored."""

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
def test_work_that_ignores_the_refusal_is_refused(store, mark, marks, run, misdeed):
    """If a plugin suppresses the error, half of its work is not stored, and no other work is affected."""

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
def test_work_that_breaks_the_connection_affects_no_other(store, mark, marks, misdeed):
    """Its error is raised, nothing of it is stored, and the next work succeeds."""

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
    """A report that writes gets the error of the database, not `Unavailable`."""
    with pytest.raises(Exception, match=r"(?i)read.?only") as failure:
        store.read(mark("a"))
    assert not isinstance(failure.value, Unavailable)
    assert store.transaction(mark("b")) == "b"
    assert marks() == {"b"}


def test_a_reader_sees_one_state(store, mark):
    """A commit during a read is visible to the next read only."""

    def count(connection):
        return connection.scalar(text("SELECT count(*) FROM mark"))

    def work(connection):
        before = count(connection)
        store.transaction(mark("meanwhile"))
        return before, count(connection)

    assert store.read(work) == (0, 0)
    assert store.read(count) == 1


def test_a_closed_store_refuses_work(store, mark, marks):
    """Later work raises `Unavailable`."""
    store.close()
    with pytest.raises(Unavailable, match="shutting down"):
        store.transaction(mark("late"))
    assert marks() == set()


def test_errors_do_not_contain_payloads(store, mark):
    """The message of a failing statement does not contain its parameters."""
    with pytest.raises(Exception, match="mark") as failure:
        store.transaction(
            lambda connection: connection.execute(
                text("INSERT INTO mark (nope) VALUES (:name)"), {"name": "secret-value"}
            )
        )
    assert "secret-value" not in str(failure.value)
    del mark
