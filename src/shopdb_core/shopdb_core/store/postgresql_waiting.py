"""How long an answer of PostgreSQL is waited for: libpq itself waits without an end."""

import time
from collections.abc import Callable, Generator
from typing import Any


def bounded_connection(driver: Any, seconds: float) -> Any:
    """Return psycopg's class of connections, which raises `OperationalError` where an answer takes longer."""
    return type("BoundedConnection", (_Bounded, driver.Connection), {"answer_seconds": seconds})


class _Bounded:
    answer_seconds: float
    OperationalError: type[Exception]
    close: Callable[[], None]

    def wait(self, talk: Generator[Any, Any, Any], *arguments: Any, **options: Any) -> Any:
        return super().wait(self._in_time(talk), *arguments, **options)  # type: ignore[misc]  # psycopg's

    def _in_time(self, talk: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """Pass on what the talk with the server waits for; several times a second nothing has come."""
        give_up_at = time.monotonic() + self.answer_seconds
        try:
            wanted = next(talk)
            while True:
                ready = yield wanted
                if not ready and time.monotonic() > give_up_at:
                    self.close()  # so that SQLAlchemy, too, sees that it is of no more use
                    raise self.OperationalError("the database server does not answer")
                wanted = talk.send(ready)
        except StopIteration as end:
            return end.value
