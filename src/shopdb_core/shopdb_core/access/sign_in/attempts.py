"""`PasswordAttempts`: each check of a password is counted before it, and recorded if it fails."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import Connection

from shopdb_core.access.events import Caller, record_event
from shopdb_core.access.sign_in.passwords import Passwords
from shopdb_core.access.sign_in.throttle import (
    Attempt,
    AttemptKey,
    charge,
    delete_old_attempts,
    refund,
    withdraw,
)
from shopdb_core.access.users import User, username_key
from shopdb_core.clock import Clock
from shopdb_core.errors import Unauthorized, Unavailable
from shopdb_core.store import Store

FindUser: TypeAlias = Callable[[Connection], tuple[str, User | None]]
"""Returns the username that an attempt is for, and the user if there is one."""


@dataclass(frozen=True, slots=True)
class RightPassword:
    """An attempt with the right password of an enabled user, and what it was charged against."""

    user: User
    attempt: Attempt
    charged: Sequence[AttemptKey]


class PasswordAttempts:
    """Checks passwords of users; safe to share between threads."""

    def __init__(self, store: Store, passwords: Passwords, clock: Clock) -> None:
        self._store = store
        self._passwords = passwords
        self._clock = clock

    def check(self, find: FindUser, password: str, caller: Caller, refusal: str) -> RightPassword:
        """Check a password; the attempt counts as a failure until `forgive`.

        Raises `Unauthorized` with the message `refusal`, after the same time for a wrong password and for an
        unknown or disabled user, `Throttled` after many of these, and `Unavailable`, which counts as none.
        """

        def begin(connection: Connection) -> tuple[User | None, Attempt, Sequence[AttemptKey]]:
            username, user = find(connection)
            attempt = Attempt(username_key(username), caller.clientaddress)
            return user, attempt, charge(connection, attempt, self._clock())

        user, attempt, charged = self._store.transaction(begin)
        if (reason := self._reason(password, user, charged)) is not None:
            self._store.transaction(lambda connection: self.record_failure(connection, caller, user, reason))
            raise Unauthorized(refusal)
        assert user is not None
        return RightPassword(user, attempt, charged)

    def forgive(self, connection: Connection, right: RightPassword) -> None:
        """Take back what the attempt counted; its address is a known one of the user from now on."""
        refund(connection, right.attempt, right.charged, self._clock())

    def record_failure(self, connection: Connection, caller: Caller, user: User | None, reason: str) -> None:
        """Record a sign-in that failed, and delete the attempts that no longer count."""
        at = self._clock()
        subject = user.username if user else None
        record_event(connection, at, "sign-in failed", caller, subject=subject, detail=reason)
        delete_old_attempts(connection, at)

    def _reason(self, password: str, user: User | None, charged: Sequence[AttemptKey]) -> str | None:
        """Return why an attempt fails, `None` if it does not."""
        try:
            is_right = self._passwords.matches(password, user.passwordhash if user else None)
        except Unavailable:
            self._store.transaction(lambda connection: withdraw(connection, charged))
            raise
        if user is None:
            return "unknown user"
        if not is_right:
            return "wrong password"
        return "disabled" if user.disabledat is not None else None
