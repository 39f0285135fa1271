"""A fleet of computers on a site in this process."""

from typing import Any

import pytest
from fleet import Fleet


@pytest.fixture
def fleet(shop: Any) -> Fleet:
    """Return an empty site with the installed plugins."""
    return Fleet(shop)
