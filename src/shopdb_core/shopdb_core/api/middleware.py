"""What every request gets: an id, security headers, one line in the log."""

import logging
import re
import secrets
import time
from collections.abc import Iterable, Iterator
from urllib.parse import quote

import falcon

_SANE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

_logger = logging.getLogger("shopdb_core.access")


class RequestContext:
    """Names the request, and tells the log what became of it."""

    def process_request(self, req: falcon.Request, _resp: falcon.Response) -> None:
        """Take the client's `X-Request-ID` where it is a sane token, else make one."""
        given = req.get_header("X-Request-ID") or ""
        req.context.requestid = given if _SANE_ID.fullmatch(given) else secrets.token_hex(8)
        req.context.started = time.perf_counter()

    def process_response(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        _resource: object,
        _succeeded: bool,  # noqa: FBT001  # Falcon's signature
    ) -> None:
        """Set the headers of every answer; log it once it is whole, or broken off."""
        resp.set_header("X-Request-ID", req.context.requestid)
        resp.set_header("X-Content-Type-Options", "nosniff")
        resp.set_header("Cache-Control", resp.get_header("Cache-Control") or "no-store")
        if isinstance(resp.stream, Iterable):
            resp.stream = _logged(resp.stream, req, resp.status_code)
        else:
            _log(req, resp.status_code)


def _logged(stream: Iterable[bytes], req: falcon.Request, status: int) -> Iterator[bytes]:
    """Yield an answer that is made while it is sent, and log it when the server ends or gives up."""
    try:
        yield from stream
    finally:
        _log(req, status)


def _log(req: falcon.Request, status: int) -> None:
    """Log a request's method, path, status, duration and id, nothing else."""
    milliseconds = (time.perf_counter() - req.context.started) * 1000
    requestid = req.context.requestid
    _logger.info("%s %s %s %.1fms %s", req.method, quote(req.path), status, milliseconds, requestid)
