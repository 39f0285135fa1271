"""Collector keys: one answer for every wrong one, given before the body is read."""

import io
import socket

import pytest

COMPUTERS_KEY = "a-computers-key-for-tests-0123456789-abc"
PRINTERS_KEY = "a-printers-key-for-tests-0123456789-abcd"
NEXT_KEY = "the-next-key-for-tests-0123456789-abcdef"

JSON_OF_20_BYTES = {"Content-Type": "application/json", "Content-Length": "20"}


class Unreadable(io.RawIOBase):
    """A body that must not be read."""

    def readinto(self, _buffer: object) -> int:
        """Fail."""
        raise AssertionError("the body was read")


@pytest.fixture
def keyed(make_shop):
    """Return a site where each collector has a key of its own, and printers may be half-way in a rotation."""
    return make_shop(
        shared_keys=(),
        collector_keys={"computers": (COMPUTERS_KEY,), "printers": (PRINTERS_KEY, NEXT_KEY)},
    )


def bad_keys(shop) -> dict[str, str]:
    return {
        "empty": "",
        "wrong": "x" * 40,
        "too short": COMPUTERS_KEY[:-1],
        "too long": f"{COMPUTERS_KEY}x",
        "upper case": COMPUTERS_KEY.upper(),
        "of another plugin": PRINTERS_KEY,
        "two keys": f"{PRINTERS_KEY},{COMPUTERS_KEY}",
        "twice": f"{COMPUTERS_KEY},{COMPUTERS_KEY}",
        "10 kB": "x" * 10_000,
        "not ASCII": "\u00e4" * 40,
        "token": shop.token("admin"),
        "bearer": f"Bearer {COMPUTERS_KEY}",
    }


def test_wrong_keys(keyed) -> None:
    """Every wrong key is the same 401, whose body is not read and which leaves no row."""
    presented = {name: {"X-API-Key": key} for name, key in bad_keys(keyed).items()}

    answers = {
        name: keyed.client.simulate_post(
            "/api/collector/computers",
            headers={**JSON_OF_20_BYTES, **headers},
            extras={"wsgi.input": Unreadable()},
        )
        for name, headers in {"missing": {}, **presented}.items()
    }

    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(answers, 401)
    assert len({answer.json["detail"] for answer in answers.values()}) == 1
    assert all("www-authenticate" in answer.headers for answer in answers.values())
    assert keyed.counts()["asset"] == keyed.counts()["auditentry"] == 0


def test_own_keys(keyed) -> None:
    """A collector opens to its own key, and during a rotation to both of its two."""
    answers = [
        keyed.submit("computers", {"hostname": "pc-1"}, X_API_Key=COMPUTERS_KEY),
        keyed.submit("printers", {"serialnumber": "1"}, X_API_Key=PRINTERS_KEY),
        keyed.submit("printers", {"serialnumber": "2"}, X_API_Key=NEXT_KEY),
    ]

    assert [answer.status_code for answer in answers] == [201, 201, 201]


def test_removed_key_is_dead(make_shop) -> None:
    """After a rotation the old key opens nothing."""
    shop = make_shop(shared_keys=(NEXT_KEY,))

    assert shop.submit("computers", {"hostname": "pc-1"}, X_API_Key=COMPUTERS_KEY).status_code == 401
    assert shop.submit("computers", {"hostname": "pc-1"}, X_API_Key=NEXT_KEY).status_code == 201


def test_collector_without_a_key_is_closed(make_shop) -> None:
    """A collector without a key, its own or a shared one, refuses every request."""
    shop = make_shop(shared_keys=(), collector_keys={"printers": (PRINTERS_KEY,)})

    answers = [shop.submit("computers", {"hostname": "pc-1"}, X_API_Key=key) for key in ("", PRINTERS_KEY)]

    assert [answer.status_code for answer in answers] == [401, 401]
    assert shop.attributes() == {}


def test_own_key_closes_the_collector_to_the_shared_one(make_shop) -> None:
    """Where a collector has a key of its own, the shared key does not open it."""
    shop = make_shop(collector_keys={"computers": (COMPUTERS_KEY,)})

    assert shop.submit("computers", {"hostname": "pc-1"}).status_code == 401
    assert shop.submit("printers", {"serialnumber": "1"}).status_code == 201


def test_key_opens_no_reading(shop) -> None:
    """A collector key is not a token, in any header."""
    answers = [
        shop.client.simulate_get("/api/assets", headers=headers)
        for headers in (
            {"X-API-Key": shop.key},
            {"Authorization": f"Bearer {shop.key}"},
            {"Authorization": shop.key},
        )
    ]

    assert {answer.status_code for answer in answers} == {401}


def raw_answer(server, *key_lines: bytes) -> bytes:
    """Post a valid submission with header lines as they are, and return the status line."""
    host, port = server.url.removeprefix("http://").split(":")
    content = b'{"hostname": "pc-1"}'
    lines = [
        b"POST /api/collector/computers HTTP/1.1",
        b"Host: shopdb",
        b"Content-Type: application/json",
        b"Content-Length: %d" % len(content),
        b"Connection: close",
        *key_lines,
    ]
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(b"\r\n".join([*lines, b"", content]))
        return connection.makefile("rb").readline().strip()


def test_keys_on_the_wire(server) -> None:
    """Bytes that no client library would send are refused like any other wrong key."""
    key = server.key.encode()
    wrong = {
        "missing": (),
        "empty": (b"X-API-Key:",),
        "Latin-1": (b"X-API-Key: " + "\u00e4".encode("iso-8859-1") * 40,),
        "UTF-8": (b"X-API-Key: " + "\u00e4".encode() * 40,),
        "10 kB": (b"X-API-Key: " + b"x" * 10_000,),
        "twice": (b"X-API-Key: " + key, b"X-API-Key: " + key),
        "wrong, then right": (b"X-API-Key: x", b"X-API-Key: " + key),
        "with an underscore": (b"X_API_Key: " + key,),
    }

    answers = {name: raw_answer(server, *lines) for name, lines in wrong.items()}

    assert answers == dict.fromkeys(wrong, b"HTTP/1.1 401 Unauthorized")
    assert raw_answer(server, b"x-api-key:" + key) == b"HTTP/1.1 201 Created"
