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

_logger = logging.getLogger(__name__)


class Pace:
    """Measures the hooks of one plugin; `is_slow` stays true once it is."""

    def __init__(self, plugin: str) -> None:
        self._plugin = plugin
        self._strikes = 0
        self.is_slow = False

    @contextmanager
    def measured(self, hook: str, assets: int = 1) -> Iterator[None]:
        """Measure the block, a call of `hook` for a number of assets."""
        began = time.monotonic()
        yield
        seconds = time.monotonic() - began
        if seconds > SLOW_SECONDS + assets * SLOW_SECONDS_PER_ASSET:
            self._strikes += 1
            if self._strikes == STRIKES:
                self.set_slow(f"{hook} took {seconds * 1000:.0f} ms")
        elif self._strikes:
            self._strikes -= 1

    def set_slow(self, reason: str) -> None:
        """Make it slow, and log the reason once."""
        if not self.is_slow:
            self.is_slow = True
            _logger.warning(
                "plugin %s is slow: %s; submissions that call it have threads now", self._plugin, reason
            )
