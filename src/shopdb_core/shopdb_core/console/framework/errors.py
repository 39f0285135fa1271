"""Errors as pages: what went wrong and what to do; without a session, the way to sign in.

A form that was sent without a valid session is not lost: the page to sign in keeps what was typed, and offers
to send it again afterwards.
"""

from contextlib import suppress
from urllib.parse import urlencode

import falcon
import orjson

from shopdb_core.console.framework.pages import N_, Pages
from shopdb_core.errors import MalformedBody, PayloadTooLarge, ShopDBError, Unauthorized, UnsupportedMedia
from shopdb_core.web.authentication import CSRF_FIELD, session_of
from shopdb_core.web.browsers.forms import is_form, read_form
from shopdb_hookspecs import JsonObject

SIGN_IN = "/sign-in"

TITLES = {
    400: N_("This request is not valid"),
    401: N_("Sign in"),
    403: N_("You may not do this"),
    404: N_("There is nothing at this address"),
    405: N_("This address cannot do that"),
    409: N_("This cannot be done now"),
    410: N_("This no longer exists"),
    412: N_("Someone else has changed this meanwhile"),
    413: N_("That was too much at once"),
    422: N_("Something that you entered is not valid"),
    429: N_("Too many attempts"),
    500: N_("The server failed"),
    503: N_("ShopDB cannot answer at the moment"),
}

ADVICE = {
    403: N_("Ask an admin of this site for a role that may, or go back."),
    404: N_("The address may be of an earlier time, or have a mistake. Search for what you need."),
    410: N_("Its history may still be in the log of changes."),
    412: N_("Open it again, look at what changed, and repeat your change."),
    429: N_("Wait some minutes, and try again."),
    500: N_("Nothing was stored. Try again; if it happens again, give the request id to an admin."),
    503: N_("The database may be away or busy. Nothing was stored. Reload this page in some seconds."),
}

SECRETS = (CSRF_FIELD, "password", "again", "current")
"""Fields of a form that are not kept."""


class ErrorPages:
    """Shows problem documents as pages."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def show(self, req: falcon.Request, resp: falcon.Response, error: Exception, answer: JsonObject) -> None:
        """Replace the problem document in the response by a page."""
        if isinstance(error, Unauthorized) and req.path != SIGN_IN:
            self._ask_to_sign_in(req, resp)
            return
        status = answer["status"]
        self._recognise(req)
        self._pages.render(
            req,
            resp,
            "framework/error.html",
            problem=answer,
            title=TITLES.get(status, answer["title"]),
            advice=ADVICE.get(status),
        )
        resp.status = status

    def _recognise(self, req: falcon.Request) -> None:
        """Let the page have the navigation of who is signed in, also at an address that does not exist."""
        if not hasattr(req.context, "bearer"):
            with suppress(ShopDBError):
                req.context.bearer = session_of(req, self._pages.site.access)

    def _ask_to_sign_in(self, req: falcon.Request, resp: falcon.Response) -> None:
        if req.method in ("GET", "HEAD"):
            resp.status, resp.location = 303, f"{SIGN_IN}?{urlencode({'next': req.relative_uri})}"
            resp.data, resp.media = b"", None
            return
        resume = orjson.dumps({"action": req.path, "fields": _typed(req)}).decode()
        self._pages.render(req, resp, "sign_in/page.html", next="/", resume=resume, username="", error=None)


def _typed(req: falcon.Request) -> dict[str, str]:
    """Return what was typed into a form; nothing of a body that is not a form, or too large."""
    try:
        fields = read_form(req) if is_form(req) else {}
    except (MalformedBody, PayloadTooLarge, UnsupportedMedia):
        return {}
    return {name: value for name, value in fields.items() if name not in SECRETS}
