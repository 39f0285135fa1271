"""Fixtures of the benchmark of submissions: its folder, and a server that answers as a test asks for."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest


@pytest.fixture
def benchmarks() -> Path:
    """Return the folder of the benchmarks."""
    return Path(__file__).parents[3] / "benchmarks"


class Server(ThreadingHTTPServer):
    """Records the bodies of requests, and answers each with the next of `statuses`, the last one for good.

    Before each answer it waits for `delay` seconds.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.statuses = [200]
        self.chunked = False
        self.closes = False
        self.delay = 0.0
        self.bodies: list[bytes] = []
        self.connections: set[tuple[str, int]] = set()


class Handler(BaseHTTPRequestHandler):
    """Answers a request as the server was told to."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.connections.add(self.client_address)
        time.sleep(self.server.delay)
        statuses = self.server.statuses
        self.send_response(statuses.pop(0) if len(statuses) > 1 else statuses[0])
        if self.server.closes:
            self.send_header("Connection", "close")
        if self.server.chunked:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b'8\r\n"done",\n\r\n')
            self.wfile.write(b'6\r\n"done"\r\n0\r\n\r\n')
        else:
            self.send_header("Content-Length", "6")
            self.end_headers()
            self.wfile.write(b'"done"')

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def server():
    """Return a running server; every test may change how it answers."""
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()
