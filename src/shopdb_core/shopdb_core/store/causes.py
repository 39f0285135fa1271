"""An error and what it was raised from: a plugin's failure, SQLAlchemy's error, the driver's."""

from collections.abc import Iterator


def causes(error: BaseException) -> Iterator[BaseException]:
    """Give the error, then what it was raised from, down to the first."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__


def told_by_driver(error: BaseException) -> str:
    """Return the first cause's sentence in one line; it may name hosts and accounts, but no password."""
    *_, first = causes(error)
    return " ".join(str(first.args[-1] if first.args else first).split())
