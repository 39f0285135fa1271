"""Users in the tests' sites, and signing in as one of them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache

from falcon import testing
from shops import Shop

from shopdb_core.access import users
from shopdb_core.access.events import Caller
from shopdb_core.access.service import Access
from shopdb_core.access.sign_in.passwords import Passwords
from shopdb_core.access.tokens import Role

PASSWORD = "purple-horse-battery-9"
OPERATOR = Caller("cli:tester")


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 27, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now

    def pass_by(self, **time: float) -> None:
        """Let time pass."""
        self.now += timedelta(**time)


@cache
def hashed(password: str) -> str:
    """Return the hash of a password; each is computed once."""
    return Passwords().hash(password)


def add_user(shop: Shop, name: str, role: Role = "viewer", password: str = PASSWORD) -> users.User:
    """Add a user."""
    at = datetime.now(UTC)
    return change(shop, users.add_user, name, role, passwordhash=hashed(password), at=at)


def change(shop: Shop, function: Callable[..., users.User], *arguments: object, at=None, **options: object):
    """Run a function of `users` in a transaction, as the command line does."""
    moment = at or datetime.now(UTC)
    return shop.store.transaction(
        lambda connection: function(connection, moment, OPERATOR, *arguments, **options)
    )


def access_at(shop: Shop, clock: Clock) -> Access:
    """Return the access of another process on the same database, whose time is that of a clock."""
    return Access(shop.settings, shop.store, shop.tokens, clock=clock)


def login(shop: Shop, username: object, password: object = PASSWORD, **more: object) -> testing.Result:
    """Sign in over HTTP."""
    body = {"username": username, "password": password, **more}
    return shop.client.simulate_post("/api/auth/login", json=body)


def bearer(answer: testing.Result) -> dict[str, str]:
    """Return the header with the access token of an answer."""
    return {"Authorization": f"Bearer {answer.json['accesstoken']}"}


def cookie(answer: testing.Result) -> dict[str, str]:
    """Return the header with the cookie that an answer sets."""
    return {"Cookie": answer.headers["set-cookie"].partition(";")[0]}


def me(shop: Shop, headers: dict[str, str]) -> testing.Result:
    """Ask who asks."""
    return shop.client.simulate_get("/api/auth/me", headers=headers)
