"""The users whom the identity provider knows: added when they first come, found by a key that stays."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from shopdb_core.access.events import Caller
from shopdb_core.access.grants import FRESH_SECONDS, MOST_GRANTS
from shopdb_core.access.oidc.provider import Identity
from shopdb_core.access.tokens import REFUSAL, Bearer
from shopdb_core.access.users import (
    User,
    add_user,
    change_role,
    checked_username,
    find_provider_user,
    find_user,
    lock_user,
)
from shopdb_core.clock import Clock
from shopdb_core.errors import Conflict, Unauthorized
from shopdb_core.store import Connection, Store

PROVIDER = Caller("oidc")
"""Who adds users, and changes their roles."""


class ProviderUsers:
    """Finds the users of the provider's access tokens, asking the database every four seconds for each."""

    def __init__(self, store: Store, clock: Clock, timer: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._timer = timer
        self._known: OrderedDict[bytes, tuple[User, float]] = OrderedDict()
        self._lock = threading.Lock()

    def bearer(self, identity: Identity) -> Bearer:
        """Return the bearer of a token that names an identity; the role is that of the token.

        Raises `Unauthorized` for a disabled user, and as `admitted` does.
        """
        user, until = self._known.get(identity.key, (None, 0.0))
        if user is None or until < self._timer():
            user = self._look_up(identity)
        if user.disabledat is not None:
            raise Unauthorized(REFUSAL)
        return Bearer(user.username, identity.role)

    def _look_up(self, identity: Identity) -> User:
        until = self._timer() + FRESH_SECONDS
        user = self._store.read(lambda connection: find_provider_user(connection, identity.key))
        if user is None:
            user = self._store.transaction(lambda connection: self._added(connection, identity))
        with self._lock:
            self._known[identity.key] = user, until
            while len(self._known) > MOST_GRANTS:
                self._known.popitem(last=False)
        return user

    def admitted(self, connection: Connection, identity: Identity) -> User | None:
        """Return the locked user of an identity in the role that it has now; `None` if the user is disabled.

        Raises `Conflict` if the name of a new user is taken, or `InvalidParameter` if it cannot be one.
        """
        found = find_provider_user(connection, identity.key) or self._added(connection, identity)
        user = lock_user(connection, found.userid)
        if user.disabledat is not None:
            return None
        change_role(connection, self._clock(), PROVIDER, user.username, identity.role, force=True)
        return lock_user(connection, user.userid)

    def _added(self, connection: Connection, identity: Identity) -> User:
        name = checked_username(identity.username)
        if find_user(connection, name):
            raise Conflict(
                f"The identity provider calls you {name!r}, which is the name of another user here; ask who "
                "administers this site for another name."
            )
        at, role, key = self._clock(), identity.role, identity.key
        return add_user(connection, at, PROVIDER, name, role, providerkey=key)
