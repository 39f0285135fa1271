"""The headers of every answer that are for browsers."""

from ipaddress import ip_network
from typing import ClassVar

import falcon
import pytest
from falcon import testing
from shops import Shop

from shopdb_core.app import create_app

DEFAULTS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
HSTS = "Strict-Transport-Security"
BY_TLS = {"X-Forwarded-Proto": "https"}


class Page:
    """A page that has scripts of its own."""

    roles: ClassVar = {"GET": "open"}

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        resp.set_header("Content-Security-Policy", "default-src 'self'")
        resp.set_header("Cache-Control", "private")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/health"),
        ("GET", "/api/assets"),
        ("POST", "/api/collector/computers"),
        ("DELETE", "/api/health"),
        ("OPTIONS", "/api/health"),
        ("GET", "/nowhere"),
    ],
)
def test_every_answer_has_them(shop: Shop, method: str, path: str) -> None:
    """Answers and refusals, also of addresses that do not exist; without TLS there is no HSTS."""
    answer = shop.client.simulate_request(method, path)

    assert {name: answer.headers.get(name) for name in DEFAULTS} == DEFAULTS
    assert HSTS not in answer.headers
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Vary" not in answer.headers


def test_a_resource_replaces_them(shop: Shop) -> None:
    """The others stay."""
    app = create_app(shop)
    app.add_route("/page", Page())

    answer = testing.TestClient(app).simulate_get("/page")

    changed = {"Content-Security-Policy": "default-src 'self'", "Cache-Control": "private"}
    assert {name: answer.headers.get(name) for name in DEFAULTS} == DEFAULTS | changed


@pytest.mark.parametrize(
    ("peer", "headers", "protocol", "expected"),
    [
        ("10.0.0.1", BY_TLS, "http", True),
        ("::ffff:10.0.0.1", BY_TLS, "http", True),
        ("10.0.0.1", {"X-Forwarded-Proto": "http"}, "http", False),
        ("10.0.0.1", {}, "http", False),
        ("10.0.0.2", BY_TLS, "http", False),
        ("10.0.0.2", {}, "https", True),
    ],
    ids=["proxy", "mapped", "plain", "silent", "stranger", "direct"],
)
def test_hsts_is_for_answers_by_tls(
    make_shop, peer: str, headers: dict[str, str], protocol: str, *, expected: bool
) -> None:
    """The header of a trusted proxy counts, and TLS to the server itself."""
    shop = make_shop(trusted_proxies=(ip_network("10.0.0.1"),))

    answer = shop.client.simulate_get("/api/health", headers=headers, remote_addr=peer, protocol=protocol)

    assert (HSTS in answer.headers) == expected
