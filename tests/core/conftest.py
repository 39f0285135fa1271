"""What the tests of the core share: a site inside the test's own process, and time that passes in it."""

from collections.abc import Callable

import pytest
from ageing import let_time_pass
from shops import make_shop, shop

__all__ = ["make_shop", "shop"]  # fixtures for every test of the core


@pytest.fixture
def age() -> Callable[[str, str, int], None]:
    """Return a function that lets days pass in a database without checkpoints."""
    return let_time_pass
