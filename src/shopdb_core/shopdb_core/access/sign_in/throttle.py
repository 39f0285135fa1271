"""How often somebody may try to sign in: failures are counted in the database, for all processes together.

A failure counts against the user and against the client's address, each of which has `FREE_FAILURES`; beyond
them the next attempt must wait, twice as long after each failure. Where the user has signed in from that
address lately, only failures of this user from there count: an attacker elsewhere does not lock the user out.

An attempt counts as a failure before the password is checked, so that many at once are not free; `refund`
takes it back. The caller's transaction commits.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, case, delete, insert, select, update

from shopdb_core.access.keys import client_network
from shopdb_core.errors import Throttled
from shopdb_core.store.tables import signinattempt

FREE_FAILURES = 10
FIRST_DELAY = timedelta(seconds=30)
LONGEST_DELAY = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=1)
"""How long failures count after the last one."""

KNOWN_FOR = timedelta(days=30)
"""How long an address is a known one of a user who signed in from there."""

MOST_ROWS = 20_000

_column = signinattempt.c
AttemptKey: TypeAlias = bytes


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of a user, by the key of the username, from an address; `None` if it is not known."""

    usernamekey: bytes
    clientaddress: str | None

    @property
    def of_pair(self) -> AttemptKey:
        """The key of this user at this address."""
        return _digest(b"pair", self.usernamekey, client_network(self.clientaddress).encode())

    @property
    def of_both(self) -> tuple[AttemptKey, AttemptKey]:
        """The keys of this user anywhere, and of anybody at this address."""
        return _digest(b"user", self.usernamekey), _digest(
            b"address", client_network(self.clientaddress).encode()
        )


def _digest(*parts: bytes) -> AttemptKey:
    return hashlib.sha256(b"\0".join(parts)).digest()


def charge(connection: Connection, attempt: Attempt, now: datetime) -> Sequence[AttemptKey]:
    """Count an attempt as a failure, and return what it counts against, for `refund`.

    Raises `Throttled`, and counts nothing, if it must wait.
    """
    keys = sorted((attempt.of_pair, *attempt.of_both))
    query = select(signinattempt).where(_column.attemptkey.in_(keys)).order_by(_column.attemptkey)
    rows = {row.attemptkey: row for row in connection.execute(query.with_for_update())}
    counted = _counted(attempt, rows.get(attempt.of_pair), now)
    if waits := [rows[key].blockeduntil for key in counted if key in rows and rows[key].blockeduntil]:
        wait = max(waits) - now
        # A longer one was written before the clock was set back.
        if timedelta() < wait <= LONGEST_DELAY:
            seconds = math.ceil(wait.total_seconds())
            raise Throttled("Too many sign-ins of this user or from this address have failed.", seconds)
    for key in counted:
        _count(connection, key, rows.get(key), now)
    return counted


def _counted(attempt: Attempt, pair: Row[Any] | None, now: datetime) -> Sequence[AttemptKey]:
    """Return the keys that an attempt counts against, in an order that is the same for all processes."""
    is_known = pair is not None and pair.knownat is not None and pair.knownat > now - KNOWN_FOR
    return [attempt.of_pair] if is_known else sorted(attempt.of_both)


def _count(connection: Connection, key: AttemptKey, row: Row[Any] | None, now: datetime) -> None:
    earlier = row.failures if row is not None and row.lastat > now - FORGOTTEN_AFTER else 0
    values = {"failures": earlier + 1, "lastat": now, "blockeduntil": _blocked_until(earlier + 1, now)}
    if row is None:
        connection.execute(insert(signinattempt).values(attemptkey=key, **values))
    else:
        connection.execute(update(signinattempt).where(_column.attemptkey == key).values(values))


def _blocked_until(failures: int, now: datetime) -> datetime | None:
    beyond = failures - FREE_FAILURES
    if beyond < 0:
        return None
    doubled: int = 2 ** min(beyond, 10)
    return now + min(LONGEST_DELAY, FIRST_DELAY * doubled)


def refund(connection: Connection, attempt: Attempt, charged: Sequence[AttemptKey], now: datetime) -> None:
    """Take back what `charge` counted for an attempt that succeeded; its address is a known one from now on.

    The failures of the user are forgotten, those from the address are not: others made them.
    """
    of_user, of_address = attempt.of_both
    if of_address in charged:
        connection.execute(delete(signinattempt).where(_column.attemptkey == of_user))
        _count_less(connection, of_address)
    values = {"failures": 0, "lastat": now, "blockeduntil": None, "knownat": now}
    known = update(signinattempt).where(_column.attemptkey == attempt.of_pair).values(values)
    if connection.execute(known).rowcount == 0:
        connection.execute(insert(signinattempt).values(attemptkey=attempt.of_pair, **values))


def withdraw(connection: Connection, charged: Sequence[AttemptKey]) -> None:
    """Take back what `charge` counted for an attempt whose password was not checked."""
    for key in charged:
        _count_less(connection, key)


def _count_less(connection: Connection, key: AttemptKey) -> None:
    # MySQL computes the columns in this order, and each with the values that those before it got.
    is_free = _column.failures <= FREE_FAILURES
    values = {
        "blockeduntil": case((is_free, None), else_=_column.blockeduntil),
        "failures": case((_column.failures > 0, _column.failures - 1), else_=0),
    }
    connection.execute(update(signinattempt).where(_column.attemptkey == key).ordered_values(*values.items()))


def forget_failures(connection: Connection, usernamekey: bytes) -> None:
    """Let a user sign in at once from where nobody else is blocked, as after a new password."""
    of_user, _ = Attempt(usernamekey, None).of_both
    connection.execute(delete(signinattempt).where(_column.attemptkey == of_user))


def delete_old_attempts(connection: Connection, now: datetime) -> None:
    """Delete what no longer counts, and the oldest of what is too much."""
    is_over = _column.lastat < now - FORGOTTEN_AFTER
    connection.execute(delete(signinattempt).where(is_over, _column.knownat.is_(None)))
    connection.execute(delete(signinattempt).where(_column.lastat < now - KNOWN_FOR))
    newest_first = select(_column.lastat).order_by(_column.lastat.desc())
    last = connection.scalar(newest_first.offset(MOST_ROWS).limit(1))
    if last is not None:
        connection.execute(delete(signinattempt).where(_column.lastat <= last))
