"""What the rest of the core knows of a database: four ways to run work on a connection."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from sqlalchemy import Connection

T = TypeVar("T")


class Store(Protocol):
    """One site's database.

    `work` gets a connection, returns its result, and neither commits nor rolls back. It may run
    more than once: a transaction that lost a race is run again as a whole.
    """

    def transaction(self, work: Callable[[Connection], T]) -> T:
        """Run `work` and commit; raises what `work` raises, or `Unavailable`, with nothing stored."""
        ...

    def batch(self, works: Sequence[Callable[[Connection], T]]) -> list[T | Exception]:
        """Run several works in few commits, each alone in its failure.

        Returns, in order, what each returned or raised; nothing of one that raised is stored.
        """
        ...

    def dry_run(self, work: Callable[[Connection], T]) -> T:
        """Run `work` as `transaction` would, and roll back."""
        ...

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on a snapshot that cannot be written."""
        ...

    def ping(self) -> None:
        """Make the database answer; raises `Unavailable`."""
        ...

    def close(self) -> None:
        """Finish what was handed in, then release the connections."""
        ...
