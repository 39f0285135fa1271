"""`Pace`: whether the hooks of a plugin return quickly enough for the loop of the server (ADR 0026)."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

SLOW_SECONDS = 0.02
SLOW_SECONDS_PER_ASSET = 0.005
"""A call that takes longer is slow: for one asset about twenty times as long as the plugins of ShopDB take.

Less would also count the times during which other threads run.
"""

STRIKES = 3
"""With so many more slow calls than quick ones, a plugin is slow."""

QUICK_CALLS = 1_000
"""After so many quick calls in a row it is not slow any more: other programs may have used the machine."""

_logger = logging.getLogger(__name__)


class Pace:
    """Measures the hooks of one plugin; `is_slow` stays true for the next `QUICK_CALLS` at least."""

    def __init__(self, plugin: str) -> None:
        self._plugin = plugin
        self._strikes = 0
        self._quick_calls = 0
        self.is_slow = False

    @contextmanager
    def measured(self, hook: str, assets: int = 1) -> Iterator[None]:
        """Measure the block, a call of `hook` for a number of assets."""
        began = time.monotonic()
        yield
        seconds = time.monotonic() - began
        if seconds > SLOW_SECONDS + assets * SLOW_SECONDS_PER_ASSET:
            self._quick_calls = 0
            self._strikes += 1
            if self._strikes >= STRIKES:
                self.set_slow(f"{hook} took {seconds * 1000:.0f} ms")
        elif self.is_slow:
            self._recover()
        elif self._strikes:
            self._strikes -= 1

    def set_slow(self, reason: str) -> None:
        """Make it slow, and log the reason once."""
        if not self.is_slow:
            self.is_slow, self._quick_calls = True, 0
            _logger.warning(
                "plugin %s is slow: %s; submissions that call it have threads now", self._plugin, reason
            )

    def _recover(self) -> None:
        self._quick_calls += 1
        if self._quick_calls >= QUICK_CALLS:
            self.is_slow, self._strikes = False, 0
            _logger.info("plugin %s is quick again: its last %d calls were", self._plugin, self._quick_calls)
