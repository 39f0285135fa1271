"""Who sends a request: a collector by its key, a person or program by a token, a browser by a cookie.

A browser sends its cookie also if another site makes it send the request. So a request with a cookie that
changes something must not come from another site, and needs a token of its session, which no other site has.
"""

from collections.abc import MutableMapping
from typing import cast
from urllib.parse import urlsplit

import falcon

from shopdb_core.access.events import Caller
from shopdb_core.access.keys import CollectorKeys
from shopdb_core.access.service import Access
from shopdb_core.access.tokens import Bearer, require_secret
from shopdb_core.errors import Forbidden, NotFound
from shopdb_core.plugins.registry import Plugins
from shopdb_core.settings import Settings
from shopdb_core.web.browsers.cookies import SESSION, read_cookie
from shopdb_core.web.browsers.forms import is_form, read_form
from shopdb_core.web.request import Resource, public_url

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrftoken"

_OF_THIS_SITE = ("same-origin", "none")
"""What `Sec-Fetch-Site` is for requests of our own pages, and of the person who entered an address."""


class Authentication:
    """Middleware that admits a request by the role that its resource declares, before the body is read."""

    def __init__(self, access: Access, keys: CollectorKeys, plugins: Plugins, settings: Settings) -> None:
        self._access = access
        self._keys = keys
        self._plugins = plugins
        self._metrics_token = settings.metrics_token
        self._largest_form = settings.max_body_bytes

    def process_resource(
        self, req: falcon.Request, _resp: falcon.Response, resource: object, params: MutableMapping[str, str]
    ) -> None:
        """Check the key, whose name becomes `context.source`, or who asks, which becomes `context.bearer`.

        `context.actor` is who was admitted, for the log. `context.submits` is set for a submission,
        `context.hascookie` if a cookie authenticates the request.

        Raises `Unauthorized`, `Throttled` for many wrong keys from one address, `Forbidden` for a lesser role
        or a forged request, and `NotFound` for an unknown collector. Falcon calls this for every path that
        exists, before the responder.
        """
        method = "GET" if req.method == "HEAD" else req.method
        role = cast("Resource", resource).roles.get(method)
        if role == "collector":
            params.setdefault("plugin", getattr(resource, "collector", ""))
            req.context.submits = True
            source = self._source(params["plugin"], req.get_header("X-API-Key"), req.context.clientaddress)
            req.context.source = source
            req.context.actor = f"source:{source}" if source else f"collector:{params['plugin']}"
        elif role == "metrics":
            require_secret(req.auth, self._metrics_token)
        # A method without a role has no responder here (`WebApp.add_route`): it is OPTIONS, or a 405.
        elif role is not None and role != "open":
            bearer = session_of(req, self._access)
            req.context.actor = f"user:{bearer.subject}"
            if req.context.hascookie and req.method not in SAFE_METHODS:
                self._check_intended(req, bearer)
            bearer.require(role)
            req.context.bearer = bearer

    def _source(self, plugin: str, key: str | None, address: str | None) -> str | None:
        """Return the name of the key; only with one does a client learn that a collector does not exist."""
        if self._plugins.has_endpoint(plugin):
            return self._keys.check(plugin, key, address)
        self._keys.check_any(key, address)
        raise NotFound(f"There is no collector named {plugin[:40]!r}; `shopdb plugin list` shows them.")

    def _check_intended(self, req: falcon.Request, bearer: Bearer) -> None:
        """Raise `Forbidden` for a request that another site makes a browser send."""
        check_origin(req)
        token = req.get_header(CSRF_HEADER)
        if token is None and is_form(req):
            token = read_form(req, self._largest_form).get(CSRF_FIELD)
        self._access.csrf.check(bearer.grant.id if bearer.grant else "", token)


def session_of(req: falcon.Request, access: Access) -> Bearer:
    """Return who sends a request; raises `Unauthorized`.

    The cookie counts only without an `Authorization` header. A page that is open to all may call this as
    well, and `access.csrf.issue` with the id of the bearer's grant for its forms.
    """
    cookie = read_cookie(req, SESSION) if req.auth is None else None
    req.context.hascookie = cookie is not None
    return access.bearer(req.auth) if cookie is None else access.bearer_of_cookie(cookie)


def check_origin(req: falcon.Request) -> None:
    """Raise `Forbidden` if the browser says that a page of another site made it send the request."""
    if fetchsite := req.get_header("Sec-Fetch-Site"):
        is_ours = fetchsite in _OF_THIS_SITE
    else:
        # Browsers send it with TLS only. Without `Origin` as well, the token of the session is what counts.
        origin = req.get_header("Origin")
        is_ours = origin is None or urlsplit(origin).netloc in (
            req.netloc,
            urlsplit(public_url(req)).netloc,
        )
    if not is_ours:
        raise Forbidden("The request comes from a page of another site.")


def caller_of(req: falcon.Request) -> Caller:
    """Return who acts, for an event: the bearer of the request, or nobody who has signed in."""
    bearer = getattr(req.context, "bearer", None)
    actor = f"user:{bearer.subject}" if bearer else None
    return Caller(actor, req.context.clientaddress, req.context.requestid)
