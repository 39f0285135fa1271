"""Links that sign a user in: once, in time, and only who may sign in."""

import threading
from datetime import timedelta

import pytest
from people import OPERATOR, access_at, add_user, change

from shopdb_core.access import users
from shopdb_core.access.events import Caller
from shopdb_core.access.sessions import OF_BROWSER
from shopdb_core.access.sign_in.links import LONGEST_LINK, create_link
from shopdb_core.errors import Conflict, InvalidParameter, NotFound, Unauthorized

CALLER = Caller(None, "203.0.113.9", "request-1")
TTL = timedelta(minutes=10)
EVENTS = "SELECT action, actor, subject, clientaddress, detail FROM accessevent ORDER BY eventid"


@pytest.fixture
def link(shop, clock, access):  # noqa: ARG001  # it has a user
    """Return a function that makes a link and returns its token."""

    def make(username="ann", ttl=TTL) -> str:
        return shop.store.transaction(
            lambda connection: create_link(connection, clock(), OPERATOR, username, ttl)
        )

    return make


@pytest.mark.every_database
def test_a_link_signs_in_once(access, link, shop):
    """It begins a browser's session, and the events say who made it, who opened it and who came later."""
    token = link()

    signed_in = access.sign_in_by_link(token, CALLER)
    with pytest.raises(Unauthorized, match="shopdb user link"):
        access.sign_in_by_link(token, CALLER)

    assert (signed_in.bearer.subject, signed_in.bearer.role) == ("ann", "editor")
    assert (signed_in.refreshtoken, signed_in.ttl) == (None, OF_BROWSER.longest)
    assert access.bearer_of_cookie(signed_in.accesstoken) == signed_in.bearer
    assert shop.rows(EVENTS)[1:] == [
        ("link created", "cli:tester", "ann", None, None),
        ("signed in", "user:ann", "ann", "203.0.113.9", "link"),
        ("sign-in failed", None, "ann", "203.0.113.9", "link used or expired"),
    ]


@pytest.mark.every_database
def test_of_two_clicks_at_once_one_signs_in(link, shop, clock):
    """Whichever of several processes comes first."""
    token, start, outcomes = link(), threading.Barrier(6), []

    def click() -> None:
        process = access_at(shop, clock)
        start.wait(10)
        try:
            outcomes.append(process.sign_in_by_link(token, CALLER).sessionid)
        except Unauthorized:
            outcomes.append(None)

    threads = [threading.Thread(target=click) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert len(outcomes) == 6
    assert outcomes.count(None) == 5


def test_a_link_expires(access, link, clock):
    """To the second; the session that it begins in time has the full time of one."""
    early, late = link(), link()
    clock.now += TTL - timedelta(seconds=1)
    signed_in = access.sign_in_by_link(early, CALLER)
    clock.now += timedelta(seconds=1)

    with pytest.raises(Unauthorized):
        access.sign_in_by_link(late, CALLER)

    clock.now += OF_BROWSER.idle - timedelta(seconds=2)
    assert access.bearer_of_cookie(signed_in.accesstoken)


@pytest.mark.parametrize(
    "taken",
    [
        (users.disable_user, "ann"),
        (users.change_role, "ann", "viewer"),
        (users.change_password, "ann", "$another"),
    ],
)
def test_a_change_of_the_user_ends_the_link(access, link, shop, taken):
    """As it ends the sessions."""
    token = link()

    change(shop, *taken)

    with pytest.raises(Unauthorized):
        access.sign_in_by_link(token, CALLER)


def test_a_link_is_no_session_before_it_is_opened(access, link):
    """It is not listed, and its token refreshes nothing."""
    opened = access.sign_in_by_link(link(), CALLER)
    token = link()

    assert [each["sessionid"] for each in access.sessions(opened.bearer)] == [opened.sessionid]
    with pytest.raises(Unauthorized):
        access.refresh(token, CALLER)
    assert access.sign_in_by_link(token, CALLER).bearer.subject == "ann"


def test_what_is_no_link_is_refused(access):
    """Of any form; only what looks like a token is searched for."""
    for token in ("", "\0", "\ud800", "ä.ö", "0" * 32, f"{'0' * 32}.{'x' * 43}", "x" * 99_999):
        with pytest.raises(Unauthorized):
            access.sign_in_by_link(token, CALLER)


def test_a_guess_that_knows_the_session_does_not_use_the_link_up(access, link):
    """Only who has the whole token opens it."""
    token = link()

    with pytest.raises(Unauthorized):
        access.sign_in_by_link(f"{token.partition('.')[0]}.{'x' * 43}", CALLER)

    assert access.sign_in_by_link(token, CALLER)


def test_who_gets_no_link(link, shop):
    """An unknown or disabled user, and nobody for longer than a day."""
    add_user(shop, "bob")
    change(shop, users.disable_user, "bob")

    with pytest.raises(Conflict, match="shopdb user enable"):
        link("bob")
    with pytest.raises(NotFound, match="shopdb user list"):
        link("carl")
    with pytest.raises(InvalidParameter, match="one day"):
        link(ttl=LONGEST_LINK + timedelta(seconds=1))
    assert shop.count("accesssession") == 0
