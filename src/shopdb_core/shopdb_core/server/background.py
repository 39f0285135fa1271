"""`Background`: a thread that works while a `with` block runs."""

import threading
from typing import Self

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
