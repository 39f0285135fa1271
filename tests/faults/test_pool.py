"""Fewer connections to the database than threads: requests wait for one another, and all are answered."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

CLIENTS = 16
EACH = 20


@pytest.mark.every_server
def test_pool_smaller_than_threads(make_site, check_sound) -> None:
    """Eight threads that share two connections answer sixteen clients without an error."""
    site = make_site(variables={"SHOPDB_POOL_SIZE": "2", "SHOPDB_THREADS": "8"})
    site.upgrade()
    server = site.serve()

    def submit(client: int) -> Counter[int]:
        statuses: Counter[int] = Counter()
        with server.client() as http:
            for number in range(EACH):
                submission = {"hostname": f"pc-{client % 4}", "osversion": f"{client}.{number}"}
                statuses[http.post("/api/collector/computers", json=submission).status_code] += 1
        return statuses

    with ThreadPoolExecutor(CLIENTS) as pool:
        statuses = sum(pool.map(submit, range(CLIENTS)), Counter())

    assert statuses == {201: 4, 200: CLIENTS * EACH - 4}
    check_sound(site)
