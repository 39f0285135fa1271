"""The cookies of a browser: that of its session, and that of a sign-in with the identity provider under way.

With TLS their names have the prefix `__Host-`: no other host, also none of the same domain, can set them.
"""

from datetime import UTC, datetime, timedelta

import falcon

from shopdb_core.web.request import public_url

SESSION = "shopdb-session"
SIGN_IN = "shopdb-sign-in"
SECURE_PREFIX = "__Host-"


def read_cookie(req: falcon.Request, name: str) -> str | None:
    """Return the value of the request's cookie, `None` if there is none, or not a single one."""
    values = req.get_cookie_values(_full_name(req, name)) or ()
    return values[0] if len(values) == 1 else None


def session_in(header: str) -> str:
    """Return a token in a `Cookie` header, of either name; an empty text if there is none."""
    found = (pair.strip().partition("=") for pair in header.split(";"))
    return next((value for name, _, value in found if name in (SESSION, SECURE_PREFIX + SESSION)), "")


def set_cookie(req: falcon.Request, resp: falcon.Response, name: str, value: str, ttl: timedelta) -> None:
    """Let the browser send a value with each request until it expires; no script can read it.

    A `ttl` of nothing makes the browser forget it.
    """
    resp.set_cookie(
        _full_name(req, name),
        value,
        expires=datetime.now(UTC) + ttl if ttl else datetime.fromtimestamp(0, UTC),
        path="/",
        secure=_is_tls(req),
        http_only=True,
        same_site="Lax",
    )


def unset_cookie(req: falcon.Request, resp: falcon.Response, name: str) -> None:
    """Let the browser forget a cookie."""
    set_cookie(req, resp, name, "", timedelta())


def _full_name(req: falcon.Request, name: str) -> str:
    return SECURE_PREFIX + name if _is_tls(req) else name


def _is_tls(req: falcon.Request) -> bool:
    return public_url(req).startswith("https:")
