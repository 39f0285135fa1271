"""Forged tokens (RFC 8725): each is the same 401."""

import base64
import hmac
import json
import time
from collections.abc import Callable

import pytest

OTHER_KEY = "another-secret-key-for-tests-0123456789-abc"
HOUR = 3600


def claims(**changes: object) -> dict[str, object]:
    """Return the claims of a valid token with changes; `None` leaves a claim out."""
    now = int(time.time())
    good = {
        "iss": "shopdb",
        "aud": "shopdb-api",
        "sub": "tester",
        "role": "admin",
        "iat": now,
        "exp": now + HOUR,
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def part(content: object) -> str:
    return unpadded(json.dumps(content).encode())


def unpadded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def signed(digest: str = "sha256", head: dict[str, object] | None = None, **changes: object):
    """Return what signs a token with a key: a good one, but for what is changed in its head and claims."""

    def sign(key: str) -> str:
        content = f"{part({'typ': 'at+jwt', 'alg': 'HS256', **(head or {})})}.{part(claims(**changes))}"
        return f"{content}.{unpadded(hmac.digest(key.encode(), content.encode(), digest))}"

    return sign


def unsigned(algorithm: str) -> Callable[[str], str]:
    """Return what makes a token without a signature."""
    head = {"typ": "at+jwt", "alg": algorithm}
    return lambda _: f"{part(head)}.{part(claims())}."


def with_other_claims(key: str) -> str:
    """Exchange the claims of a valid token, and keep its signature."""
    head, _, signature = signed(role="viewer")(key).split(".")
    return f"{head}.{part(claims())}.{signature}"


FORGED = {
    "none": unsigned("none"),
    "None": unsigned("None"),
    "HS256 without signature": unsigned("HS256"),
    "HS384": signed("sha384", {"alg": "HS384"}),
    "HS512": signed("sha512", {"alg": "HS512"}),
    "algorithm in small letters": signed(head={"alg": "hs256"}),
    "no exp": signed(exp=None),
    "no iat": signed(iat=None),
    "no sub": signed(sub=None),
    "no aud": signed(aud=None),
    "no iss": signed(iss=None),
    "no role": signed(role=None),
    "exp as string": signed(exp=str(int(time.time()) + HOUR)),
    "exp as float": signed(exp=time.time() + HOUR),
    "exp 1e30": signed(exp=1e30),
    "exp true": signed(exp=True),
    "exp past": signed(exp=int(time.time()) - HOUR),
    "iat in the future": signed(iat=int(time.time()) + HOUR),
    "nbf in the future": signed(nbf=int(time.time()) + HOUR),
    "sub empty": signed(sub=""),
    "sub as number": signed(sub=1),
    "another aud": signed(aud="elsewhere"),
    "another iss": signed(iss="elsewhere"),
    "unknown role": signed(role="root"),
    "role as list": signed(role=["admin"]),
    "another typ": signed(head={"typ": "JWT"}),
    "crit": signed(head={"crit": ["b64"], "b64": False}),
    "another key": lambda _: signed()(OTHER_KEY),
    "exchanged claims": with_other_claims,
    "two tokens": lambda key: f"{signed()(key)} {signed()(key)}",
    "two tokens with a comma": lambda key: f"{signed()(key)},{signed()(key)}",
    "garbage": lambda _: "garbage",
    "dots": lambda _: "..",
    "empty": lambda _: "",
    "not ASCII": lambda _: "\u00e4.\u00f6.\u00fc",
    "100 kB": lambda _: "x" * 100_000,
}


def test_valid_token(shop) -> None:
    """The token that the forged ones are made from is good."""
    token = signed()(shop.secret_key)

    answer = shop.client.simulate_get("/api/assets", headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 200


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_forged_token(shop, forge) -> None:
    """A forged token is a 401 that says how to authenticate, and not what was wrong."""
    token = forge(shop.secret_key)

    answer = shop.client.simulate_get("/api/assets", headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer ")
    assert answer.json["detail"].startswith("The bearer token is missing, wrong or expired")


@pytest.mark.parametrize("scheme", ["", "Basic ", "Bearer", "Token ", "JWT "])
def test_other_schemes(shop, scheme) -> None:
    """A good token under another scheme is a 401."""
    answer = shop.client.simulate_get(
        "/api/assets", headers={"Authorization": f"{scheme}{shop.token('admin')}"}
    )

    assert answer.status_code == 401


def test_every_reading_address_asks_for_a_token(shop) -> None:
    """Without a token every address but health is a 401, those that change something included."""
    addresses = [
        ("GET", "/api/assets"),
        ("POST", "/api/assets"),
        ("GET", "/api/assets/1"),
        ("GET", "/api/assets/1/history"),
        ("GET", "/api/assets/1/relationships"),
        ("POST", "/api/assets/1/relationships"),
        ("DELETE", "/api/assets/1/relationships/1"),
        ("GET", "/api/audit"),
        ("GET", "/api/duplicates"),
        ("GET", "/api/reports"),
        ("GET", "/api/reports/computers/software"),
        ("GET", "/api/collector/_schemas"),
        ("GET", "/api/collector/_schemas/computers"),
    ]

    statuses = {address: shop.client.simulate_request(*address).status_code for address in addresses}

    assert statuses == dict.fromkeys(addresses, 401)
    assert shop.client.simulate_get("/api/health").status_code == 200
