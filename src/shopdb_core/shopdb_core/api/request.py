"""The type of the WSGI application, as Falcon's own types want it.

What every request gets: an id, security headers, one line in the log.

Who may ask for what: the role that each resource requires of a bearer token.

Query parameters and headers, read strictly: what a client misspells it should learn.

The body of a request.

How answers are written: JSON by orjson, times in UTC with a `Z`.

A table as CSV (RFC 4180) that a spreadsheet shows and does not execute.
"""

import csv
import io
import logging
import re
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import ClassVar, Protocol, TypeAlias, cast
from urllib.parse import quote

import falcon
import orjson
from falcon.media import JSONHandler

from shopdb_core.access.tokens import Role, Tokens
from shopdb_core.declarations.validator import SubmissionValidator
from shopdb_core.errors import InvalidParameter, InvalidSubmission
from shopdb_core.intake.decoding import read_document
from shopdb_core.intake.http_body import Body, read_body
from shopdb_core.intake.scan import storable_faults
from shopdb_hookspecs import Json, JsonObject

WebApp: TypeAlias = "falcon.App[falcon.Request, falcon.Response]"


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


Roles: TypeAlias = Mapping[str, Role]
"""The role that each HTTP method requires; one that is missing requires no token."""


class Guarded(Protocol):
    """A resource of this API."""

    roles: ClassVar[Roles]


class Authentication:
    """Lets in the bearers whose role suffices, before their body is read."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def process_resource(
        self, req: falcon.Request, _resp: falcon.Response, resource: object, _params: Mapping[str, object]
    ) -> None:
        """Set `req.context.bearer`; raises `Unauthorized`, or `Forbidden` for a lesser role.

        Falcon calls this for every path that exists, before the method of the resource.
        """
        if role := cast("Guarded", resource).roles.get(req.method):
            bearer = self._tokens.bearer(req.auth)
            bearer.require(role)
            req.context.bearer = bearer


DEFAULT_LIMIT = 100
LARGEST_LIMIT = 1000
LARGEST_ID = 2**63 - 1


def page_of(req: falcon.Request) -> tuple[int, int]:
    """Return `after` and `limit`, the window of a list."""
    after = whole_number(req, "after", 0, smallest=0, largest=LARGEST_ID)
    return after, whole_number(req, "limit", DEFAULT_LIMIT, smallest=1, largest=LARGEST_LIMIT)


def page(items: list[JsonObject], limit: int, cursor: str) -> JsonObject:
    """Return the envelope of a list; `next` is the `after` of the following page, `None` on the last."""
    return {"items": items[:limit], "next": items[limit - 1][cursor] if len(items) > limit else None}


def whole_number(req: falcon.Request, name: str, default: int, *, smallest: int, largest: int) -> int:
    """Return a whole number from the query; raises `InvalidParameter`."""
    value = req.get_param(name)
    if value is None:
        return default
    if not (value.isascii() and value.isdigit() and smallest <= int(value) <= largest):
        raise InvalidParameter(f"{name} is a whole number from {smallest} to {largest}.")
    return int(value)


def flag(req: falcon.Request, name: str) -> bool:
    """Return whether a parameter says `true`; raises `InvalidParameter` for what is no boolean."""
    value = req.get_param(name)
    if value not in (None, "true", "false"):
        raise InvalidParameter(f"{name} is true or false.")
    return value == "true"


def only(req: falcon.Request, *names: str) -> None:
    """Raise `InvalidParameter` for a parameter that this address does not know, or that stands twice."""
    for name, value in req.params.items():
        if name not in names:
            raise InvalidParameter(f"There is no parameter {name[:40]!r} here; known are {', '.join(names)}.")
        if isinstance(value, list):
            raise InvalidParameter(f"{name} stands more than once.")


def read_json(req: falcon.Request, limit: int) -> Body:
    """Read a body that says it is JSON; raises `UnsupportedMedia`, `PayloadTooLarge` or `MalformedBody`."""
    return read_body(
        req.stream,
        content_type=req.content_type,
        content_encoding=req.get_header("Content-Encoding"),
        content_length=req.content_length,
        limit=limit,
    )


def read_valid(req: falcon.Request, limit: int, validator: SubmissionValidator) -> dict[str, Json]:
    """Read a body that is no submission and follows `validator`; raises `InvalidSubmission` besides."""
    content = read_document(read_json(req, limit)).content
    if faults := storable_faults(content) or validator.faults(content):
        raise InvalidSubmission(f"{faults[0].pointer or '/'} {faults[0].message}", faults)
    return content


PROBLEM = "application/problem+json"


_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
"""SQLAlchemy's names of columns are a subclass of `str`."""


def json_handler() -> JSONHandler:
    """Return the media handler for JSON answers."""
    return JSONHandler(dumps=partial(orjson.dumps, option=_OPTIONS), loads=orjson.loads)


def json_line(answer: Json) -> bytes:
    """Return one line of an NDJSON answer."""
    return orjson.dumps(answer, option=_OPTIONS | orjson.OPT_APPEND_NEWLINE)


def install(app: WebApp) -> None:
    """Let `app` write JSON and problem documents."""
    app.resp_options.media_handlers[falcon.MEDIA_JSON] = json_handler()
    app.resp_options.media_handlers[PROBLEM] = json_handler()


_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_file(columns: Sequence[str], rows: Iterable[Sequence[Json]]) -> str:
    """Return the table with a header line."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(columns)
    writer.writerows([_inert(cell) for cell in row] for row in rows)
    return buffer.getvalue()


def _inert(cell: Json) -> Json:
    """Put an apostrophe before what a spreadsheet would take for a formula (OWASP, CSV injection)."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell
