"""`Store`: the interface of a site's database, which runs functions on a connection."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from sqlalchemy import Connection

T = TypeVar("T")


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
