"""`Store`: the interface of a site's database, which runs functions on a connection.

`guarded` holds these functions to its rule: they neither commit nor roll back.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, TypeAlias, TypeVar

from sqlalchemy import Connection, Engine, event

I = TypeVar("I")  # noqa: E741  # an item
T = TypeVar("T")

BatchWork: TypeAlias = Callable[[Connection, Sequence[I]], Sequence[T | Exception]]
"""A function that gets a connection and items, and returns a result or an error for each, in their order.

What it raises concerns all items; it has stored nothing for an item whose error it returns.
"""

_GUARDED = "guarded"


def batch_of_one(work: Callable[[Connection], T]) -> BatchWork[None, T]:
    """Return a plain work as one for a batch with a single item."""
    return lambda connection, _items: [work(connection)]


@dataclass(frozen=True, slots=True)
class StoreUsage:
    """The connections of this process that are in use, their limit, and how many works wait for one."""

    connections: int
    limit: int
    waiting: int


class Store(Protocol):
    """One site's database.

    `work` is a function that gets a connection and returns a result; it neither commits nor rolls back.
    It may be called more than once, because a transaction that lost a race is run again as a whole.
    Every method raises `Unavailable` if the database does not answer, and what `work` raises.
    """

    def transaction(self, work: Callable[[Connection], T]) -> T:
        """Run `work` and commit; if it raises, nothing is stored."""
        ...

    def batch(self, work: BatchWork[I, T], items: Sequence[I]) -> Sequence[T | Exception]:
        """Run `work` on many items, in few commits, and return its result or error for each, in their order.

        `work` gets as many at once as possible, also those of other callers. If it raises, everything that it
        wrote is rolled back, and it is called for each item alone: one that raises stores nothing, and does
        not affect the others.
        """
        ...

    def dry_run(self, work: Callable[[Connection], T]) -> T:
        """Run `work` as `transaction` does, and roll back."""
        ...

    def together(self, calls: Sequence[Callable[[], object]], what: str = "other work") -> bool:
        """Run calls in this thread, and commit together what they write.

        Each stops where it waits for a commit, and goes on after it. Returns `False`, without any call, if
        the calls belong into threads, because they would wait for the database, or for long for another
        thread that writes. The calls must not raise. If they hang, the errors of others name them by `what`.
        """
        ...

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on a snapshot; the database refuses to write."""
        ...

    def ping(self) -> None:
        """Send one statement to the database; raises `Unavailable`."""
        ...

    def usage(self) -> StoreUsage:
        """Return how much of the store this process uses now, without asking the database."""
        ...

    def close(self) -> None:
        """Finish the works that were accepted, then close the connections."""
        ...


def install_guard(engine: Engine) -> None:
    """Make commit and rollback raise `RuntimeError` on the engine's connections while they are `guarded`."""
    event.listen(engine, "commit", _refuse)
    event.listen(engine, "rollback", _refuse)


@contextmanager
def guarded(connection: Connection) -> Iterator[None]:
    """Guard the connection within the block."""
    info = connection.info
    info[_GUARDED] = True
    try:
        yield
    finally:
        info[_GUARDED] = False


def _refuse(connection: Connection) -> None:
    if not connection.invalidated and connection.info.get(_GUARDED):
        raise RuntimeError(
            "Work on the database must neither commit nor roll back: the store ends its transaction."
        )
