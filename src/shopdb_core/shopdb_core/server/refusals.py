"""What never reaches the application: answered with a problem document, as any other request.

`RefusalTask` answers and logs what waitress refuses, `full_answer` is for clients beyond the limit.
"""

import time
from typing import Final

import orjson
from waitress.task import ErrorTask

from shopdb_core.access.keys import client_address
from shopdb_core.errors import Unavailable
from shopdb_core.web.access_log import AnsweredRequest, log_access
from shopdb_core.web.browsers.headers import ANSWER_HEADERS, STRICT_TRANSPORT, came_by_tls
from shopdb_core.web.problems import UNEXPECTED, problem
from shopdb_core.web.request import request_id
from shopdb_core.web.responses import PROBLEM

LONGEST_REASON = 80

_NAMES: Final = {
    400: "malformed-request",
    413: "payload-too-large",
    431: "header-too-large",
    500: "internal",
    501: "not-implemented",
}


FULL: Final = Unavailable("The server has too many connections. Nothing was stored. Try again later.")


def full_answer(requestid: str) -> bytes:
    """Return the answer, with its head, to a client whose request is not read: 503."""
    body = orjson.dumps(problem(503, "unavailable", str(FULL), requestid))
    headers = {
        "Content-Type": PROBLEM,
        "Content-Length": str(len(body)),
        "Retry-After": str(FULL.retry_after_seconds),
        "X-Request-ID": requestid,
        **dict(ANSWER_HEADERS),
        "Connection": "close",
    }
    lines = [f"{name}: {value}" for name, value in headers.items()]
    head = "\r\n".join(["HTTP/1.1 503 Service Unavailable", *lines, "", ""])
    return head.encode() + body


class RefusalTask(ErrorTask):  # type: ignore[misc]  # waitress ships no types
    """Answers one request that waitress could not read, or that failed outside of the application.

    `channel.server.trusted_proxies` are the proxies whose `X-Forwarded-For` is believed.
    """

    def execute(self) -> None:
        """Send the problem document, and log the request."""
        request, status = self.request, self.request.error.code
        requestid = request_id(request.headers.get("X_REQUEST_ID"))
        name = _NAMES.get(status, "refused")
        document = problem(status, name, self._detail(status), requestid)
        body = orjson.dumps(document)
        self.status = f"{status} {request.error.reason}"
        self.response_headers += [("Content-Type", PROBLEM), ("X-Request-ID", requestid)]
        self.response_headers += ANSWER_HEADERS
        forwarded = request.headers.get("X_FORWARDED_PROTO")
        if came_by_tls("http", self.channel.addr[0], forwarded, self.channel.server.trusted_proxies):
            self.response_headers.append(STRICT_TRANSPORT)
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)
        self._log(status, requestid, name)

    def _detail(self, status: int) -> str:
        """Return waitress's own reason, which may quote the request; its limits are put in words."""
        if status == 431:  # noqa: PLR2004  # an HTTP status
            return f"The header has {self.channel.adj.max_request_header_size} bytes or more."
        if status == 500:  # noqa: PLR2004  # an HTTP status
            return UNEXPECTED
        return f"The request cannot be read: {self.request.error.body[:LONGEST_REASON]}."

    def _log(self, status: int, requestid: str, name: str) -> None:
        """Log what is known of the request; waitress reads neither method nor path of a header too large."""
        request = self.request
        known = status != 431  # noqa: PLR2004  # an HTTP status
        forwarded = request.headers.get("X_FORWARDED_FOR")
        trusted = self.channel.server.trusted_proxies
        log_access(
            AnsweredRequest(
                getattr(request, "command", "-") if known else "-",
                getattr(request, "path", "-") if known else "-",
                status,
                (time.time() - self.start_time) * 1000,
                client_address(self.channel.addr[0], forwarded, trusted),
                requestid,
                problem=name,
            )
        )
