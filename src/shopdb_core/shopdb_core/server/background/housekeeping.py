"""Work that a running server does in the background at intervals: `Housekeeping` prunes what has expired."""

import logging
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from shopdb_core.audit.prune import expiries, prune
from shopdb_core.server.background.indexing import Indexing
from shopdb_core.server.background.thread import Background, failures_logged
from shopdb_core.server.background.webhooks import Webhooks
from shopdb_core.site import Site
from shopdb_core.store.open import pruning_lock

FIRST_SECONDS = 300.0
INTERVAL_SECONDS = 3600.0

_logger = logging.getLogger(__name__)


class Housekeeping(Background):
    """Prunes the audit and expired sessions in a background thread while its `with` block runs.

    `first` and `interval` are seconds. Of several processes on one database, one prunes at a time; the others
    try again at the next interval.
    """

    def __init__(
        self, site: Site, *, first: float = FIRST_SECONDS, interval: float = INTERVAL_SECONDS
    ) -> None:
        super().__init__("shopdb-housekeeping")
        self._site = site
        self._first = first
        self._interval = interval

    def work(self) -> None:
        """Prune at intervals."""
        wait = self._first
        # The random factor keeps servers that were started together from pruning at the same time.
        while not self.ending.wait(wait * random.uniform(0.9, 1.1)):  # noqa: S311  # nothing secret
            self._prune()
            wait = self._interval

    def _prune(self) -> None:
        """Prune unless another process does; after an error, try again at the next interval."""
        with (
            failures_logged(_logger, "pruning the audit"),
            pruning_lock(self._site.settings.database_url) as acquired,
        ):
            if acquired:
                self._site.access.clean()
                self._prune_expired()

    def _prune_expired(self) -> None:
        """Prune, and log how many entries were deleted and kept, even after an error or a stop."""
        entries = unfit = 0
        postponed = False
        expiring = expiries(self._site.settings, datetime.now(UTC))
        try:
            for pruned in prune(self._site.store, self._site.chain, expiring, self.ending.wait):
                entries, unfit = entries + pruned.entries, unfit + pruned.unfit
                postponed |= pruned.postponed
                if self.ending.is_set():
                    break
        finally:
            if entries:
                _logger.info("pruned %d audit entries", entries)
            if postponed:
                _logger.warning(
                    "more audit entries have expired than a day permits: check the clock, or wait, or run "
                    "shopdb audit prune --force"
                )
            if unfit:
                _logger.warning(
                    "kept %d old audit entries whose hash does not fit: run shopdb audit verify", unfit
                )


@contextmanager
def background_work(site: Site) -> Iterator[None]:
    """Do everything that a server does beside answering, while the `with` block runs."""
    with Housekeeping(site), Indexing(site.store), Webhooks(site):
        yield
