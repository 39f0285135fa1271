"""`guarded`: code that gets a connection can neither commit nor roll back the store's transaction."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, event

_GUARDED = "guarded"


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
