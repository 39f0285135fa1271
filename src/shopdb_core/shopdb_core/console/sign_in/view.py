"""Signing in with a password or at the identity provider, and out; the language and theme of a browser."""

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

import falcon
import orjson

from shopdb_core.access.sign_in.links import session_of_link
from shopdb_core.console.framework.errors import SECRETS, SIGN_IN
from shopdb_core.console.framework.pages import LANGUAGE_COOKIE, THEME_COOKIE, PageResource, Pages
from shopdb_core.errors import InvalidParameter, Throttled, Unauthorized
from shopdb_core.web.authentication import caller_of, check_origin, session_of
from shopdb_core.web.browsers.cookies import SESSION, set_cookie, unset_cookie
from shopdb_core.web.browsers.forms import local_page, read_form
from shopdb_core.web.parameters import Queries, short_text
from shopdb_core.web.request import Roles

A_YEAR = timedelta(days=365)


class SignInPage(PageResource):
    """The page to sign in."""

    roles: ClassVar[Roles] = {"GET": "open", "POST": "open"}
    queries: ClassVar[Queries] = {"on_get": (short_text("next"),)}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show the form; who is signed in already goes on."""
        following = local_page(req.context.query["next"] or "/")
        try:
            session_of(req, self._site.access)
        except Unauthorized:
            show_form(self._pages, req, resp, {"next": following})
        else:
            self._pages.go_on(req, resp, following)

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Begin a session; then go on to the page, or to the form that was sent without one."""
        fields = read_form(req)
        check_origin(req)
        following = local_page(fields.get("next") or "/")
        try:
            signed_in = self._site.access.sign_in(
                fields.get("username", ""), fields.get("password", ""), caller_of(req), browser=True
            )
        except (Unauthorized, Throttled) as error:
            show_form(self._pages, req, resp, fields, error)
            return
        set_cookie(req, resp, SESSION, signed_in.accesstoken, signed_in.ttl)
        req.context.bearer = signed_in.bearer
        if fields.get("resume"):
            self._offer_to_resume(req, resp, fields["resume"], signed_in.sessionid)
        else:
            self._pages.go_on(req, resp, following)

    def _offer_to_resume(
        self, req: falcon.Request, resp: falcon.Response, resume: str, sessionid: str
    ) -> None:
        """Show what was typed, with a button that sends it with the token of the new session."""
        action, fields = _read_resume(resume)
        self._pages.render(
            req,
            resp,
            "sign_in/resume.html",
            action=local_page(action),
            fields=fields,
            csrftoken=self._site.access.csrf.issue(sessionid),
        )


class SignInLinkPage(PageResource):
    """A link that signs a user in once (`shopdb user link`)."""

    roles: ClassVar[Roles] = {"GET": "open"}
    queries: ClassVar[Queries] = {"on_get": (short_text("token"),)}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Begin the session, and go on to the overview; a link that is of no use leads to the form.

        A second click in the browser that opened it goes on, too. HEAD, which previews send, opens nothing.
        """
        token = req.context.query["token"]
        if token is None:
            raise InvalidParameter("The address lacks its end, `?token=…`: copy the whole link.")
        if req.method == "HEAD":
            return
        try:
            signed_in = self._site.access.sign_in_by_link(token, caller_of(req))
        except Unauthorized as error:
            if self._is_opened_here(req, token):
                self._pages.go_on(req, resp, "/")
            else:
                show_form(self._pages, req, resp, {}, error)
            return
        set_cookie(req, resp, SESSION, signed_in.accesstoken, signed_in.ttl)
        self._pages.go_on(req, resp, "/")

    def _is_opened_here(self, req: falcon.Request, token: str) -> bool:
        try:
            grant = session_of(req, self._site.access).grant
        except Unauthorized:
            return False
        return grant is not None and grant.id == session_of_link(token)


class SignOutPage(PageResource):
    """The end of a session."""

    roles: ClassVar[Roles] = {"POST": "viewer"}

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Sign out."""
        self._site.access.sign_out(req.context.bearer, caller_of(req))
        unset_cookie(req, resp, SESSION)
        self._pages.go_on(req, resp, SIGN_IN, "signedout")


class PreferencesPage(PageResource):
    """The language and the theme of this browser."""

    roles: ClassVar[Roles] = {"POST": "open"}

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Keep them in cookies; `Languages` ignores what it does not know."""
        fields = read_form(req)
        for field, cookie in (("language", LANGUAGE_COOKIE), ("theme", THEME_COOKIE)):
            if value := fields.get(field):
                resp.set_cookie(
                    cookie, value[:20], max_age=int(A_YEAR.total_seconds()), path="/", secure=False
                )
        self._pages.go_on(req, resp, local_page(fields.get("next") or "/"))


def show_form(
    pages: Pages,
    req: falcon.Request,
    resp: falcon.Response,
    fields: Mapping[str, str],
    error: Exception | None = None,
) -> None:
    """Show the form to sign in, with what was typed into it and why that was refused."""
    pages.render(
        req,
        resp,
        "sign_in/page.html",
        next=fields.get("next") or "/",
        resume=fields.get("resume", ""),
        username=fields.get("username", ""),
        error=error,
    )
    if error is not None:
        resp.status = falcon.HTTP_429 if isinstance(error, Throttled) else falcon.HTTP_401


def _read_resume(resume: str) -> tuple[str, dict[str, str]]:
    """Return the address and the fields of a form that was sent without a session."""
    try:
        kept = orjson.loads(resume)
        action, fields = kept["action"], kept["fields"]
        texts = {str(name): str(value) for name, value in fields.items() if name not in SECRETS}
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise InvalidParameter("`resume` must be what the page to sign in sends.") from error
    return str(action), texts
