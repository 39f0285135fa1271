"""A receiver of webhooks: a real HTTP server, in a thread of the test or, as a program, in its own process.

As a program it gets a file and a port, appends a line to the file for each message, and then accepts it.
"""

import base64
import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from standardwebhooks import Webhook

SECRET = "whsec_" + base64.b64encode(b"a-secret-of-a-webhook-for-tests!").decode()
OTHER_SECRET = "whsec_" + base64.b64encode(b"another-secret-of-a-webhook-here").decode()

Answer = Callable[[BaseHTTPRequestHandler], None]


def answer_with(status: int, **headers: str) -> Answer:
    """Return a way to answer with a status and headers, without a body."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


@dataclass
class Receiver:
    """Verifies and keeps what it gets, and answers as the test says."""

    answer: Answer = field(default_factory=lambda: answer_with(204))
    messages: list[dict[str, Any]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        """The address to send to."""
        return f"http://127.0.0.1:{self.port}/hook"

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        """Keep a message, whose signature must be right, and answer it."""
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        self.messages.append(Webhook(SECRET).verify(body, headers))
        self.ids.append(headers["webhook-id"])
        self.answer(handler)

    @property
    def names(self) -> list[str]:
        """The identities of the messages, in their order."""
        return [message["data"]["identityvalue"] for message in self.messages]


@contextmanager
def receiving(receiver: Receiver) -> Iterator[Receiver]:
    """Run a receiver; its port stays the same if it runs again."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            receiver.take(self)

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", receiver.port), Handler) as server:
        server.daemon_threads = True
        server.handle_error = lambda *_arguments: None  # the sender may break off
        receiver.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()


def main(file: str, port: str) -> None:
    """Write each message to the disk before it is accepted."""

    def keep(handler: BaseHTTPRequestHandler) -> None:
        data = receiver.messages.pop()["data"]
        with Path(file).open("a") as kept:
            kept.write(json.dumps([receiver.ids.pop(), data["assetid"], data["auditid"]]) + "\n")
        answer_with(204)(handler)

    receiver = Receiver(keep, port=int(port))
    with receiving(receiver):
        threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
