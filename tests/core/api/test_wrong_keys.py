"""Wrong keys over HTTP: 401, then 429; each is a line in the log, without the key."""

import pytest

from shopdb_core.access.keys import MOST_WRONG_KEYS

WRONG = "a-wrong-collector-key-canary-0123456789"
NEW_HOST = {"hostname": "PC-1"}
ADDRESS = "203.0.113.9"


@pytest.fixture
def post(shop):
    """Return a function that posts to a collector from an address, with a key."""

    def send(key: str | None, address: str = ADDRESS, plugin: str = "computers"):
        headers = {"X-API-Key": key} if key is not None else {}
        return shop.client.simulate_post(
            f"/api/collector/{plugin}", json=NEW_HOST, headers=headers, extras={"REMOTE_ADDR": address}
        )

    return send


@pytest.fixture
def key(shop) -> str:
    """Return the valid key."""
    return shop.settings.shared_keys[0]


@pytest.fixture
def throttled(post):
    """Present as many wrong keys as are allowed, to a collector that exists and to one that does not."""
    for number in range(MOST_WRONG_KEYS):
        answer = post(f"{WRONG}{number}", plugin="computers" if number % 2 else "nosuch")
        assert answer.status_code == 401


@pytest.mark.usefixtures("throttled")
def test_many_wrong_keys_from_one_address_are_throttled(post, key, shop):
    """429 says when to try again; a right key that this address has not used before waits, too."""
    answers = [post(WRONG), post(key), post(WRONG, plugin="nosuch")]

    assert [answer.status_code for answer in answers] == [429] * 3
    for answer in answers:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json["type"] == "urn:shopdb:problem:throttled"
        assert 0 < int(answer.headers["retry-after"]) <= 60
    assert shop.count("asset") == 0


@pytest.mark.usefixtures("throttled")
def test_other_addresses_are_served(post, key):
    """The throttle is for one address."""
    assert post(key, "203.0.113.10").status_code == 201


def test_an_address_that_is_known_is_served(post, key):
    """The key that worked before the wrong ones still works."""
    statuses = [post(key).status_code]
    statuses += [post(WRONG).status_code for _ in range(MOST_WRONG_KEYS + 1)]
    statuses.append(post(key).status_code)

    assert statuses == [201, *[401] * MOST_WRONG_KEYS, 429, 200]


def test_a_missing_key_is_not_counted(post):
    """Without a key nothing is tried: the answer stays the same."""
    statuses = {post(key).status_code for key in (None, "") for _ in range(MOST_WRONG_KEYS)}

    assert statuses == {401}
    assert post(WRONG).status_code == 401


def test_each_failure_is_a_line_of_its_own(shop, post, caplog):
    """It says what was wrong, where and from which address, and never the credential."""
    caplog.set_level("INFO")
    post(None)
    answers = [post(WRONG) for _ in range(MOST_WRONG_KEYS + 1)]
    shop.client.simulate_get("/api/assets", headers={"Authorization": f"Bearer {WRONG}"})

    lines = [
        (record.levelname, record.getMessage())
        for record in caplog.records
        if record.name == "shopdb_core.authentication"
    ]

    place = f"X-API-Key POST /api/collector/computers {ADDRESS}"
    assert len(lines) == MOST_WRONG_KEYS + 3
    assert {level for level, _ in lines} == {"WARNING"}
    assert lines[0][1].startswith(f"missing {place} ")
    assert lines[1][1] == f"wrong {place} {answers[0].headers['x-request-id']}"
    assert lines[-2][1].startswith(f"throttled {place} ")
    assert lines[-1][1].startswith("wrong Authorization GET /api/assets - ")
    assert WRONG not in caplog.text


def test_other_refusals_are_not_authentication_failures(shop, caplog):
    """A lesser role, an unknown address and a refused submission have their line as any other request."""
    shop.client.simulate_post("/api/assets", json={}, headers=shop.bearer("viewer"))
    shop.client.simulate_get("/api/nowhere")
    shop.post("computers", {"hostname": 7})

    assert "shopdb_core.authentication" not in {record.name for record in caplog.records}
