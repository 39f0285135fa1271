"""Large batches, and batches that are cut off."""

import gzip
import json
import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self

import httpx
import pytest

MIB = 1024 * 1024
BATCH = "/api/collector/computers/_batch"
HEADERS = {"Content-Type": "application/x-ndjson"}
LINES = 2_000

logger = logging.getLogger(__name__)


def resident_bytes(pid: int) -> int:
    pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


class Peak:
    """The most memory that a process has while the block runs, looked at every few milliseconds."""

    def __init__(self, pid: int) -> None:
        self._pid, self._enough = pid, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.bytes = 0

    def _watch(self) -> None:
        while not self._enough.wait(0.005):
            self.bytes = max(self.bytes, resident_bytes(self._pid))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()


def computers(build: int = 1) -> bytes:
    return b"".join(
        json.dumps({"hostname": f"pc-{number}", "osversion": str(build)}).encode() + b"\n"
        for number in range(LINES)
    )


def large_lines() -> Iterator[bytes]:
    """Yield 56 MB, in lines of 560 kB with 5,000 programs each: noops but for the first ones."""
    software = [{"name": f"Program {number}".ljust(80, "x"), "version": "1.0"} for number in range(5_000)]
    for number in range(100):
        yield json.dumps({"hostname": f"pc-{number % 4}", "installedsoftware": software}).encode() + b"\n"


@pytest.mark.alone
def test_memory_does_not_grow_with_the_batch(server) -> None:
    """A batch of 56 MB takes less than 40 MiB more than one of a tenth of it, plain or as gzip."""
    lines = list(large_lines())
    pid = server.process.pid
    with server.client() as client:

        def post(content: bytes, **headers: str) -> tuple[int, int]:
            with Peak(pid) as peak:
                answer = client.post(BATCH, content=content, headers={**HEADERS, **headers}, timeout=300)
            assert all(json.loads(line)["status"] == "ok" for line in answer.content.splitlines())
            return len(answer.content.splitlines()), peak.bytes

        count, small = post(b"".join(lines[:10]))
        assert count == 10
        for body, headers in (
            (b"".join(lines), {}),
            (gzip.compress(b"".join(lines), compresslevel=1), {"Content-Encoding": "gzip"}),
        ):
            count, large = post(body, **headers)
            logger.info("%d bytes sent: peak of %d after %d", len(body), large, small)
            assert count == len(lines)
            assert large < small + 40 * MIB


def test_a_batch_that_was_killed_is_sent_again(site, query, check_sound) -> None:
    """What was answered is stored; sent again it is a noop, and every asset is there once."""
    server = site.serve()
    acknowledged = []
    with (
        server.client() as client,
        suppress(httpx.TransportError),
        client.stream("POST", BATCH, content=computers(), headers=HEADERS) as answer,
    ):
        for line in whole_lines(answer.iter_bytes()):
            acknowledged.append(json.loads(line))
            server.kill()
    assert 0 < len(acknowledged) < LINES
    kept = query(site, "SELECT count(*) FROM asset")[0][0]
    assert kept >= len(acknowledged)

    with site.serve().client() as client:
        again = client.post(BATCH, content=computers(), headers=HEADERS)

    actions = [json.loads(line)["action"] for line in again.content.splitlines()]
    assert actions == ["noop"] * kept + ["created"] * (LINES - kept)
    check_sound(site)


def whole_lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines


def test_a_client_that_hangs_up_loses_nothing_that_was_stored(server, site, query, check_sound) -> None:
    """The server goes on serving, and the history is sound."""
    host, port = server.url.removeprefix("http://").split(":")
    content = computers()
    head = (
        f"POST {BATCH} HTTP/1.1\r\nHost: shopdb\r\nContent-Type: application/x-ndjson\r\n"
        f"X-API-Key: {server.key}\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(head.encode() + content)
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")

    assert server.submit("computers", {"hostname": "another"}).status_code == 201
    assert server.stop() == 0
    assert query(site, "SELECT count(*) FROM asset")[0][0] > 1
    check_sound(site)
