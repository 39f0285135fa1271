"""Whether a session or a program's token is still in force, and when it was used last.

Tokens are checked by their signatures; for each of them, the database is asked once in `FRESH_SECONDS`. So
what is ended or revoked is refused within five seconds in every process, and most requests cost no query.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, select, update

from shopdb_core.access.sessions import is_in_force
from shopdb_core.access.tokens import REFUSAL, Bearer, Grant
from shopdb_core.clock import Clock, utc_now
from shopdb_core.errors import Unauthorized, log_text
from shopdb_core.store import Store
from shopdb_core.store.tables import accesssession, appuser, programtoken

FRESH_SECONDS = 4.0
MOST_GRANTS = 10_000
"""How many grants are remembered, 3 MB at most."""

WRITE_SECONDS = 60.0
CLOSE_SECONDS = 3.0

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Known:
    """Which role a grant gives; `None` if it is not in force. `until` is a monotonic time."""

    role: str | None
    until: float


class Grants:
    """Checks bearers against the database; safe to share between threads. `close` writes the last uses."""

    def __init__(
        self, store: Store, *, clock: Clock = utc_now, timer: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._clock = clock
        self._timer = timer
        self._known: OrderedDict[Grant, _Known] = OrderedDict()
        self._lock = threading.Lock()
        self._uses = LastUses(store)

    def check(self, bearer: Bearer) -> None:
        """Raise `Unauthorized` unless the bearer's grant is in force, and note its use; or `Unavailable`.

        A token without a grant is valid by itself until it expires.
        """
        grant = bearer.grant
        if grant is None:
            return
        known = self._known.get(grant)
        if known is None or known.until < self._timer():
            known = self._look_up(grant)
        if known.role != bearer.role:
            raise Unauthorized(REFUSAL)
        self._uses.note(grant, self._clock())

    def forget(self, grant: Grant) -> None:
        """Ask the database at the next use: this process has just ended the grant."""
        with self._lock:
            self._known.pop(grant, None)

    def close(self) -> None:
        """Write when the grants were used last."""
        self._uses.close()

    def _look_up(self, grant: Grant) -> _Known:
        # The time is taken before, so that the answer is no older than it claims to be.
        until = self._timer() + FRESH_SECONDS
        at = self._clock()
        known = _Known(self._store.read(lambda connection: _role(connection, grant, at)), until)
        with self._lock:
            self._known[grant] = known
            self._known.move_to_end(grant)
            while len(self._known) > MOST_GRANTS:
                self._known.popitem(last=False)
        return known


def _role(connection: Connection, grant: Grant, at: datetime) -> str | None:
    """Return the role that a grant gives now, `None` if it is not in force."""
    if grant.kind == "jti":
        token = programtoken.c
        of_program = select(token.role).where(token.jti == grant.id, token.revokedat.is_(None))
        return connection.scalar(of_program)
    session, user = accesssession.c, appuser.c
    query = (
        select(session.refreshdigest, session.formerdigest, session.expiresat, session.lastusedat, user.role)
        .join(appuser, user.userid == session.userid)
        .where(session.sessionid == grant.id, user.disabledat.is_(None))
    )
    row = connection.execute(query).mappings().first()
    return str(row["role"]) if row and is_in_force(dict(row), at) else None


class LastUses:
    """Remembers when grants were used last, and writes it every minute in a thread; nothing is raised."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._uses: dict[Grant, datetime] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def note(self, grant: Grant, at: datetime) -> None:
        """Remember a use; the first one starts the thread."""
        if grant in self._uses or len(self._uses) < MOST_GRANTS:
            self._uses[grant] = at
        if self._thread is None:
            self._start()

    def close(self) -> None:
        """Write what waits, for up to `CLOSE_SECONDS`."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join(CLOSE_SECONDS)

    def write(self) -> None:
        """Write what waits; what cannot be written is lost, as the next use comes soon."""
        with self._lock:
            uses, self._uses = self._uses, {}
        if not uses:
            return
        try:
            self._store.transaction(lambda connection: _write_uses(connection, uses))
        except Exception as error:  # noqa: BLE001  # when a token was used matters less than that it works
            _logger.warning("the last uses of tokens were not written: %s", type(error).__name__)
            _logger.debug("last uses\n%s", log_text(error))

    def _start(self) -> None:
        with self._lock:
            if self._thread is None and not self._closing.is_set():
                thread = threading.Thread(target=self._work, name="shopdb-last-uses", daemon=True)
                # Without a thread, as at the limit of the system, the next use tries again.
                with suppress(RuntimeError):
                    thread.start()
                    self._thread = thread

    def _work(self) -> None:
        while not self._closing.wait(WRITE_SECONDS):
            self.write()
        self.write()


def _write_uses(connection: Connection, uses: Mapping[Grant, datetime]) -> None:
    """Write the uses in one order for all processes, so that none waits for another one in a circle."""
    for kind, table, key in (("sid", accesssession, "sessionid"), ("jti", programtoken, "jti")):
        rows = [
            {"key": grant.id, "at": at}
            for grant, at in sorted(uses.items(), key=lambda use: use[0].id)
            if grant.kind == kind
        ]
        if rows:
            is_it = table.c[key] == bindparam("key")
            connection.execute(update(table).where(is_it).values(lastusedat=bindparam("at")), rows)
