"""`Webhooks`: delivers to the webhooks of a site in the background, each in a thread of its own."""

import logging
import threading
import time
from contextlib import suppress
from typing import Self

from shopdb_core.errors import Unavailable
from shopdb_core.server.background.thread import failures_logged
from shopdb_core.site import Site
from shopdb_core.webhooks.config import Webhook

END_SECONDS = 5.0
RETRY_SECONDS = 10.0

_logger = logging.getLogger(__name__)


class Webhooks:
    """Delivers while its `with` block runs; without webhooks it does nothing."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._ending = threading.Event()
        self._threads = [
            threading.Thread(
                target=self._work, args=[webhook], name=f"shopdb-webhook-{webhook.name}", daemon=True
            )
            for webhook in site.webhooks
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        """End; an attempt that takes longer is made again later, with the same id."""
        self._ending.set()
        until = time.monotonic() + END_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _work(self, webhook: Webhook) -> None:
        # httpx and asyncio, which the server needs for nothing else.
        from shopdb_core.webhooks.delivery import Delivery  # noqa: PLC0415
        from shopdb_core.webhooks.sending import Sender  # noqa: PLC0415

        sender = Sender(webhook, self._site.clock)
        delivery = Delivery(
            webhook,
            self._site.store,
            self._site.feed,
            sender,
            ends=self._ending.is_set,
            clock=self._site.clock,
        )
        pause = 0.0
        while not self._ending.wait(pause):
            pause = RETRY_SECONDS
            with failures_logged(_logger, f"webhook {webhook.name}"):
                pause = delivery.turn()
        with suppress(Unavailable):
            delivery.release()
        sender.close()
