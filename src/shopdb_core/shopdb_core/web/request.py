"""What a request passes before its resource, and how the resource reads its body.

Each request gets an id and a line in the log. Each resource declares the role that its methods require, and
the parameters of its queries.
"""

import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar, Literal, Protocol, TypeAlias

import falcon

from shopdb_core.access.keys import client_address
from shopdb_core.access.tokens import Role
from shopdb_core.declarations.validation.validator import SubmissionValidator
from shopdb_core.errors import InvalidParameter, InvalidSubmission, PreconditionRequired
from shopdb_core.intake.decoding import read_document
from shopdb_core.intake.http_body import JSON, MERGE_PATCH, Body, read_body
from shopdb_core.intake.scan import storable_faults
from shopdb_core.settings import Network
from shopdb_core.web.access_log import AnsweredRequest, log_access
from shopdb_core.web.browsers.headers import ANSWER_HEADERS, STRICT_TRANSPORT, came_by_tls
from shopdb_core.web.late import LateResource, check_resource
from shopdb_core.web.parameters import Router
from shopdb_hookspecs import Json

Roles: TypeAlias = Mapping[str, Role | Literal["collector", "metrics", "open"]]
"""What each HTTP method of a resource requires.

The role of a token or cookie; `collector`, the key of the collector that the path names; `metrics`, the token
of the metrics; or `open`, nothing.
"""

TimeRequest: TypeAlias = Callable[[str | None, int, float], None]
"""Gets the route of a request, the status of its answer and the seconds until it was sent."""

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

VERSION = '"([0-9]{1,9})"'
"""The pattern of the ETag of an asset."""

_VERSION = re.compile(f"(?:W/)?{VERSION}")


class Resource(Protocol):
    """A resource of this API.

    One of a single collector, which its path does not name, has it as `collector`.
    """

    roles: ClassVar[Roles]


@dataclass(frozen=True, slots=True)
class Route:
    """One address, its resource, and the suffix of the responders that answer there."""

    template: str
    resource: object
    suffix: str | None = None

    def responders(self) -> dict[str, str]:
        """Return the name of the responder of each method; HEAD and OPTIONS have none of their own."""
        names = {f"on_{method.lower()}": method for method in METHODS}
        ending = f"_{self.suffix}" if self.suffix else ""
        return {
            method: f"{name}{ending}"
            for name, method in names.items()
            if hasattr(self.resource, f"{name}{ending}")
        }


class WebApp(falcon.App[falcon.Request, falcon.Response]):
    """The WSGI application; a responder that is open to all must say so. `routes` are those of the API."""

    def __init__(self, *middleware: Any) -> None:
        super().__init__(middleware=list(middleware), router=Router())
        self.routes: list[Route] = []

    def add_route(self, uri_template: str, resource: object, **kwargs: Any) -> None:
        """Route an address of the API, which the OpenAPI document describes; HEAD is answered where GET is.

        Raises `TypeError` as `add_page` does.
        """
        self.add_page(uri_template, resource, **kwargs)
        self.routes.append(Route(uri_template, resource, kwargs.get("suffix")))

    def add_page(self, uri_template: str, resource: object, **kwargs: Any) -> None:
        """Route a page of the console; raises `TypeError` as `check_resource` does."""
        if not isinstance(resource, LateResource):
            check_resource(resource)
        super().add_route(uri_template, resource, **kwargs)


class RequestContext:
    """Middleware: a request gets an id and its client's address, its answer headers and a line in the log.

    `trusted` are the proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed. `public_url` is
    the address that people open; `None`: the one of the request. `time_request` is called for each answer.
    """

    def __init__(
        self, trusted: Sequence[Network], public_url: str | None, time_request: TimeRequest | None = None
    ) -> None:
        self._trusted = trusted
        self._public_url = public_url
        self._time_request = time_request

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Set the request's id, its client's address and the site's, and headers that a resource may replace.

        No key was asked for yet.
        """
        req.context.requestid = request_id(req.get_header("X-Request-ID"))
        # Read from the environment, since this runs for each submission.
        peer, protocol = req.env.get("REMOTE_ADDR"), req.env.get("HTTP_X_FORWARDED_PROTO")
        req.context.clientaddress = client_address(peer, req.env.get("HTTP_X_FORWARDED_FOR"), self._trusted)
        is_secure = came_by_tls(req.env["wsgi.url_scheme"], peer, protocol, self._trusted)
        req.context.publicurl, req.context.issecure = self._public_url, is_secure
        req.context.submits, req.context.source = False, None
        req.context.actor = req.context.problem = None
        req.context.started = time.perf_counter()
        resp.set_headers(ANSWER_HEADERS)
        resp.set_header("X-Request-ID", req.context.requestid)
        if is_secure:
            resp.set_header(*STRICT_TRANSPORT)

    def process_response(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        _resource: object,
        _succeeded: bool,  # noqa: FBT001  # Falcon's signature
    ) -> None:
        """Log the answer once it is complete, or was broken off."""
        if isinstance(resp.stream, Iterable):
            if req.method == "HEAD":
                _measure(resp, resp.stream)
            else:
                resp.stream = self._logged(resp.stream, req, resp.status_code)
                return
        self._log(req, resp.status_code)

    def _logged(self, stream: Iterable[bytes], req: falcon.Request, status: int) -> Iterator[bytes]:
        """Yield a streamed answer, and log it when the server has sent all of it or gives up."""
        try:
            yield from stream
        finally:
            _close(stream)
            self._log(req, status)

    def _log(self, req: falcon.Request, status: int) -> None:
        """Log a request and what became of it, nothing that it sent; and time it."""
        seconds = time.perf_counter() - req.context.started
        context = req.context
        log_access(
            AnsweredRequest(
                req.method,
                req.path,
                status,
                seconds * 1000,
                context.clientaddress,
                context.requestid,
                context.actor,
                context.problem,
            )
        )
        if self._time_request is not None:
            self._time_request(req.uri_template, status, seconds)


def public_url(req: falcon.Request) -> str:
    """Return the address of the site, without a slash at the end: the setting, or that of the request."""
    return req.context.publicurl or f"http{'s' if req.context.issecure else ''}://{req.netloc}"


def request_id(given: str | None) -> str:
    """Return the client's request id if it is well-formed, else a new one."""
    return given if given and _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def _measure(resp: falcon.Response, stream: Iterable[bytes]) -> None:
    """Replace a stream by its length: HEAD has the header of GET, and no content (RFC 9110, 9.3.2)."""
    if resp.content_length is None:
        resp.content_length = sum(map(len, stream))
    _close(stream)
    resp.stream = None


def _close(stream: object) -> None:
    close = getattr(stream, "close", None)
    if close is not None:
        close()


def read_json(req: falcon.Request, limit: int) -> Body:
    """Read a body of type `application/json`, or of PATCH a merge patch, of at most `limit` bytes.

    Raises `UnsupportedMedia`, `PayloadTooLarge` or `MalformedBody`.
    """
    return read_body(
        req.stream,
        content_type=req.content_type,
        content_encoding=req.get_header("Content-Encoding"),
        content_length=req.content_length,
        limit=limit,
        mediatypes=(JSON, MERGE_PATCH) if req.method == "PATCH" else (JSON,),
    )


def required_version(req: falcon.Request) -> int:
    """Return the version that `given_version` returns; raises `PreconditionRequired` if it is missing."""
    version = given_version(req)
    if version is None:
        raise PreconditionRequired(
            "Send If-Match with the ETag of the asset as you read it, so that nobody's change is lost."
        )
    return version


def given_version(req: falcon.Request) -> int | None:
    """Return the version that the header `If-Match` names: the ETag of the asset as the client read it.

    Raises `InvalidParameter` if it is something else.
    """
    given = req.get_header("If-Match")
    if given is None:
        return None
    # A proxy that compresses makes an ETag weak, which is a version nevertheless.
    if not (found := _VERSION.fullmatch(given.strip())):
        raise InvalidParameter('If-Match must be one ETag of the asset, such as "3", with its quotes.')
    return int(found[1])


def read_valid(req: falcon.Request, limit: int, validator: SubmissionValidator) -> dict[str, Json]:
    """Read a body other than a submission; raises `InvalidSubmission`, and all that `read_json` raises."""
    content = read_document(read_json(req, limit)).content
    if faults := list(islice(storable_faults(content), 20)) or validator.faults(content):
        raise InvalidSubmission(f"{faults[0].pointer or '/'} {faults[0].message}", faults)
    return content
