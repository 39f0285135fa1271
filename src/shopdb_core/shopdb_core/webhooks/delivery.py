"""`Delivery`: sends the entries of the feed to one webhook, each at least once, in their order."""

import logging
import random
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from shopdb_core.clock import Clock, utc_now
from shopdb_core.errors import Gone, InvalidParameter
from shopdb_core.feed.cursor import NEWEST, Cursor
from shopdb_core.feed.reading import Changes
from shopdb_core.feed.waiting import Feed
from shopdb_core.store import Store
from shopdb_core.store.tables import REASON_LENGTH
from shopdb_core.webhooks.config import Webhook
from shopdb_core.webhooks.sending import Failure, Sender
from shopdb_core.webhooks.signing import message_of
from shopdb_core.webhooks.state import WebhookState, add_webhook, delivered, hold, read_state, save

BATCH = 100
LOOK_SECONDS = 1.0
"""How often a webhook looks for new entries."""

IDLE_SECONDS = 5.0
"""How often it looks whether it was resumed, or another process has ended."""

SAVE_SECONDS = 1.0
"""How often the cursor is saved while entries are delivered, and so how much is sent twice after a crash."""

PASS_SECONDS = 300.0
"""How often it is saved while there are only entries that the webhook does not get."""

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=1)
PATIENCE = timedelta(days=1)
"""How long one entry is tried; then the webhook stops until somebody resumes it."""

_logger = logging.getLogger(__name__)


def pause_after(attempts: int) -> timedelta:
    """Return the pause after so many failed attempts: doubled each time, and varied by a fifth."""
    doubled: int = 2 ** min(attempts - 1, 20)
    pause = min(FIRST_PAUSE * doubled, LONGEST_PAUSE)
    return pause * random.uniform(0.8, 1.2)  # noqa: S311  # no secret


@dataclass(frozen=True, slots=True)
class _Sent:
    """What became of a batch: the cursor after what was accepted (`None`: nothing), and why it ended."""

    cursor: Cursor | None
    failure: Failure | None = None


class Delivery:
    """Delivers to one webhook; of several processes on one database, one does so at a time.

    `ends` is asked before each message whether the process ends.
    """

    def __init__(
        self,
        webhook: Webhook,
        store: Store,
        feed: Feed,
        sender: Sender,
        *,
        ends: Callable[[], bool] = lambda: False,
        clock: Clock = utc_now,
    ) -> None:
        self._webhook = webhook
        self._store = store
        self._feed = feed
        self._sender = sender
        self._ends = ends
        self._clock = clock
        self._holder = secrets.token_hex(8)
        self._saved: str | None = None
        self._after: str | None = None
        self._saved_at = time.monotonic()

    def turn(self) -> float:
        """Deliver what is due, one batch at most; return the seconds until the next turn.

        Raises `Unavailable` if the database does not answer.
        """
        state = self._store.read(lambda connection: read_state(connection, self._webhook.name))
        now = self._clock()
        if state is None:
            self._add()
            return 0
        if state.stoppedat is not None or state.is_held_by_another(self._holder, now):
            return IDLE_SECONDS
        if state.nextat is not None and now < state.nextat:
            return min(IDLE_SECONDS, (state.nextat - now).total_seconds())
        return self._deliver(state)

    def release(self) -> None:
        """Let another process deliver at once; raises `Unavailable`."""
        self._save(holder=None, helduntil=None)

    def _add(self) -> None:
        newest = self._feed.read(NEWEST).next
        self._store.transaction(lambda connection: add_webhook(connection, self._webhook.name, newest))

    def _deliver(self, state: WebhookState) -> float:
        try:
            changes = self._feed.read(self._begin(state), self._webhook.selection, BATCH)
        except (Gone, InvalidParameter) as error:
            self._stop(str(error))
            return IDLE_SECONDS
        if not changes.items:
            return self._pass_over(changes)
        if not self._hold():
            return IDLE_SECONDS
        sent = self._send(changes)
        if sent.failure is not None:
            self._fail(state, sent, sent.failure)
        elif (
            sent.cursor is not None and self._save(**delivered(sent.cursor, self._clock())) and state.attempts
        ):
            _logger.info("webhook %s: delivered again", self._webhook.name)
        return 0

    def _begin(self, state: WebhookState) -> str:
        """Return the cursor to read after: that of the row, or one after entries that were passed over."""
        if self._after is None or state.nextafter != self._saved:
            self._saved = self._after = state.nextafter
        return self._after

    def _pass_over(self, changes: Changes) -> float:
        """Go on after entries that the webhook does not get; save that now and then."""
        cursor = str(changes.next)
        if cursor == self._after:
            return LOOK_SECONDS
        self._after = cursor
        is_due = time.monotonic() - self._saved_at > PASS_SECONDS
        if is_due and self._hold() and self._save(nextafter=cursor):
            self._saved = cursor
        return 0

    def _send(self, changes: Changes) -> _Sent:
        cursor = None
        for item in changes.items:
            if self._ends():
                return _Sent(cursor)
            failure = self._sender.send(message_of(item, changes.next.feedid))
            if failure is not None:
                return _Sent(cursor, failure)
            cursor = changes.after(item)
            is_due = time.monotonic() - self._saved_at > SAVE_SECONDS
            if is_due and not self._save(**delivered(cursor, self._clock())):
                return _Sent(None)
        return _Sent(changes.next)

    def _fail(self, state: WebhookState, sent: _Sent, failure: Failure) -> None:
        """Save what was accepted, and when to try again; or stop."""
        now = self._clock()
        is_first = sent.cursor is not None or state.failingsince is None
        since = now if is_first or state.failingsince is None else state.failingsince
        attempts = 1 if is_first else state.attempts + 1
        if sent.cursor is not None:
            self._save(**delivered(sent.cursor, now))
        if failure.is_final or now - since >= PATIENCE:
            self._stop(failure.reason, attempts=attempts, failingsince=since)
            return
        pause = pause_after(attempts)
        self._save_failure(failure.reason, attempts=attempts, failingsince=since, nextat=now + pause)
        if attempts == 1:
            _logger.warning("webhook %s: the receiver %s; trying again", self._webhook.name, failure.reason)

    def _stop(self, reason: str, **values: Any) -> None:
        """Stop until somebody resumes the webhook: nothing is skipped without a person's decision."""
        if self._hold() and self._save_failure(reason, stoppedat=self._clock(), nextat=None, **values):
            _logger.error(
                "webhook %s has stopped: %s: see `shopdb webhooks list`, then run `shopdb webhooks resume`",
                self._webhook.name,
                reason,
            )

    def _save_failure(self, reason: str, **values: Any) -> bool:
        return self._save(lasterror=reason[:REASON_LENGTH], holder=None, helduntil=None, **values)

    def _hold(self) -> bool:
        now: datetime = self._clock()
        return self._store.transaction(partial(hold, name=self._webhook.name, holder=self._holder, now=now))

    def _save(self, **values: Any) -> bool:
        self._saved_at = time.monotonic()
        return self._store.transaction(
            lambda connection: save(connection, self._webhook.name, self._holder, **values)
        )
