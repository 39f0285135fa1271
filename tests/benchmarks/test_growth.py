"""A list takes no more work on a large site than on a small one, whatever its filters are.

Work is the number of instructions of SQLite's virtual machine, which is the same in every run.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest
from growth import READS, FilledSite
from harness.stock import Stock
from shops import Shop

from shopdb_core.feed import reading
from shopdb_core.site import Site
from shopdb_core.store import Connection, Store

T = TypeVar("T")

SMALL, LARGE = 1_100, 5_500
ENTRIES = 3
EACH = 10
"""How many instructions are counted at once."""

NOT_YET = "reports"
WIDE = ("PC-&", "{last_names}", "q=")
"""A prefix that many assets share reads up to 20,000 of them, a search each block of 4,096 assets."""

LISTS = [path for path in READS if NOT_YET not in path and not any(wide in path for wide in WIDE)]


class CountingStore:
    """Counts the instructions of what is read in another store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.instructions = 0

    def read(self, work: Callable[[Connection], T]) -> T:
        """Read, and count."""

        def count() -> None:
            self.instructions += EACH

        def counted(connection: Connection) -> T:
            driver = connection.connection.driver_connection
            driver.set_progress_handler(count, EACH)
            try:
                return work(connection)
            finally:
                driver.set_progress_handler(None, 0)

        return self._store.read(counted)


@pytest.fixture
def instructions(make_shop: Callable[..., Shop]) -> Callable[[int], Callable[[str], int]]:
    """Return a function that fills a site and gives the one that counts the instructions of a list."""

    def filled(assets: int) -> Callable[[str], int]:
        shop = make_shop()
        now = datetime.now(UTC)
        times = [now - timedelta(days=1, minutes=-turn) for turn in range(ENTRIES)]
        Stock(shop.chain, assets, times, programs=1).fill(shop.settings.database_url)
        store = CountingStore(shop.store)
        site = FilledSite(assets, 1, Site(shop.settings, shop.plugins, store))

        def count(template: str) -> int:
            store.instructions = 0
            assert site.client.simulate_get(site.path(template)).status_code == 200
            return store.instructions

        return count

    return filled


def test_a_list_reads_no_more_of_a_large_site(instructions, monkeypatch):
    """Five times the assets and entries, and the same work."""
    monkeypatch.setattr(reading, "WINDOW", 1000)  # less than the small site has
    small, large = instructions(SMALL), instructions(LARGE)

    grown = {path: (small(path), large(path)) for path in LISTS}

    assert {path: counts for path, counts in grown.items() if counts[1] > 1.5 * counts[0]} == {}
