"""Failed sign-ins are counted by user and by address, for all processes together."""

import threading

import pytest
from people import PASSWORD, Clock, access_at, add_user

from shopdb_core.access.events import Caller
from shopdb_core.access.sign_in.attempts import PasswordAttempts
from shopdb_core.access.sign_in.passwords import Passwords
from shopdb_core.access.sign_in.throttle import FREE_FAILURES, LONGEST_DELAY, delete_old_attempts
from shopdb_core.access.users import find_user
from shopdb_core.errors import Throttled, Unauthorized, Unavailable

HOME, ELSEWHERE = "198.51.100.7", "203.0.113.9"


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still."""
    return Clock()


@pytest.fixture
def attempt(shop, clock):
    """Return a function that tries to sign in, each time in another process; `None` is success."""
    add_user(shop, "ann")

    def sign_in(password: str = "wrong", username: str = "ann", address: str = ELSEWHERE) -> type | None:
        try:
            access_at(shop, clock).sign_in(username, password, Caller(None, address))
        except (Unauthorized, Throttled) as error:
            return type(error)
        return None

    return sign_in


def fail(attempt, times: int = FREE_FAILURES, **who: str) -> None:
    assert [attempt(**who) for _ in range(times)] == [Unauthorized] * times


@pytest.mark.every_database
def test_after_ten_failures_the_right_password_must_wait_too(attempt, clock):
    """Any failure makes the next delay twice as long; in time it is over."""
    fail(attempt)
    assert attempt(PASSWORD) is Throttled

    clock.pass_by(seconds=31)
    assert attempt() is Unauthorized
    clock.pass_by(seconds=31)
    assert attempt(PASSWORD) is Throttled
    clock.pass_by(seconds=31)
    assert attempt(PASSWORD) is None


def test_an_address_is_counted_over_all_users(attempt):
    """Ten names from one address are as many failures; from another address a user of them may sign in."""
    assert [attempt(username=f"user-{n}") for n in range(10)] == [Unauthorized] * 10

    assert attempt(PASSWORD) is Throttled
    assert attempt(PASSWORD, address=HOME) is None


def test_a_network_of_ipv6_is_one_address(attempt):
    """A host has as many addresses as it likes."""
    for n in range(10):
        attempt(username=f"user-{n}", address=f"2001:db8::{n}")

    assert attempt(PASSWORD, address="2001:db8::ffff") is Throttled


def test_an_attacker_does_not_lock_out_who_is_known(attempt, clock):
    """From an address where the user signed in before, only the user's own failures there count."""
    assert attempt(PASSWORD, address=HOME) is None
    for _ in range(20):
        attempt()
        clock.pass_by(minutes=16)
    fail(attempt, 1)

    assert attempt(PASSWORD, address=HOME) is None
    fail(attempt, address=HOME)
    assert attempt(PASSWORD, address=HOME) is Throttled


def test_failures_are_forgotten_after_an_hour(attempt, clock):
    """All attempts are free again, also while the rows of the failures are still there."""
    fail(attempt)
    clock.pass_by(hours=2)

    fail(attempt)


def test_no_delay_is_longer_than_a_quarter_of_an_hour(attempt, clock):
    """However often somebody has failed."""
    fail(attempt)
    for _ in range(10):
        clock.pass_by(minutes=15)
        assert attempt() is Unauthorized

    clock.now += LONGEST_DELAY
    assert attempt(PASSWORD) is None


def test_success_from_one_account_forgives_no_other(attempt, shop):
    """Who has an account cannot sign in between to go on guessing."""
    add_user(shop, "mallory")
    results = []
    for number in range(FREE_FAILURES):
        results += [attempt(username=f"user-{number}"), attempt(PASSWORD, "mallory")]

    assert results[::2] == [Unauthorized] * FREE_FAILURES
    assert attempt(PASSWORD) is Throttled


@pytest.mark.every_database
def test_many_at_once_are_not_free(attempt):
    """An attempt counts before the password is checked."""
    results, start = [], threading.Barrier(16)

    def run() -> None:
        start.wait(10)
        results.append(attempt())

    threads = [threading.Thread(target=run) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert len(results) == 16
    assert results.count(Unauthorized) == FREE_FAILURES


@pytest.mark.every_database
def test_old_attempts_are_deleted(attempt, clock, shop):
    """Failures after an hour, and known addresses after a month."""
    attempt(PASSWORD, address=HOME)
    fail(attempt, 1)
    counts = []
    for hours in (0, 2, 24 * 31):
        clock.pass_by(hours=hours)
        shop.store.transaction(lambda connection: delete_old_attempts(connection, clock.now))
        counts.append(shop.count("signinattempt"))

    assert counts == [4, 1, 0]


class BusyPasswords(Passwords):
    """Passwords of which too many wait to be checked."""

    def matches(self, *_given: object) -> bool:
        """Check none."""
        raise Unavailable("Too many sign-ins wait to be checked.")


def test_a_password_that_was_not_checked_is_no_failure(shop, clock):
    """The answer is 503, however often; afterwards the user signs in."""
    add_user(shop, "ann")
    attempts = PasswordAttempts(shop.store, BusyPasswords(), clock)
    caller = Caller(None, HOME)

    for _ in range(FREE_FAILURES + 1):
        with pytest.raises(Unavailable):
            attempts.check(lambda connection: ("ann", find_user(connection, "ann")), PASSWORD, caller, "no")

    assert access_at(shop, clock).sign_in("ann", PASSWORD, caller).bearer.subject == "ann"


def test_a_clock_that_is_set_back_blocks_nobody_for_long(attempt, clock):
    """What was to wait until a time far ahead waits no longer."""
    clock.pass_by(days=30)
    fail(attempt)
    clock.pass_by(days=-30)

    assert attempt(PASSWORD) is None
