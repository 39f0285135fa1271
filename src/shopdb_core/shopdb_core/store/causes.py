"""An error and what it was raised from: a plugin's failure, SQLAlchemy's error, the driver's."""

from collections.abc import Iterator


def causes(error: BaseException) -> Iterator[BaseException]:
    """Give the error, then what it was raised from, down to the first."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__
