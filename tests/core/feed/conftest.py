"""What the tests of the feed share: short ways to fill and to read it."""

from collections.abc import Callable

import pytest
from feedreader import Reader
from shops import Shop


@pytest.fixture
def reader(shop: Shop) -> Reader:
    """Return a reader at the beginning of the feed."""
    return Reader(shop)


@pytest.fixture
def submit(shop: Shop) -> Callable[..., None]:
    """Return a function that submits computers, one for each name, as many times as is asked."""

    def submit_all(*names: str, times: int = 1, **fields: object) -> None:
        for _ in range(times):
            for name in names:
                shop.submit("computers", {"hostname": name, **fields})

    return submit_all
