"""`Store`: the interface of a site's database, which runs functions on a connection.

`guarded` holds these functions to its rule: they neither commit nor roll back.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, TypeVar

from sqlalchemy import Connection, Engine, event

T = TypeVar("T")

_GUARDED = "guarded"


class Store(Protocol):
    """One site's database.

    `work` is a function that gets a connection and returns a result; it neither commits nor rolls back.
    It may be called more than once, because a transaction that lost a race is run again as a whole.
    Every method raises `Unavailable` if the database does not answer, and what `work` raises.
    """

    def transaction(self, work: Callable[[Connection], T]) -> T:
        """Run `work` and commit; if it raises, nothing is stored."""
        ...

    def batch(self, works: Sequence[Callable[[Connection], T]], keys: Sequence[bytes]) -> list[T | Exception]:
        """Run several works in few commits.

        `keys` has for each work the identity of the row that it locks: works of one key run in their order,
        others may run in another, so that batches that run at the same time lock their rows in one order.
        Returns what each work returned or raised, in the order of `works`. A work that raises stores nothing
        and does not affect the others.
        """
        ...

    def dry_run(self, work: Callable[[Connection], T]) -> T:
        """Run `work` as `transaction` does, and roll back."""
        ...

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on a snapshot; the database refuses to write."""
        ...

    def ping(self) -> None:
        """Send one statement to the database; raises `Unavailable`."""
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
