"""Sessions: how refresh tokens replace each other, and when a session ends."""

import threading
from datetime import timedelta

import pytest
from people import PASSWORD, access_at

from shopdb_core.access.events import Caller
from shopdb_core.access.sessions import ACCESS_TTL, GRACE, MOST_SESSIONS, OF_BROWSER, OF_PROGRAM
from shopdb_core.errors import Unauthorized

CALLER = Caller(None, "203.0.113.9", "request-1")
SECOND = timedelta(seconds=1)


def is_in_force(access, signed_in) -> bool:
    try:
        access._grants._known.clear()
        access._grants.check(signed_in.bearer)
    except Unauthorized:
        return False
    return True


@pytest.mark.every_database
def test_a_refresh_token_is_used_once(access, clock, shop):
    """Its successor goes on; the same token again, after the grace, ends the session for both holders."""
    first = access.sign_in("ann", PASSWORD, CALLER)
    second = access.refresh(first.refreshtoken, CALLER)
    assert second.refreshtoken != first.refreshtoken
    assert second.sessionid == first.sessionid

    clock.now += GRACE + SECOND
    with pytest.raises(Unauthorized):
        access.refresh(first.refreshtoken, CALLER)

    with pytest.raises(Unauthorized):
        access.refresh(second.refreshtoken, CALLER)
    assert not is_in_force(access, second)
    assert shop.rows("SELECT action, subject FROM accessevent WHERE action = 'refresh reused'") == [
        ("refresh reused", "ann")
    ]


@pytest.mark.every_database
def test_a_lost_answer_is_given_again(access, clock):
    """Within the grace the same token has the same successor, which goes on."""
    first = access.sign_in("ann", PASSWORD, CALLER)
    second = access.refresh(first.refreshtoken, CALLER)
    clock.now += GRACE

    again = access.refresh(first.refreshtoken, CALLER)

    assert again.refreshtoken == second.refreshtoken
    assert access.refresh(again.refreshtoken, CALLER).refreshtoken != again.refreshtoken


@pytest.mark.every_database
def test_two_clients_at_once_get_one_successor(access, shop, clock):
    """Whichever of several processes comes first, the session goes on with one token."""
    first = access.sign_in("ann", PASSWORD, CALLER)
    start, answers = threading.Barrier(8), []

    def refresh() -> None:
        process = access_at(shop, clock)
        start.wait(10)
        answers.append(process.refresh(first.refreshtoken, CALLER).refreshtoken)

    threads = [threading.Thread(target=refresh) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert len(answers) == 8
    assert len(set(answers)) == 1
    assert access.refresh(answers[0], CALLER)


@pytest.mark.every_database
@pytest.mark.parametrize(
    "token", ["", "x", "\0", "\ud800", "ä.ö", "." * 99, "0" * 32, f"{'0' * 32}.{'x' * 43}", "x" * 100_000]
)
def test_what_is_no_refresh_token_is_refused(access, token):
    """Of any form, on every database."""
    with pytest.raises(Unauthorized):
        access.refresh(token, CALLER)


def test_a_guess_that_knows_the_session_ends_it(access):
    """Only who had a token of the session knows its id."""
    first = access.sign_in("ann", PASSWORD, CALLER)

    with pytest.raises(Unauthorized):
        access.refresh(f"{first.sessionid}.{'x' * 43}", CALLER)

    assert not is_in_force(access, first)


@pytest.mark.parametrize(("browser", "lifetimes"), [(True, OF_BROWSER), (False, OF_PROGRAM)])
def test_a_session_that_is_not_used_ends(access, clock, browser, lifetimes):
    """After its idle time; a program's refresh token is then of no use."""
    session = access.sign_in("ann", PASSWORD, CALLER, browser=browser)
    clock.now += lifetimes.idle - SECOND
    assert is_in_force(access, session)

    clock.now += SECOND

    assert not is_in_force(access, session)
    if session.refreshtoken:
        with pytest.raises(Unauthorized):
            access.refresh(session.refreshtoken, CALLER)


def test_a_session_ends_though_it_is_used(access, clock):
    """A refresh puts off the idle time, not the end."""
    session = access.sign_in("ann", PASSWORD, CALLER)
    assert session.ttl == ACCESS_TTL
    for _ in range(OF_PROGRAM.longest // OF_PROGRAM.idle):
        clock.now += OF_PROGRAM.idle - SECOND
        session = access.refresh(session.refreshtoken, CALLER)

    clock.now += timedelta(days=3)

    assert not is_in_force(access, session)


@pytest.mark.every_database
def test_a_user_has_few_sessions(access, clock, shop):
    """The one that was used least lately ends for a new one."""
    sessions = []
    for _ in range(MOST_SESSIONS + 1):
        clock.now += SECOND
        sessions.append(access.sign_in("ann", PASSWORD, CALLER))

    assert shop.count("accesssession") == MOST_SESSIONS
    assert [is_in_force(access, each) for each in sessions[:2]] == [False, True]


def test_a_browser_has_no_refresh_token(access):
    """Its cookie is valid as long as the session."""
    session = access.sign_in("ann", PASSWORD, CALLER, browser=True)

    assert (session.refreshtoken, session.ttl) == (None, OF_BROWSER.longest)


def test_cleaning_deletes_what_has_expired(access, clock, shop):
    """Sessions, tokens of long ago, and events of more than a year ago."""
    access.sign_in("ann", PASSWORD, CALLER)
    clock.now += timedelta(days=365 * 2)

    access.clean()

    assert [shop.count(table) for table in ("accesssession", "accessevent", "signinattempt")] == [0, 0, 0]
