"""CORS: pages of the listed origins may use the API from a browser, and no others."""

import pytest
from falcon import testing
from shops import KEY, Shop

GOOD = "https://good.example"
OTHER = "http://other.example:8080"
ALLOWED = "Access-Control-Allow-Origin"


@pytest.fixture
def listed(make_shop) -> Shop:
    """Return a site that lists two origins."""
    return make_shop(cors_origins=(GOOD, OTHER))


def preflight(shop: Shop, path: str, method: str, origin: str = GOOD) -> testing.Result:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "x-evil",
    }
    return shop.client.simulate_options(path, headers=headers)


@pytest.mark.parametrize("origin", [GOOD, OTHER])
def test_a_listed_origin_is_named(listed: Shop, origin: str) -> None:
    """The page can read the answer and its headers; it never sends cookies."""
    answer = listed.client.simulate_get("/api/health", headers={"Origin": origin})

    assert answer.headers[ALLOWED] == origin
    assert answer.headers["Vary"] == "Origin"
    assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    [
        "https://good.example.evil",
        "https://evilgood.example",
        "https://GOOD.example",
        "https://good.example:443",
        "https://good.example:8443",
        "https://good.example/",
        "http://good.example",
        "http://other.example",
        "null",
        "*",
        "",
        f"{GOOD}, {OTHER}",
        f"{GOOD} {OTHER}",
    ],
)
def test_another_origin_is_not_named(listed: Shop, origin: str) -> None:
    """An origin is compared as a whole: suffix, case, scheme and port. A cache is told to tell them apart."""
    headers = {"Origin": origin, "X-API-Key": KEY}
    answers = [
        listed.client.simulate_get("/api/health", headers=headers),
        preflight(listed, "/api/health", "GET", origin),
    ]

    assert not any(name.startswith("access-control") for answer in answers for name in answer.headers)
    assert {answer.headers["Vary"] for answer in answers} == {"Origin"}


def test_a_refusal_can_be_read(listed: Shop) -> None:
    """Otherwise the page would not learn why."""
    answer = listed.client.simulate_get("/api/assets", headers={"Origin": GOOD})

    assert (answer.status_code, answer.headers[ALLOWED]) == (401, GOOD)


@pytest.mark.parametrize(
    ("path", "method", "methods", "header"),
    [
        ("/api/assets", "GET", {"GET", "POST"}, "Authorization"),
        ("/api/assets/1", "PATCH", {"GET", "PATCH", "DELETE"}, "If-Match"),
        ("/api/collector/computers", "POST", {"POST"}, "X-API-Key"),
        ("/api/collector/computers/_batch", "POST", {"POST"}, "X-API-Key"),
    ],
)
def test_a_preflight_has_the_methods_of_its_route(
    listed: Shop, path: str, method: str, methods: set[str], header: str
) -> None:
    """And the headers that its requests may have, whatever the browser asks for; no key is needed."""
    answer = preflight(listed, path, method)

    assert answer.status_code == 200
    assert set(answer.headers["Access-Control-Allow-Methods"].split(", ")) - {"HEAD", "OPTIONS"} == methods
    assert header in answer.headers["Access-Control-Allow-Headers"].split(", ")
    assert "x-evil" not in answer.headers["Access-Control-Allow-Headers"].lower()
    assert (header == "X-API-Key") == ("X-API-Key" in answer.headers["Access-Control-Allow-Headers"])


def test_other_paths_have_no_such_headers(listed: Shop) -> None:
    """Only the API is for other origins."""
    answer = listed.client.simulate_get("/nowhere", headers={"Origin": GOOD})

    assert not {ALLOWED.lower(), "vary"} & answer.headers.keys()
