"""Bodies that are too large or too deep are refused, with any headers, and nothing is stored."""

import gzip
import logging
import socket
import time
from collections.abc import Iterator

import httpx
import pytest

MIB = 1024 * 1024
AT_ONCE_SECONDS = 5.0
"""Generous: on an idle machine it takes a few milliseconds."""

BEGIN, END = b'{"hostname": "pc-1", "osname": "', b'"}'

logger = logging.getLogger(__name__)


@pytest.fixture
def post(server):
    """Return a function that posts a body as it is to the computers collector."""

    def send(content: bytes | Iterator[bytes], **headers: str) -> httpx.Response:
        with server.client() as client:
            headers = {"Content-Type": "application/json", **headers}
            return client.post("/api/collector/computers", content=content, headers=headers)

    return send


def of_size(size: int) -> bytes:
    return BEGIN + b"x" * (size - len(BEGIN) - len(END)) + END


def nested(depth: int) -> bytes:
    """Return an object with arrays in an unknown field, `depth` levels in all."""
    return b'{"hostname": "pc-1", "field": ' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


def test_largest_body_is_read(post, site, query) -> None:
    """A body of exactly 1 MiB is read, and judged by its content."""
    answer = post(of_size(MIB))

    assert answer.status_code == 422
    assert query(site, "SELECT count(*) FROM asset") == [(0,)]


def test_too_large_body(post, site, query) -> None:
    """A body of more than 1 MiB is a 413, whether its length is announced or it comes in chunks."""
    sizes = [MIB + 1, 3 * MIB]

    announced = [post(of_size(size)).status_code for size in sizes]
    chunked = [post(iter([of_size(size)])).status_code for size in sizes]

    assert announced == chunked == [413, 413]
    assert query(site, "SELECT count(*) FROM asset") == [(0,)]


def test_absurd_length_is_not_awaited(server) -> None:
    """A Content-Length of 10 GiB is answered with a 413 before any of the body is sent."""
    host, port = server.url.removeprefix("http://").split(":")
    head = (
        "POST /api/collector/computers HTTP/1.1\r\nHost: shopdb\r\nContent-Type: application/json\r\n"
        f"X-API-Key: {server.key}\r\nContent-Length: {10 * 1024 * MIB}\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(head.encode())

        answer = connection.recv(100)

    assert answer.startswith(b"HTTP/1.1 413 ")


def test_gzip_bomb(post, site, query) -> None:
    """A compressed body that would inflate to 100 MiB is a 413."""
    compressed = gzip.compress(of_size(100 * MIB), compresslevel=1)
    assert len(compressed) < MIB

    answer = post(compressed, **{"Content-Encoding": "gzip"})

    assert answer.status_code == 413
    assert query(site, "SELECT count(*) FROM asset") == [(0,)]


def test_compressed_body_is_read(post) -> None:
    """A compressed body within the limits is read like any other."""
    answer = post(gzip.compress(b'{"hostname": "pc-1"}'), **{"Content-Encoding": "gzip"})

    assert answer.status_code == 201


def test_deepest_body_is_read(post) -> None:
    """A body of twenty levels is read."""
    assert post(nested(20)).status_code == 201


@pytest.mark.alone
def test_too_deep_body(post, site, query) -> None:
    """A body of more than twenty levels is a 400, at once."""
    for depth in (21, 100_000):
        started = time.perf_counter()
        answer = post(nested(depth))
        seconds = time.perf_counter() - started

        logger.info("%d levels: %.3f s", depth, seconds)
        assert answer.status_code == 400
        assert seconds < AT_ONCE_SECONDS
    assert query(site, "SELECT count(*) FROM asset") == [(0,)]
