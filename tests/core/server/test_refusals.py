"""What waitress itself refuses is a problem document and a line in the log, like every other refusal."""

import http.client
import json
import re
import socket
import time

import pytest

PROBLEM = "application/problem+json"
HEAD = b"POST /api/collector/computers HTTP/1.1\r\nHost: shopdb\r\nX-Request-ID: r1\r\n"
UNREADABLE = {
    "a body that is too large": (413, HEAD + b"Content-Length: 99999999999\r\n\r\n", "r1"),
    "chunks that are not chunks": (400, HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", "r1"),
    "a length that is not a number": (400, HEAD + b"Content-Length: 1x\r\n\r\n", "r1"),
    "a transfer coding": (501, HEAD + b"Transfer-Encoding: gzip\r\n\r\n", None),
    "no header name": (400, HEAD + b": x\r\n\r\n", None),
    "a header that is too large": (431, HEAD + b"X-A: " + b"x" * 300_000, None),
    "another protocol": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 \r\n\r\n", None),
    "a method with escapes": (400, b"p\x1b[2Jut / HTTP/1.1\r\n\r\n", None),
}


def answer_to(server, request: bytes) -> http.client.HTTPResponse:
    """Send bytes as they are, and return the answer with its body in `text`."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(request)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        answer.text = answer.read().decode()
    return answer


def logged(server, requestid: str) -> str:
    """Return the one line of the log that has a request's id."""
    deadline = time.monotonic() + 30
    while not (lines := [line for line in server.log.read_text().splitlines() if f" {requestid} " in line]):
        assert time.monotonic() < deadline, server.log.read_text()
        time.sleep(0.05)
    (line,) = lines
    return line


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_waitress_refuses_is_answered_and_logged_like_the_rest(server, name):
    """A problem document with the id of a line in the log, which has the client's address and is bounded."""
    status, request, requestid = UNREADABLE[name]
    # Without a valid key the answer would be 401, before the body is looked at.
    key = b"Host: shopdb\r\nContent-Type: application/json\r\nX-API-Key: %b\r\n" % server.key.encode()

    answer = answer_to(server, request.replace(b"Host: shopdb\r\n", key))

    problem = json.loads(answer.text)
    assert (answer.status, answer.headers["Content-Type"]) == (status, PROBLEM)
    assert problem.keys() == {"type", "title", "status", "detail", "requestid"}
    assert problem["status"] == status
    assert len(problem["detail"]) < 200
    assert answer.headers["X-Request-ID"] == problem["requestid"]
    assert requestid in (None, problem["requestid"])
    assert (answer.headers["Cache-Control"], answer.headers["Connection"]) == ("no-store", "close")
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    line = logged(server, problem["requestid"])
    assert re.search(rf" INFO shopdb_core\.access \S+ \S+ {status} [0-9.]+ms 127\.0\.0\.1 ", line)
    assert len(line) < 500
    assert line.isprintable()


def test_the_address_behind_a_proxy_is_logged(make_site):
    """A trusted proxy's header counts for a body that is refused, too."""
    site = make_site(variables={"SHOPDB_TRUSTED_PROXIES": "127.0.0.1"})
    site.upgrade()
    server = site.serve()
    head = HEAD + b"X-Forwarded-For: 203.0.113.9\r\nContent-Length: 99999999999\r\n\r\n"

    answer_to(server, head)

    assert " 203.0.113.9 r1 - unauthorized" in logged(server, "r1")
