"""`Recorder`: collects the outcomes of submissions in memory, and writes them every few seconds.

Not in the transactions of the submissions: on a database server all of them would wait for the row of the
same count. So a process that is killed loses the outcomes of its last seconds. If the connection breaks
during a commit, what it wrote may be written again.
"""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from operator import itemgetter
from typing import TypeAlias

from shopdb_core.clock import Clock, utc_now
from shopdb_core.errors import Unavailable, log_text
from shopdb_core.outcomes.records import (
    UNAUTHENTICATED,
    Counted,
    Refusal,
    delete_old_counts,
    record_outcomes,
)
from shopdb_core.store import Connection, Store
from shopdb_hookspecs import JsonObject

WRITE_SECONDS = 3.0
CLOSE_SECONDS = 3.0
"""How long closing waits until the last outcomes are written; less than a service manager waits."""

MANY_REFUSALS = 500
"""From this number of refusals on, they are written at once."""

MOST_WAITING = 1_000
MOST_WAITING_UNAUTHENTICATED = 100
"""How many refusals wait at most, those without a valid key apart; further ones are only counted."""

MOST_WAITING_COUNTS = 2_000
OTHER = "other"
"""How many different counts wait at most; further outcomes are counted together, by day, as `other`."""

Observer: TypeAlias = Callable[[str, str, str], None]
"""Gets the plugin, the source and the outcome of a submission; it must not raise, and returns at once."""

_logger = logging.getLogger(__name__)


@dataclass
class Outcomes:
    """What waits to be written: the rows of refusals, and how many submissions had each outcome."""

    refusals: list[JsonObject] = field(default_factory=list)
    unauthenticated: list[JsonObject] = field(default_factory=list)
    counts: dict[Counted, int] = field(default_factory=dict)

    def count(self, counted: Counted, number: int = 1) -> None:
        """Add to a count, or to that of all others if there are too many different ones."""
        if len(self.counts) >= MOST_WAITING_COUNTS and counted not in self.counts:
            counted = Counted(counted.day, "", "", OTHER)
        self.counts[counted] = self.counts.get(counted, 0) + number

    def add(self, row: JsonObject) -> None:
        """Add the row of a refusal, unless too many wait."""
        if row["status"] in UNAUTHENTICATED:
            rows, most = self.unauthenticated, MOST_WAITING_UNAUTHENTICATED
        else:
            rows, most = self.refusals, MOST_WAITING
        if len(rows) < most:
            rows.append(row)

    def join(self, later: "Outcomes") -> None:
        """Add what came after these."""
        for row in (*later.refusals, *later.unauthenticated):
            self.add(row)
        for counted, number in later.counts.items():
            self.count(counted, number)

    def write(self, connection: Connection) -> None:
        """Write all of them, the refusals in the order of their times."""
        rows = sorted((*self.refusals, *self.unauthenticated), key=itemgetter("at"))
        record_outcomes(connection, rows, self.counts)


class Recorder:
    """Records the outcomes of one process until `close`; safe to share between threads.

    The thread that writes is started by the first outcome. What cannot be written, as while the database is
    away, waits in memory, within limits. Nothing is raised.
    """

    def __init__(self, store: Store, *, interval: float = WRITE_SECONDS, clock: Clock = utc_now) -> None:
        self._store = store
        self._interval = interval
        self._clock = clock
        self._waiting = Outcomes()
        self._changing = threading.Lock()
        self._writing = threading.Lock()
        self._due = threading.Event()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._failed = False
        self._cleaned: date | None = None
        self._observers: list[Observer] = []

    def observe(self, observer: Observer) -> None:
        """Call `observer` for each submission, in the thread that answers it."""
        self._observers.append(observer)

    def count(self, plugin: str, outcome: str, source: str | None = None) -> None:
        """Count a submission by its outcome; `source` is the name of its key."""
        with self._changing:
            self._waiting.count(Counted(self._clock().date(), plugin, source or "", outcome))
        for observe in self._observers:
            observe(plugin, source or "", outcome)
        self._start()

    def refused(self, refusal: Refusal) -> None:
        """Count a submission that was not stored, and keep the refusal while there is room."""
        at = self._clock()
        counted = Counted(at.date(), refusal.plugin or "", refusal.source or "", refusal.outcome)
        with self._changing:
            waited = len(self._waiting.refusals)
            self._waiting.count(counted)
            self._waiting.add(refusal.row(at))
            if waited < MANY_REFUSALS <= len(self._waiting.refusals):
                self._due.set()
        for observe in self._observers:
            observe(counted.plugin, counted.source, counted.outcome)
        self._start()

    def write(self) -> None:
        """Write what waits; while the database is not available it goes on waiting.

        After any other error it is dropped, since it might fail again for ever.
        """
        with self._writing:
            with self._changing:
                outcomes, self._waiting = self._waiting, Outcomes()
            if not outcomes.counts:
                return
            today = self._clock().date()
            try:
                self._store.transaction(lambda connection: self._write(connection, outcomes, today))
            except Unavailable as error:
                self._keep(outcomes)
                self._log_failure(f"wait: {error}", error)
            except Exception as error:  # noqa: BLE001  # what is recorded must not harm what is stored
                self._log_failure(f"are lost: {type(error).__name__}", error)
            else:
                self._failed, self._cleaned = False, today

    def close(self) -> None:
        """Write what waits, for up to `CLOSE_SECONDS`, and end the thread."""
        with self._changing:
            self._closed, thread = True, self._thread
        self._due.set()
        if thread is not None:
            thread.join(CLOSE_SECONDS)

    def _write(self, connection: Connection, outcomes: Outcomes, today: date) -> None:
        outcomes.write(connection)
        if self._cleaned != today:
            delete_old_counts(connection, today)

    def _keep(self, outcomes: Outcomes) -> None:
        """Put back what was not written, before what came meanwhile."""
        with self._changing:
            outcomes.join(self._waiting)
            self._waiting = outcomes

    def _log_failure(self, what: str, error: Exception) -> None:
        """Log the first of several failures."""
        if not self._failed:
            _logger.warning("the counts and refusals of submissions were not written and %s", what)
            _logger.debug("outcomes\n%s", log_text(error))
        self._failed = True

    def _start(self) -> None:
        """Start the thread at the first outcome."""
        if self._thread is not None:
            return
        with self._changing:
            if self._thread is None and not self._closed:
                thread = threading.Thread(target=self._work, name="shopdb-recorder", daemon=True)
                # Without a thread, as at the limit of the system, the next outcome tries again.
                with suppress(RuntimeError):
                    thread.start()
                    self._thread = thread

    def _work(self) -> None:
        ends = False
        while not ends:
            self._due.wait(self._interval)
            self._due.clear()
            # Read before writing: what came before `close` is written, if need be by one more turn.
            ends = self._closed
            self.write()
