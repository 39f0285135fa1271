"""What clients without a key, slow clients and too many clients can hold of a server."""

import http.client
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

MIB = 1024 * 1024
PATH = "/api/collector/computers"
BATCH = f"{PATH}/_batch"
WRONG = "a-wrong-key-0123456789-0123456789-0123456789"
DESCRIPTORS = 300
CONNECTIONS = 100
"""Those that a server allows itself with so many descriptors."""

SERVE_IMPATIENTLY = """
from shopdb_core.cli import main
from shopdb_core.server import connections
connections.REQUEST_SECONDS = 1
main()
"""


def connect(url: str) -> socket.socket:
    host, port = url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=20)


def head(path: str, key: str, *lines: str, media: str = "application/json") -> bytes:
    first = [f"POST {path} HTTP/1.1", "Host: shopdb", f"X-API-Key: {key}", f"Content-Type: {media}"]
    return "\r\n".join([*first, *lines, "", ""]).encode()


def everything(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65_536), b""))


def problem_answer(connection: socket.socket) -> http.client.HTTPResponse:
    """Return the answer to a client that has sent nothing, with the parsed body as `document`."""
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    answer.document = json.loads(answer.read())
    return answer


def temporary_bytes(pid: int, directory: Path) -> int:
    """Return the size of a process's temporary files, which have no name."""
    links = [link for link in Path(f"/proc/{pid}/fd").iterdir() if str(directory) in str(link.readlink())]
    return sum(link.stat().st_size for link in links)


def send_what_is_taken(connection: socket.socket, size: int) -> None:
    """Send a body until it is sent or the server closes the connection."""
    try:
        for _ in range(size // 65_536):
            connection.sendall(b" " * 65_536)
    except OSError:
        pass


@contextmanager
def many(url: str, count: int) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        yield [stack.enter_context(connect(url)) for _ in range(count)]


@pytest.mark.parametrize("framing", [f"Content-Length: {50 * MIB}", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("path", [PATH, BATCH, "/api/assets", "/nowhere"])
def test_no_body_is_kept_without_a_key(temporary, path, framing) -> None:
    """Six unfinished bodies of 50 MB are answered by their headers, and not kept anywhere."""
    server, directory = temporary
    with many(server.url, 6) as connections:
        for connection in connections:
            connection.sendall(head(path, WRONG, framing) + b"2000000\r\n")
            send_what_is_taken(connection, 2 * MIB)
        assert temporary_bytes(server.process.pid, directory) == 0
        answers = [everything(connection) for connection in connections]

    status = b"404" if path == "/nowhere" else b"401"
    assert {answer[:12] for answer in answers} == {b"HTTP/1.1 " + status}
    assert all(
        answer.count(b"HTTP/1.1 ") == 1 and b"application/problem+json" in answer for answer in answers
    )


def test_a_refused_body_is_not_asked_for(server) -> None:
    """`Expect: 100-continue` with a wrong key, or with too large a body, gets the final answer at once."""
    for key, expected in ((WRONG, b"401"), (server.key, b"413")):
        with connect(server.url) as connection:
            connection.sendall(head(PATH, key, f"Content-Length: {2 * MIB}", "Expect: 100-continue"))

            assert everything(connection).startswith(b"HTTP/1.1 " + expected)

    with connect(server.url) as connection:
        body = b'{"hostname": "pc-1", "osname": "Debian"}'
        connection.sendall(head(PATH, server.key, f"Content-Length: {len(body)}", "Expect: 100-continue"))
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(body)
        assert connection.recv(100).startswith(b"HTTP/1.1 201 ")


@pytest.mark.parametrize("size", [1000, 2 * MIB])
def test_a_client_that_sends_its_whole_body_reads_the_answer(server, size) -> None:
    """The connection is not reset under the answer, and a request within the body is not taken for one."""
    smuggled = b"GET /api/health HTTP/1.1\r\nHost: shopdb\r\n\r\n"
    with connect(server.url) as connection:
        connection.sendall(head(PATH, WRONG, f"Content-Length: {size}"))
        connection.sendall(smuggled + b" " * (size - len(smuggled)))

        answer = everything(connection)

    assert answer.startswith(b"HTTP/1.1 401 ")
    assert answer.count(b"HTTP/1.1 ") == 1


def test_one_submission_is_kept_up_to_its_limit(temporary) -> None:
    """With the key, chunks beyond 1 MiB are a 413 although the body has no end."""
    server, directory = temporary
    with connect(server.url) as connection:
        connection.sendall(head(PATH, server.key, "Transfer-Encoding: chunked") + b"2000000\r\n")
        send_what_is_taken(connection, 3 * MIB)
        assert temporary_bytes(server.process.pid, directory) < 2 * MIB

        assert everything(connection).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_a_batch_may_be_larger(server, framing) -> None:
    """With the key, a batch of several MiB is read, with or without a length."""
    lines = [json.dumps({"hostname": f"pc-{number}"}).encode() + b" " * (MIB // 2) for number in range(9)]
    body = b"\n".join(lines)
    content = body if framing == "length" else iter([body])
    with server.client() as client:
        answer = client.post(BATCH, content=content, headers={"Content-Type": "application/x-ndjson"})

    assert answer.status_code == 200
    assert len(answer.content.splitlines()) == len(lines)


def test_chunks_without_content_are_refused(server) -> None:
    """A chunk whose size never ends is a 413, although it has no content to count."""
    with connect(server.url) as connection:
        connection.sendall(head(PATH, server.key, "Transfer-Encoding: chunked"))
        send_what_is_taken(connection, 8 * MIB)

        assert everything(connection).startswith(b"HTTP/1.1 413 ")


def test_a_token_admits_a_body(server, site) -> None:
    """An asset that is entered by hand may be as large as a submission."""
    asset = {"assettype": "racks", "identityvalue": "R-1", "attributes": {"note": "x" * 900_000}}
    headers = {"Authorization": f"Bearer {site.token('editor')}"}

    answer = httpx.post(f"{server.url}/api/assets", json=asset, headers=headers, timeout=30, trust_env=False)

    assert answer.status_code == 201


@pytest.mark.parametrize("target", ["http://[", "/"])
def test_a_head_that_cannot_be_read_is_refused(server, target) -> None:
    """An address that cannot be split, and a length of thousands of digits, are a 400."""
    with connect(server.url) as connection:
        connection.sendall(f"POST {target} HTTP/1.1\r\nContent-Length: {'9' * 5_000}\r\n\r\n".encode())

        assert everything(connection).startswith(b"HTTP/1.1 400 ")


@pytest.mark.alone
def test_an_unfinished_request_has_a_time_limit(site) -> None:
    """A client that sends a byte now and then, of the head or of a body, is cut off; others are served."""
    log = site.directory / "server.log"
    with log.open("w") as stderr, subprocess.Popen(
        [sys.executable, "-c", SERVE_IMPATIENTLY, "serve"],
        cwd=site.directory, env=site.environ, stdout=subprocess.PIPE, stderr=stderr, text=True,
    ) as process:  # fmt: skip
        url = process.stdout.readline().split()[-1]
        key = site.variables["COLLECTOR_API_KEY"]
        for begun in (b"POST ", head(PATH, key, "Content-Length: 1000")):
            with connect(url) as connection:
                connection.sendall(begun)
                assert seconds_until_closed(connection) < 15
        assert httpx.get(f"{url}/api/health", timeout=30, trust_env=False).status_code == 200
        process.terminate()
        assert process.wait(20) == 0
    assert log.read_text().count("closed a connection whose request had not arrived") == 2


def seconds_until_closed(connection: socket.socket) -> float:
    """Send a byte now and then until the server closes the connection; return how long it took."""
    started = time.monotonic()
    try:
        while time.monotonic() - started < 20:
            connection.sendall(b"x")
            time.sleep(0.1)
    except OSError:
        pass
    return time.monotonic() - started


@pytest.mark.alone
def test_too_many_connections_are_refused_at_once(site) -> None:
    """Beyond the limit a new client gets a 503 without a wait; later it is served.

    The answer is a problem document like others, and its id is in the one line of the log.
    """
    answers = []
    server = site.serve("prlimit", f"--nofile={DESCRIPTORS}:{DESCRIPTORS}")
    with many(server.url, CONNECTIONS):
        for _ in range(3):
            started = time.monotonic()
            with connect(server.url) as refused:
                answers.append(problem_answer(refused))
            assert time.monotonic() - started < 5

    deadline = time.monotonic() + 60
    while not server.is_well():
        assert time.monotonic() < deadline
    for answer in answers:
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert (answer.headers["Cache-Control"], answer.headers["Connection"]) == ("no-store", "close")
        assert answer.document == {
            "type": "urn:shopdb:problem:unavailable",
            "title": "Unavailable",
            "status": 503,
            "detail": "The server has too many connections. Nothing was stored. Try again later.",
            "requestid": answer.headers["X-Request-ID"],
        }
    (line,) = [line for line in server.log.read_text().splitlines() if "refusing clients" in line]
    assert {answer.document["requestid"] for answer in answers} == {line.split()[-1]}
    assert server.stop() == 0
