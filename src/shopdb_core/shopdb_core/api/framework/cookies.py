"""The cookie of a browser's session.

With TLS its name has the prefix `__Host-`: no other host, also none of the same domain, can set it.
"""

from datetime import UTC, datetime, timedelta

import falcon

NAME = "shopdb-session"
SECURE_NAME = f"__Host-{NAME}"


def session_cookie(req: falcon.Request) -> str | None:
    """Return the token in the request's cookie, `None` if there is none, or not a single one."""
    values = req.get_cookie_values(_name(req)) or ()
    return values[0] if len(values) == 1 else None


def session_in(header: str) -> str:
    """Return a token in a `Cookie` header, of either name; an empty text if there is none."""
    found = (pair.strip().partition("=") for pair in header.split(";"))
    return next((value for name, _, value in found if name in (NAME, SECURE_NAME)), "")


def set_session_cookie(req: falcon.Request, resp: falcon.Response, token: str, ttl: timedelta) -> None:
    """Let the browser send a token with each request until it expires; no script can read it.

    A `ttl` of nothing makes the browser forget it.
    """
    resp.set_cookie(
        _name(req),
        token,
        expires=datetime.now(UTC) + ttl if ttl else datetime.fromtimestamp(0, UTC),
        path="/",
        secure=_is_tls(req),
        http_only=True,
        same_site="Lax",
    )


def unset_session_cookie(req: falcon.Request, resp: falcon.Response) -> None:
    """Let the browser forget the token."""
    set_session_cookie(req, resp, "", timedelta())


def _name(req: falcon.Request) -> str:
    return SECURE_NAME if _is_tls(req) else NAME


def _is_tls(req: falcon.Request) -> bool:
    return bool(req.context.publicurl.startswith("https:"))
