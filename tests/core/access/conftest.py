"""What the tests of sessions and links share: time that the test moves, and a site with one user."""

import pytest
from people import Clock, access_at, add_user


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still."""
    return Clock()


@pytest.fixture
def access(shop, clock):
    """Return the access of a site with one user."""
    add_user(shop, "ann", "editor")
    return access_at(shop, clock)
