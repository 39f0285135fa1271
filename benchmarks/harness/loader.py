"""The clients: connections that a loader process keeps busy, each with one request at a time."""

import math
import re
import selectors
import socket
import time
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from harness.payloads import Action, Template, all_gaps

_CONTENT_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_CLOSES = b"\r\nconnection: close"
_LAST_CHUNK = b"\r\n0\r\n\r\n"
_SEND_BUFFER_BYTES = 1_048_576


@dataclass(frozen=True, slots=True)
class Load:
    """What one loader process sends: for `seconds`, or `requests` requests, whichever ends first.

    Each request holds `lines` submissions, more than one as a batch; its answer contains `expected` as often.
    """

    address: tuple[str, int]
    template: Template
    action: Action
    first_host: int
    connections: int
    expected: bytes
    lines: int = 1
    skip: int = 0
    requests: int | None = None
    seconds: float = math.inf


@dataclass(frozen=True, slots=True)
class Driven:
    """What one loader process saw: latencies and its own CPU time in seconds, on the system's clock."""

    started: float
    ended: float
    cpu: float
    latencies: "array[float]"


class Connection:
    """One client: waits for each answer before it sends again, and connects anew where the server closed."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self.sent = 0.0
        self._received = b""
        self._closes = False
        self._connect()

    def _connect(self) -> None:
        self.socket = socket.create_connection(self._address, timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # A whole request fits, so that no client waits while another one sends.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)

    def send(self, request: bytes) -> None:
        """Send a request, and start its clock."""
        self.sent = time.monotonic()
        if self._closes:
            self.socket.close()
            self._connect()
        self._received = b""
        self.socket.sendall(request)

    def receive(self) -> bytes | None:
        """Take what has arrived; return the answer once it is whole."""
        chunk = self.socket.recv(65_536)
        if not chunk:
            raise ConnectionError("The server closed a connection; its log says why.")
        self._received += chunk
        head, blank, body = self._received.partition(b"\r\n\r\n")
        length = _CONTENT_LENGTH.search(head + b"\r\n")
        whole = len(body) >= int(length[1]) if length else body.endswith(_LAST_CHUNK)
        self._closes = _CLOSES in head.lower()
        return self._received if blank and whole else None


def drive(load: Load) -> Driven:
    """Keep all connections busy; raises `RuntimeError` for an answer that is not as expected."""
    gaps = islice(all_gaps(load.action, load.first_host), load.skip, None)
    requests = islice(load.template.requests(gaps, load.lines), load.requests)
    connections = [Connection(load.address) for _ in range(load.connections)]
    latencies: array[float] = array("d")
    started, cpu = time.monotonic(), time.process_time()
    deadline = started + load.seconds
    with selectors.DefaultSelector() as waiting:
        for connection, request in zip(connections, requests, strict=False):
            waiting.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send(request)
        while waiting.get_map():
            for connection, answer in _answers(waiting):
                now = time.monotonic()
                latencies.append(now - connection.sent)
                _check(answer, load.expected, load.lines)
                waiting.unregister(connection.socket)
                if now < deadline and (following := next(requests, None)):
                    connection.send(following)
                    waiting.register(connection.socket, selectors.EVENT_READ, connection)
                else:
                    connection.socket.close()
    return Driven(started, time.monotonic(), time.process_time() - cpu, latencies)


def _answers(waiting: selectors.BaseSelector) -> Iterator[tuple[Connection, bytes]]:
    """Wait until something arrives, and yield the answers that are whole then."""
    for key, _ in waiting.select():
        connection: Connection = key.data
        if answer := connection.receive():
            yield connection, answer


def _check(answer: bytes, expected: bytes, times: int) -> None:
    if answer.count(expected) != times:
        status, _, rest = answer.partition(b"\r\n")
        problem = rest.partition(b"\r\n\r\n")[2][:300]
        raise RuntimeError(f"Expected {expected!r}, and the server answered {status!r}: {problem!r}")
