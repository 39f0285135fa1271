"""The connections of waitress: how many there may be, and how much of a request is kept before admission.

The extension points are waitress's public names: `channel_class`, `parser_class`.
"""

import logging
import socket
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.utilities import RequestEntityTooLarge

from shopdb_core.server.refusals import RefusalTask, full_answer
from shopdb_core.web.request import request_id

REQUEST_SECONDS = 60.0
"""How long a request may take to arrive, plus one second for each `SLOWEST_BYTES` of its body."""

SLOWEST_BYTES = 64 * 1024
LINGER_SECONDS = 2.0

BodyLimit: TypeAlias = Callable[[str, Mapping[str, str]], int]
"""Returns how many bytes of body to keep for a request, by its path and headers (`X_API_KEY`)."""

_logger = logging.getLogger(__name__)


class Request(HTTPRequestParser):  # type: ignore[misc]  # waitress ships no types
    """Keeps at most as much of a body as `limit` permits for its headers.

    A request whose body is larger is complete at once, without the rest of it: the application answers it by
    its headers, or because what it reads is too large, and the connection is closed.
    """

    cut_off = False
    completed: bool = False  # as waitress has them, with the types that it lacks
    body_rcv: Any = None

    def __init__(self, limit: BodyLimit, adj: Any) -> None:
        super().__init__(adj)
        self._limit = limit
        self._most = 0
        self.began = time.monotonic()

    def received(self, data: bytes) -> int:
        """Take bytes of the request, and return how many; those of a body that is cut off are dropped."""
        had_headers = self.headers_finished
        consumed: int = super().received(data)
        if self.completed or not self.headers_finished:
            return consumed
        if not had_headers:
            self._most = self._limit(self.path, self.headers)
        # Only a body in chunks has no announced length and may begin; it ends one byte beyond the limit.
        if self._most == 0 or max(self.content_length, len(self.body_rcv)) > self._most:
            self._cut_off()
            return len(data)
        if self.body_bytes_received > 2 * self._most + SLOWEST_BYTES:
            self.error = RequestEntityTooLarge("The chunks have more framing than content.")
            self.completed = True
        return consumed

    def parse_header(self, header_plus: bytes) -> None:
        """Parse the head; raises `ParsingError`, a 400, also where waitress would close without an answer."""
        try:
            super().parse_header(header_plus)
        except ValueError as error:  # a length of thousands of digits, an address that cannot be split
            raise ParsingError("The head of the request is not valid.") from error

    def is_overdue(self, now: float) -> bool:
        """Return whether the request has taken too long to arrive."""
        permitted: float = REQUEST_SECONDS + self.body_bytes_received / SLOWEST_BYTES
        return now - self.began > permitted

    def _cut_off(self) -> None:
        self.cut_off = self.completed = True
        self.expect_continue = False
        self.headers["CONNECTION"] = "close"
        if not self.chunked:
            self.close()
            self.body_rcv = None


class Channel(HTTPChannel):  # type: ignore[misc]  # waitress ships no types
    """One connection; after the answer to a request that was cut off, what still arrives is discarded.

    Closing at once would send a reset, which makes some clients lose the answer.
    """

    error_task_class = RefusalTask
    will_close: bool = False
    _cut_off = False
    _lingers_until: float | None = None

    def __init__(self, limit: BodyLimit, *arguments: Any, **options: Any) -> None:
        self.parser_class = partial(Request, limit)
        super().__init__(*arguments, **options)

    def service(self) -> None:
        """Answer a request, in a thread of the dispatcher."""
        self._cut_off = self.requests[0].cut_off
        super().service()

    def received(self, data: bytes) -> bool:
        """Take what arrives, or discard it after the last answer."""
        return self._lingers_until is None and super().received(data)

    def handle_close(self) -> None:
        """Close; after an answer to a request that was cut off, close the sending side only."""
        if self.will_close and self._cut_off and self._lingers_until is None and self.connected:
            self._lingers_until = time.monotonic() + LINGER_SECONDS
            self.will_close = False
            try:
                self.socket.shutdown(socket.SHUT_WR)
            except OSError:
                super().handle_close()
        else:
            super().handle_close()

    def close_if_overdue(self, now: float) -> None:
        """Close the connection if its request, or what is discarded after it, takes too long to arrive."""
        request = self.request
        if self._lingers_until is not None and now > self._lingers_until:
            self.will_close = True
        elif request is not None and not self.requests and request.is_overdue(now):
            _logger.info("closed a connection whose request had not arrived after %d s", now - request.began)
            self.will_close = True


class Admission:
    """Makes the channels of a server; beyond `most` connections a client is refused instead.

    waitress itself would stop to accept, and new clients would wait without an answer. The log has one line
    for all that are refused until there is room again; their answers have the id of that line.
    """

    def __init__(self, most: int, limit: BodyLimit) -> None:
        self._most = most
        self._limit = limit
        self._refusal: bytes | None = None

    def __call__(self, server: Any, connection: socket.socket, *arguments: Any, **options: Any) -> None:
        """Admit a connection or refuse it; waitress calls this for each one."""
        if len(server.active_channels) < self._most:
            self._refusal = None
            Channel(self._limit, server, connection, *arguments, **options)
            return
        if self._refusal is None:
            requestid = request_id(None)
            self._refusal = full_answer(requestid)
            _logger.warning("refusing clients: %d connections are open %s", self._most, requestid)
        _refuse(connection, self._refusal)


def _refuse(connection: socket.socket, answer: bytes) -> None:
    """Send the answer if the client takes it at once, and close the connection."""
    connection.settimeout(0)
    try:
        connection.send(answer)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(SLOWEST_BYTES)  # what has arrived, so that closing sends no reset
    except OSError:
        pass
    finally:
        connection.close()
