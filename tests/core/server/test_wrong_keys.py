"""Many wrong keys at a real server: their client is throttled, and no other client is disturbed."""

import pytest

from shopdb_core.access.keys import MOST_WRONG_KEYS

NEW_HOST = {"hostname": "PC-1", "osname": "Windows 11"}


@pytest.fixture
def server(make_site):
    """Return a server behind a trusted proxy, so that a test can have several addresses."""
    site = make_site(variables={"SHOPDB_TRUSTED_PROXIES": "127.0.0.1"})
    site.upgrade()
    return site.serve()


def test_wrong_keys_of_one_client_disturb_no_other(server):
    """It is answered 429, and a client whose key was never used before is served at once."""

    def post(key: str, address: str) -> int:
        headers = {"X-API-Key": key, "X-Forwarded-For": address}
        return client.post("/api/collector/computers", json=NEW_HOST, headers=headers).status_code

    with server.client() as client:
        statuses = [post("a-wrong-key", "203.0.113.9") for _ in range(MOST_WRONG_KEYS + 1)]
        right = post(server.key, "203.0.113.10")

    assert statuses == [*[401] * MOST_WRONG_KEYS, 429]
    assert right == 201
    assert "uncaptured" not in server.log.read_text()
