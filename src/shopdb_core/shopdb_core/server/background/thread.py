"""`Background`: a thread that works while a `with` block runs; and what becomes of its failures."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from shopdb_core.errors import Unavailable, log_text

END_SECONDS = 5.0


class Background:
    """A daemon thread that runs `work` from the beginning of the `with` block; `ending` is set at its end."""

    def __init__(self, name: str) -> None:
        self.ending = threading.Event()
        self._thread = threading.Thread(target=self.work, name=name, daemon=True)

    def work(self) -> None:
        """Work until `ending` is set; a subclass defines it."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.ending.set()
        self._thread.join(END_SECONDS)


@contextmanager
def failures_logged(logger: logging.Logger, what: str) -> Iterator[None]:
    """Log what goes wrong in the `with` block, and raise nothing: it is tried again later."""
    try:
        yield
    except Unavailable as error:
        logger.warning("%s was postponed: %s", what, error)
    except Exception as error:  # noqa: BLE001  # see the docstring
        logger.error("%s failed: %s", what, type(error).__name__)  # noqa: TRY400  # a traceback may quote payloads
        logger.debug("%s\n%s", what, log_text(error))
