"""Links that sign a user in once, in a browser and without a password. The caller's transaction commits.

A link is the row of the session that it begins, with the digest of the link's token; opening it takes the
digest away. So it works once, and ends with the user's sessions: when the user is disabled, for example.
"""

import hashlib
import re
import secrets
from datetime import datetime, timedelta

from sqlalchemy import Connection, update

from shopdb_core.access.events import Caller, record_event
from shopdb_core.access.sessions import OF_BROWSER, begin_session
from shopdb_core.access.users import lock_user, require_user
from shopdb_core.errors import Conflict, InvalidParameter
from shopdb_core.store.tables import GRANT_ID_LENGTH, accesssession
from shopdb_hookspecs import JsonObject

LINK_PATH = "/sign-in/link"
LONGEST_LINK = timedelta(days=1)

_SECRET_BYTES = 32
_TOKEN = re.compile(rf"([0-9a-f]{{{GRANT_ID_LENGTH}}})\.[A-Za-z0-9_-]{{43}}")
_column = accesssession.c


def create_link(connection: Connection, at: datetime, caller: Caller, username: str, ttl: timedelta) -> str:
    """Return the token of a new link of a user, which can be opened within `ttl`.

    Raises `InvalidParameter` for a `ttl` of more than a day, `NotFound`, or `Conflict` for a disabled user.
    """
    if not timedelta() < ttl <= LONGEST_LINK:
        raise InvalidParameter("A link that signs in is valid for at most one day.")
    user = lock_user(connection, require_user(connection, username).userid)
    if user.disabledat is not None:
        raise Conflict(f"{user.username!r} is disabled; run `shopdb user enable` first.")
    sessionid = begin_session(connection, at, user.userid, None, browser=True).sessionid
    token = f"{sessionid}.{secrets.token_urlsafe(_SECRET_BYTES)}"
    values = {"formerdigest": _digest(token), "expiresat": at + ttl}
    connection.execute(update(accesssession).where(_column.sessionid == sessionid).values(values))
    record_event(connection, at, "link created", caller, subject=user.username)
    return token


def session_of_link(token: str) -> str | None:
    """Return the id of the session that a link begins, `None` for any other text."""
    found = _TOKEN.fullmatch(token)
    return found[1] if found else None


def open_link(connection: Connection, at: datetime, token: str, clientaddress: str | None) -> bool:
    """Begin the session of a link; returns whether it had neither been opened nor expired.

    One statement decides, so that of two clicks at the same time one finds no digest.
    """
    values: JsonObject = {
        "formerdigest": None,
        "createdat": at,
        "lastusedat": at,
        "expiresat": at + OF_BROWSER.longest,
        "clientaddress": clientaddress,
    }
    is_it = (_column.sessionid == session_of_link(token)) & (_column.formerdigest == _digest(token))
    is_unopened = _column.refreshdigest.is_(None) & (_column.expiresat > at)
    return connection.execute(update(accesssession).where(is_it, is_unopened).values(values)).rowcount > 0


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
