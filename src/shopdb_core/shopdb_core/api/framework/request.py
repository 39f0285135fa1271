"""What a request passes before its resource, and how the resource reads its body.

Each request gets an id and a line in the log. Each resource declares the role that its methods require, and
the parameters of its queries.
"""

import logging
import re
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar, Literal, Protocol, TypeAlias, cast
from urllib.parse import quote

import falcon

from shopdb_core.access.keys import CollectorKeys, client_address
from shopdb_core.access.tokens import Role, Tokens
from shopdb_core.api.framework.parameters import Router
from shopdb_core.declarations.validation.validator import SubmissionValidator
from shopdb_core.errors import InvalidParameter, InvalidSubmission, NotFound, PreconditionRequired
from shopdb_core.intake.decoding import read_document
from shopdb_core.intake.http_body import JSON, MERGE_PATCH, Body, read_body
from shopdb_core.intake.scan import storable_faults
from shopdb_core.plugins.registry import Plugins
from shopdb_core.settings import Network
from shopdb_hookspecs import Json

ANSWER_HEADERS = (("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-store"))
"""The headers of every answer that does not set them itself."""

LONGEST_METHOD = 20
LONGEST_PATH = 300

Roles: TypeAlias = Mapping[str, Role | Literal["collector", "open"]]
"""What each HTTP method of a resource requires.

A role of a bearer token; `collector`, the key of the collector that the path names; or `open`, nothing.
"""

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

VERSION = '"([0-9]{1,9})"'
"""The pattern of the ETag of an asset."""

_VERSION = re.compile(f"(?:W/)?{VERSION}")

_access_log = logging.getLogger("shopdb_core.access")


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
    """The WSGI application; a responder that is open to all must say so. `routes` are all its routes."""

    def __init__(self, *middleware: Any) -> None:
        super().__init__(middleware=list(middleware), router=Router())
        self.routes: list[Route] = []

    def add_route(self, uri_template: str, resource: object, **kwargs: Any) -> None:
        """Route an address; HEAD is answered where GET is.

        Raises `TypeError` if the resource does not declare a role for each method, or declares parameters for
        a responder that it does not have.
        """
        responders = {name for name in dir(resource) if name.startswith("on_")}
        offered = {name.split("_")[1].upper() for name in responders}
        declared = set(getattr(resource, "roles", ()))
        if offered != declared:
            raise TypeError(
                f"{type(resource).__name__}.roles must declare {', '.join(sorted(offered))}, its responders' "
                f"methods, not {', '.join(sorted(declared)) or 'none'}: give each method a role, or 'open'"
            )
        if unknown := sorted(set(getattr(resource, "queries", ())) - responders):
            raise TypeError(f"{type(resource).__name__}.queries names {unknown[0]}, which it does not have")
        if unknown := sorted(set(getattr(resource, "operations", ())) - responders):
            raise TypeError(
                f"{type(resource).__name__}.operations names {unknown[0]}, which it does not have"
            )
        super().add_route(uri_template, resource, **kwargs)
        self.routes.append(Route(uri_template, resource, kwargs.get("suffix")))


class RequestContext:
    """Middleware: a request gets an id and its client's address, its answer headers and a line in the log.

    `trusted` are the proxies whose `X-Forwarded-For` is believed.
    """

    def __init__(self, trusted: Sequence[Network]) -> None:
        self._trusted = trusted

    def process_request(self, req: falcon.Request, _resp: falcon.Response) -> None:
        """Set the request's id and its client's address; no collector's key was asked for yet."""
        req.context.requestid = request_id(req.get_header("X-Request-ID"))
        forwarded = req.get_header("X-Forwarded-For")
        req.context.clientaddress = client_address(req.env.get("REMOTE_ADDR"), forwarded, self._trusted)
        req.context.submits, req.context.source = False, None
        req.context.started = time.perf_counter()

    def process_response(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        _resource: object,
        _succeeded: bool,  # noqa: FBT001  # Falcon's signature
    ) -> None:
        """Set the headers of every answer; log it once it is complete, or was broken off."""
        resp.set_header("X-Request-ID", req.context.requestid)
        for name, value in ANSWER_HEADERS:
            resp.set_header(name, resp.get_header(name) or value)
        if isinstance(resp.stream, Iterable):
            if req.method == "HEAD":
                _measure(resp, resp.stream)
            else:
                resp.stream = _logged(resp.stream, req, resp.status_code)
                return
        _log(req, resp.status_code)


def request_id(given: str | None) -> str:
    """Return the client's request id if it is well-formed, else a new one."""
    return given if given and _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def _logged(stream: Iterable[bytes], req: falcon.Request, status: int) -> Iterator[bytes]:
    """Yield a streamed answer, and log it when the server has sent all of it or gives up."""
    try:
        yield from stream
    finally:
        _close(stream)
        _log(req, status)


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


def _log(req: falcon.Request, status: int) -> None:
    """Log a request's method, path, status, duration, address and id, nothing else."""
    milliseconds = (time.perf_counter() - req.context.started) * 1000
    context = req.context
    log_access(
        req.method,
        req.path,
        status,
        milliseconds,
        clientaddress=context.clientaddress,
        requestid=context.requestid,
    )


def log_access(
    method: str, path: str, status: int, milliseconds: float, *, clientaddress: str | None, requestid: str
) -> None:
    """Log one answered request; `method` and `path` are escaped and cut off."""
    _access_log.info(
        "%s %s %s %.1fms %s %s",
        in_log(method, LONGEST_METHOD),
        in_log(path, LONGEST_PATH),
        status,
        milliseconds,
        clientaddress or "-",
        requestid,
    )


def in_log(text: str, longest: int) -> str:
    """Return a client's text for the log: percent-encoded, of at most `longest` characters."""
    escaped = quote(text[: longest + 1])
    return escaped if len(escaped) <= longest else f"{escaped[: longest - 3]}..."


class Authentication:
    """Middleware that admits a request by the role that its resource declares, before the body is read."""

    def __init__(self, tokens: Tokens, keys: CollectorKeys, plugins: Plugins) -> None:
        self._tokens = tokens
        self._keys = keys
        self._plugins = plugins

    def process_resource(
        self, req: falcon.Request, _resp: falcon.Response, resource: object, params: MutableMapping[str, str]
    ) -> None:
        """Check the key, whose name becomes `context.source`, or the token, which becomes `context.bearer`.

        `context.submits` is set for a submission.

        Raises `Unauthorized`, `Throttled` for many wrong keys from one address, `Forbidden` for a token of a
        lesser role, and `NotFound` for an unknown collector. Falcon calls this for every path that exists,
        before the responder.
        """
        method = "GET" if req.method == "HEAD" else req.method
        role = cast("Resource", resource).roles.get(method)
        if role == "collector":
            params.setdefault("plugin", getattr(resource, "collector", ""))
            req.context.submits = True
            req.context.source = self._source(
                params["plugin"], req.get_header("X-API-Key"), req.context.clientaddress
            )
        # A method without a role has no responder here (`WebApp.add_route`): it is OPTIONS, or a 405.
        elif role is not None and role != "open":
            bearer = self._tokens.bearer(req.auth)
            bearer.require(role)
            req.context.bearer = bearer

    def _source(self, plugin: str, key: str | None, address: str | None) -> str | None:
        """Return the name of the key; only with one does a client learn that a collector does not exist."""
        if self._plugins.has_endpoint(plugin):
            return self._keys.check(plugin, key, address)
        self._keys.check_any(key, address)
        raise NotFound(f"There is no collector named {plugin[:40]!r}; `shopdb plugin list` shows them.")


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
