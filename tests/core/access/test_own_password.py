"""Changing the own password: it needs the current one, and ends every other session."""

import pytest
from people import PASSWORD, add_user, bearer, change, login, me
from shops import Shop

from shopdb_core.access import users
from shopdb_core.access.events import Caller, list_events
from shopdb_core.access.sign_in.throttle import FREE_FAILURES
from shopdb_core.access.tokens import Bearer
from shopdb_core.errors import Conflict, Throttled, Unauthorized

NEW = "yellow-boat-candle-4"
CALLER = Caller("user:ann", "198.51.100.7", "request-1")


@pytest.fixture
def ann(shop: Shop) -> Bearer:
    """Return a user who has signed in."""
    add_user(shop, "ann")
    return shop.access.sign_in("ann", PASSWORD, CALLER, browser=True).bearer


def actions(shop: Shop) -> list[str]:
    """Return what happened, the oldest first."""
    found = shop.store.read(lambda connection: list_events(connection, after=0, limit=100))
    return [each["action"] for each in found]


@pytest.mark.every_database
def test_the_new_password_counts_and_other_sessions_end(shop, ann):
    """One session goes on: a new one, since somebody may have the token of the old one."""
    other = bearer(login(shop, "ann"))
    own = shop.access.sign_in("ann", PASSWORD, CALLER, browser=True)
    shop.access.bearer_of_cookie(own.accesstoken)

    changed = shop.access.change_password(own.bearer, PASSWORD, NEW, CALLER)

    assert login(shop, "ann", NEW).status_code == 200
    assert login(shop, "ann").status_code == 401
    assert me(shop, other).status_code == 401
    assert shop.access.bearer_of_cookie(changed.accesstoken).subject == "ann"
    with pytest.raises(Unauthorized):
        shop.access.bearer_of_cookie(own.accesstoken)
    with pytest.raises(Unauthorized):
        shop.access.sessions(ann)
    assert "password changed" in actions(shop)


def test_a_wrong_current_password_changes_nothing(shop, ann):
    """It counts as a failed sign-in, and is an event; so a stolen session does not find out the password."""
    with pytest.raises(Unauthorized, match="current password"):
        shop.access.change_password(ann, "wrong-horse-battery", NEW, CALLER)

    assert actions(shop)[-1] == "sign-in failed"
    assert login(shop, "ann").status_code == 200
    assert len(shop.access.sessions(ann)) == 2


def test_many_wrong_passwords_must_wait(shop, ann):
    """As at the page to sign in, also with the right one."""
    for _ in range(FREE_FAILURES):
        with pytest.raises(Unauthorized):
            shop.access.change_password(ann, "wrong-horse-battery", NEW, CALLER)

    with pytest.raises(Throttled):
        shop.access.change_password(ann, PASSWORD, NEW, CALLER)


@pytest.mark.usefixtures("ann")
def test_who_has_no_password_here_cannot_change_it(shop):
    """A program has a token, and a user of the identity provider a password there."""
    change(shop, users.add_user, "oida", "viewer", providerkey=b"x" * 32)

    with pytest.raises(Conflict, match="not that of a session"):
        shop.access.change_password(Bearer("dashboard", "viewer"), PASSWORD, NEW, CALLER)
    with pytest.raises(Conflict, match="identity provider"):
        shop.store.transaction(lambda connection: users.require_local(connection, "oida"))
