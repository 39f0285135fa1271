"""Signing in and out: by tokens for programs, by a cookie for browsers; and the sessions that this makes."""

from typing import ClassVar

import falcon

from shopdb_core.access.service import Access, SignedIn
from shopdb_core.access.sign_in.passwords import LONGEST, is_password
from shopdb_core.api import shapes
from shopdb_core.errors import (
    Conflict,
    Forbidden,
    InvalidSubmission,
    NotFound,
    Throttled,
    Unauthorized,
)
from shopdb_core.store.tables import USERNAME_LENGTH
from shopdb_core.web.authentication import caller_of, check_origin
from shopdb_core.web.browsers.cookies import SESSION, set_cookie, unset_cookie
from shopdb_core.web.browsers.forms import LOCAL_PAGE, is_form, local_page, read_form, read_small_json
from shopdb_core.web.json_schema import TEXT, TRUTH, page_of, record
from shopdb_core.web.operations import Operation, Operations
from shopdb_core.web.request import Roles
from shopdb_hookspecs import Json, JsonObject

# Neither quotes what was sent: that may be a password.
_SIGNING_IN = (
    f"Send `username`, a text of at most {USERNAME_LENGTH} characters, `password`, of at most {LONGEST}, and "
    "`cookies`, true or false, if you like; nothing else."
)
_REFRESHING = "Send `refreshtoken`, the text that signing in or the last refresh answered; nothing else."

_USERNAME: JsonObject = {"type": "string", "maxLength": USERNAME_LENGTH}
_PASSWORD: JsonObject = {"type": "string", "maxLength": LONGEST, "format": "password"}
_CREDENTIALS: JsonObject = {
    **record("Credentials", username=_USERNAME, password=_PASSWORD, cookies=TRUTH),
    "required": ["username", "password"],
}
_SIGN_IN_FORM: JsonObject = {
    **record("SignInForm", username=_USERNAME, password=_PASSWORD, next=LOCAL_PAGE),
    "required": ["username", "password"],
}
_REFRESH = record("Refresh", refreshtoken=TEXT)


class AuthResource:
    """A resource that needs the users and sessions of the site."""

    def __init__(self, access: Access) -> None:
        self._access = access


class LoginResource(AuthResource):
    """Begins sessions."""

    roles: ClassVar[Roles] = {"POST": "open"}
    operations: ClassVar[Operations] = {
        "on_post": Operation(
            answer={"anyOf": [shapes.TOKENS, shapes.BROWSER_SESSION]},
            statuses=(200, 303),
            sends=("Location", "Set-Cookie"),
            body=_CREDENTIALS,
            form=_SIGN_IN_FORM,
            errors=(Unauthorized, Forbidden, Throttled),
        )
    }

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Sign in: answer with tokens, or with a cookie. A form gets a cookie, and goes on to a page."""
        fields: dict[str, Json] = dict(read_form(req) if is_form(req) else read_small_json(req))
        following = local_page(fields.pop("next", "/")) if is_form(req) else None
        browser = fields.pop("cookies", False) if following is None else True
        username, password = _credentials(fields, browser)
        if browser:
            check_origin(req)
        signed_in = self._access.sign_in(username, password, caller_of(req), browser=bool(browser))
        resp.media = self._answer(req, resp, signed_in)
        if following is not None:
            resp.status, resp.location = falcon.HTTP_303, following

    def _answer(self, req: falcon.Request, resp: falcon.Response, signed_in: SignedIn) -> JsonObject:
        if signed_in.refreshtoken is not None:
            return _tokens(signed_in)
        seconds = int(signed_in.ttl.total_seconds())
        set_cookie(req, resp, SESSION, signed_in.accesstoken, signed_in.ttl)
        csrftoken = self._access.csrf.issue(signed_in.sessionid)
        return {"role": signed_in.bearer.role, "expiresin": seconds, "csrftoken": csrftoken}


class RefreshResource(AuthResource):
    """Continues the sessions of programs."""

    roles: ClassVar[Roles] = {"POST": "open"}
    operations: ClassVar[Operations] = {
        "on_post": Operation(answer=shapes.TOKENS, body=_REFRESH, errors=(Unauthorized,))
    }

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer with new tokens; the refresh token that was sent is used up."""
        content = read_small_json(req)
        refreshtoken = content.get("refreshtoken")
        if len(content) != 1 or not isinstance(refreshtoken, str):
            raise InvalidSubmission(_REFRESHING)
        resp.media = _tokens(self._access.refresh(refreshtoken, caller_of(req)))


class LogoutResource(AuthResource):
    """Ends the session of the request."""

    roles: ClassVar[Roles] = {"POST": "viewer"}
    operations: ClassVar[Operations] = {
        "on_post": Operation(statuses=(204,), sends=("Set-Cookie",), errors=(Conflict, NotFound))
    }

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Sign out; the tokens of the session are no longer valid."""
        self._access.sign_out(req.context.bearer, caller_of(req))
        if req.context.hascookie:
            unset_cookie(req, resp, SESSION)
        resp.status = falcon.HTTP_204


class MeResource(AuthResource):
    """The person or program that asks."""

    roles: ClassVar[Roles] = {"GET": "viewer"}
    operations: ClassVar[Operations] = {"on_get": Operation(answer=shapes.ME)}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer who asks, in which role; for a browser also with the token that its changes need."""
        bearer = req.context.bearer
        sessionid = bearer.grant.id if bearer.grant and bearer.grant.kind == "sid" else None
        csrftoken = self._access.csrf.issue(sessionid) if sessionid and req.context.hascookie else None
        resp.media = {
            "subject": bearer.subject,
            "role": bearer.role,
            "sessionid": sessionid,
            "csrftoken": csrftoken,
        }


class SessionsResource(AuthResource):
    """The sessions of the user that asks."""

    roles: ClassVar[Roles] = {"GET": "viewer"}
    operations: ClassVar[Operations] = {
        "on_get": Operation(answer=page_of(shapes.SESSION), errors=(Conflict,))
    }

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List the sessions in force, the latest first; a user has few."""
        resp.media = {"items": self._access.sessions(req.context.bearer), "next": None}


class SessionResource(AuthResource):
    """A session of the user that asks."""

    roles: ClassVar[Roles] = {"DELETE": "viewer"}
    operations: ClassVar[Operations] = {"on_delete": Operation(statuses=(204,), errors=(Conflict,))}

    def on_delete(self, req: falcon.Request, resp: falcon.Response, sessionid: str) -> None:
        """End it."""
        self._access.sign_out(req.context.bearer, caller_of(req), sessionid)
        resp.status = falcon.HTTP_204


def _tokens(signed_in: SignedIn) -> JsonObject:
    """Return the answer to a program (RFC 6749, section 5.1, without underscores)."""
    return {
        "accesstoken": signed_in.accesstoken,
        "tokentype": "Bearer",
        "expiresin": int(signed_in.ttl.total_seconds()),
        "refreshtoken": signed_in.refreshtoken,
        "role": signed_in.bearer.role,
    }


def _credentials(fields: JsonObject, browser: Json) -> tuple[str, str]:
    """Return username and password; raises `InvalidSubmission` for anything else."""
    username, password = fields.get("username"), fields.get("password")
    is_complete = fields.keys() == {"username", "password"} and isinstance(browser, bool)
    if not (is_complete and isinstance(username, str) and isinstance(password, str)):
        raise InvalidSubmission(_SIGNING_IN)
    if len(username) > USERNAME_LENGTH or not (is_password(username) and is_password(password)):
        raise InvalidSubmission(_SIGNING_IN)
    return username, password
