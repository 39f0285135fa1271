"""`Indexing`: the words of changed assets are indexed in the background while a server runs."""

import logging
import random
import time

from shopdb_core.search.marking import index_marked
from shopdb_core.server.background.thread import Background, failures_logged
from shopdb_core.store import Store

INTERVAL_SECONDS = 1.0
"""Until then a search looks at each changed asset. Those that change together have words in common."""

SHARE = 0.15
"""Of the time in which marked assets are read; submissions run in the rest. So a server that gets nothing but
new computers is slower by no more than that, and a search has more marked assets to look at."""

_logger = logging.getLogger(__name__)


class Indexing(Background):
    """Indexes the marked assets while its `with` block runs.

    Of several processes on one database, all do so, and one that comes second drops its work.
    """

    def __init__(self, store: Store, *, interval: float = INTERVAL_SECONDS) -> None:
        super().__init__("shopdb-indexing")
        self._store = store
        self._interval = interval
        self._rested = 0.0

    def work(self) -> None:
        """Index at intervals; the random factor keeps processes from working at the same time."""
        while not self.ending.wait(self._interval * random.uniform(0.5, 1.5)):  # noqa: S311  # nothing secret
            self._rested = time.monotonic()
            with failures_logged(_logger, "indexing for searches"):
                for _ in index_marked(self._store, self._rest):
                    if self.ending.is_set():
                        return

    def _rest(self) -> None:
        """Let the other threads run for as long as the share asks."""
        worked = time.monotonic() - self._rested
        self.ending.wait(worked * (1 / SHARE - 1))
        self._rested = time.monotonic()
