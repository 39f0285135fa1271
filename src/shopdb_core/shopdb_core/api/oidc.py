"""Signing in with the site's identity provider, which the browser visits and comes back from."""

from dataclasses import replace
from typing import ClassVar

import falcon

from shopdb_core.access.oidc.provider import PENDING_FOR, ProviderAnswer
from shopdb_core.api.auth import AuthResource
from shopdb_core.errors import Conflict, Forbidden, NotFound, Unauthorized
from shopdb_core.web.authentication import caller_of
from shopdb_core.web.browsers.cookies import SESSION, SIGN_IN, read_cookie, set_cookie, unset_cookie
from shopdb_core.web.browsers.forms import LOCAL_PAGE, local_page
from shopdb_core.web.operations import Operation, Operations
from shopdb_core.web.parameters import Queries, short_text
from shopdb_core.web.request import Roles, public_url

CALLBACK = "/api/auth/oidc/callback"

# Besides RFC 6749 and RFC 9207, what well-known providers add.
_ANSWER = ("code", "state", "iss", "error", "error_description", "error_uri", "session_state", "scope")
_OF_GOOGLE = ("authuser", "prompt", "hd")

_REDIRECT = Operation(statuses=(303,), sends=("Location", "Set-Cookie"))


class OidcStartResource(AuthResource):
    """The way to the provider."""

    roles: ClassVar[Roles] = {"GET": "open"}
    queries: ClassVar[Queries] = {"on_get": (replace(short_text("next"), schema=LOCAL_PAGE),)}
    operations: ClassVar[Operations] = {"on_get": replace(_REDIRECT, errors=(NotFound,))}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Send the browser to the provider; afterwards it goes on to the page `next`."""
        following = local_page(req.context.query["next"] or "/")
        address, kept = self._access.provider.begin(public_url(req) + CALLBACK, following)
        set_cookie(req, resp, SIGN_IN, kept, PENDING_FOR)
        resp.status, resp.location = falcon.HTTP_303, address


class OidcCallbackResource(AuthResource):
    """The way back."""

    roles: ClassVar[Roles] = {"GET": "open"}
    queries: ClassVar[Queries] = {"on_get": tuple(map(short_text, (*_ANSWER, *_OF_GOOGLE)))}
    operations: ClassVar[Operations] = {
        "on_get": replace(_REDIRECT, errors=(NotFound, Unauthorized, Forbidden, Conflict))
    }

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Begin the session of whom the provider names, and send the browser to its page."""
        query = req.context.query
        answer = ProviderAnswer(public_url(req) + CALLBACK, query["code"], query["state"], query["iss"])
        kept = read_cookie(req, SIGN_IN) or ""
        signed_in, following = self._access.sign_in_by_provider(kept, answer, caller_of(req))
        unset_cookie(req, resp, SIGN_IN)
        set_cookie(req, resp, SESSION, signed_in.accesstoken, signed_in.ttl)
        resp.status, resp.location = falcon.HTTP_303, following
