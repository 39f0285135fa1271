"""Wrong keys from one address are counted, and the address is refused for a while."""

import pytest

from shopdb_core.access.keys import MOST_CLIENTS, MOST_WRONG_KEYS, WINDOW_SECONDS, KeyThrottle
from shopdb_core.errors import Throttled

ADDRESS, OTHER = "203.0.113.9", "203.0.113.10"
KEY, NEW_KEY = b"a digest", b"another digest"


class Clock:
    """A clock that the test sets."""

    now = 1000.0

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still."""
    return Clock()


@pytest.fixture
def throttle(clock: Clock) -> KeyThrottle:
    """Return a throttle that has counted all but one of the wrong keys that it allows."""
    throttle = KeyThrottle(clock)
    for _ in range(MOST_WRONG_KEYS - 1):
        throttle.refused(ADDRESS)
    throttle.check(ADDRESS, KEY)
    return throttle


def test_an_address_with_too_many_wrong_keys_is_refused(throttle, clock):
    """Until the end of the window that began with its first wrong key."""
    clock.now += 20
    throttle.refused(ADDRESS)

    with pytest.raises(Throttled) as refusal:
        throttle.check(ADDRESS, KEY)

    assert refusal.value.retry_after_seconds == WINDOW_SECONDS - 20
    clock.now += refusal.value.retry_after_seconds
    throttle.check(ADDRESS, KEY)


def test_old_wrong_keys_do_not_count(throttle, clock):
    """A device that is wrong once in a while is never refused."""
    clock.now += WINDOW_SECONDS
    throttle.refused(ADDRESS)

    throttle.check(ADDRESS, KEY)


def test_who_goes_on_is_refused_again(throttle, clock):
    """After the end of a window another one begins."""
    clock.now += WINDOW_SECONDS
    for _ in range(MOST_WRONG_KEYS):
        throttle.refused(ADDRESS)

    with pytest.raises(Throttled):
        throttle.check(ADDRESS, KEY)


def test_another_address_is_not_refused(throttle):
    """Each address is counted for itself; those of one IPv6 network of 64 bits are one."""
    throttle.refused(ADDRESS)
    throttle.check(OTHER, KEY)
    for last in range(MOST_WRONG_KEYS):
        throttle.refused(f"2001:db8::{last:x}")

    throttle.check("2001:db8:0:1::1", KEY)
    with pytest.raises(Throttled):
        throttle.check("2001:db8::ffff:1", KEY)


def test_a_key_that_was_used_before_is_accepted(throttle):
    """A device with an old key does not lock out the others behind the same router, and no key is tried."""
    throttle.accepted(ADDRESS, KEY)
    throttle.refused(ADDRESS)

    throttle.check(ADDRESS, KEY)
    with pytest.raises(Throttled):
        throttle.check(ADDRESS, NEW_KEY)


def test_memory_is_bounded(throttle):
    """The clients that were counted least recently are forgotten."""
    for number in range(MOST_CLIENTS + 10):
        throttle.refused(f"10.0.{number >> 8}.{number & 255}")
        throttle.accepted(f"10.0.{number >> 8}.{number & 255}", KEY)

    assert len(throttle._windows) == len(throttle._known) == MOST_CLIENTS
