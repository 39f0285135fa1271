"""Passwords of users: which are accepted, and their hashes (argon2id, RFC 9106).

argon2-cffi is imported with the first password: most servers receive submissions alone.
"""

import re
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from importlib.resources import files
from typing import Any

from shopdb_core.errors import InvalidParameter, Unavailable

SHORTEST = 12
LONGEST = 128
SHORTEST_WORD = 4
"""From this number of characters on, a password must not contain the username."""

LEAST_VARIETY = 5
"""How many different characters a password has at least: a sanity check, not a rule of composition."""

TIME_COST, MEMORY_KIB, PARALLELISM = 2, 19_456, 1
"""As OWASP recommends: 19 MiB and some 20 ms for each password that is checked."""

DECOY = "$argon2id$v=19$m=19456,t=2,p=1$u9SoBuuBU0bWBItgy54MzQ$C0Hdjhki7ctS+Fo1poVaB0C6bNiDr7TQgWsb+E5M6dw"
"""A hash of no known password: it is checked where there is none, so that this takes as long."""

AT_ONCE = 2
PATIENCE_SECONDS = 5.0
"""How many hashes one process computes at once, and how long a request waits for its turn.

So attempts to sign in take 38 MiB at most, and leave threads for other requests.
"""

_SURROGATE = re.compile("[\ud800-\udfff]")
_SURROUNDING = re.compile(r"^[\W\d_]+|[\W\d_]+$")


class Passwords:
    """Checks and hashes passwords; safe to share between threads."""

    def __init__(self) -> None:
        self._turns = threading.BoundedSemaphore(AT_ONCE)

    @cached_property
    def _hasher(self) -> Any:
        from argon2 import PasswordHasher  # noqa: PLC0415  # see the module's docstring

        return PasswordHasher(TIME_COST, MEMORY_KIB, PARALLELISM)

    def hash(self, password: str) -> str:
        """Return the hash of a password that `check_password` accepts; raises `Unavailable` as `matches`."""
        with self._turn():
            return str(self._hasher.hash(_normalised(password)))

    def matches(self, password: str, passwordhash: str | None) -> bool:
        """Return whether a password has this hash; without a hash it takes as long, and is false.

        Raises `Unavailable` if too many passwords wait to be checked.
        """
        from argon2.exceptions import InvalidHashError, VerificationError  # noqa: PLC0415  # likewise

        with self._turn():
            try:
                self._hasher.verify(passwordhash or DECOY, _normalised(password))
            except (InvalidHashError, VerificationError):
                return False
        return passwordhash is not None

    def is_outdated(self, passwordhash: str) -> bool:
        """Return whether a hash was computed with other parameters than those of this release."""
        return bool(self._hasher.check_needs_rehash(passwordhash))

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._turns.acquire(timeout=PATIENCE_SECONDS):
            raise Unavailable("Too many sign-ins wait to be checked. Try again later.")
        try:
            yield
        finally:
            self._turns.release()


def is_password(text: object) -> bool:
    """Return whether a value can be somebody's password: a text that is not too long, without surrogates."""
    return isinstance(text, str) and len(text) <= LONGEST and not _SURROGATE.search(text)


def check_password(password: str, username: str) -> None:
    """Raise `InvalidParameter` for a password that is short, long, common, or has the name of its user."""
    if not (len(password) >= SHORTEST and is_password(password)):
        raise InvalidParameter(f"A password has {SHORTEST} to {LONGEST} characters; longer is better.")
    folded = _normalised(password).casefold()
    own = [word for word in ("shopdb", username.casefold()) if len(word) >= SHORTEST_WORD]
    if any(word in folded for word in own):
        raise InvalidParameter("The password contains the username or `shopdb`; choose another one.")
    common = _common_passwords()
    if folded in common or _SURROUNDING.sub("", folded) in common or len(set(folded)) < LEAST_VARIETY:
        raise InvalidParameter(
            "The password is one of those that attackers try first; choose several words that belong to no "
            "sentence, or let a password manager generate one."
        )


def _common_passwords() -> frozenset[str]:
    """Read the list; a password is chosen seldom, so that it is not kept."""
    text = files(__package__).joinpath("common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if not line.startswith("#"))


def _normalised(password: str) -> str:
    """Return one form of a password, whichever keyboard composed its characters."""
    return unicodedata.normalize("NFC", password)
