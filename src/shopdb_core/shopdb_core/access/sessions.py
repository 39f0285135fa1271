"""The sessions of users: begun by signing in, renewed by refresh tokens, and ended.

The caller's transaction commits.

A program gets access tokens for minutes and a refresh token, which is replaced at each use (RFC 9700, section
4.14.2). A browser gets one token for the whole session, in a cookie. The row of an ended session is deleted.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from shopdb_core.store.tables import GRANT_ID_LENGTH, accesssession
from shopdb_hookspecs import JsonObject

ACCESS_TTL = timedelta(minutes=15)
"""How long the access token of a program is valid; it is checked against the session all the same."""

MOST_SESSIONS = 20
"""How many sessions a user has at most; the one that was used least lately is ended for another."""

GRACE = timedelta(seconds=10)
"""How long a refresh token may be used again, if its answer was lost or two of a program's tasks share it."""

_SECRET_BYTES = 32
_REFRESH_TOKEN = re.compile(rf"([0-9a-f]{{{GRANT_ID_LENGTH}}})\.[A-Za-z0-9_-]{{43,64}}")
_column = accesssession.c


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """After which time a session ends: since it was used, and since it began."""

    idle: timedelta
    longest: timedelta


OF_BROWSER = Lifetimes(idle=timedelta(hours=2), longest=timedelta(hours=12))
OF_PROGRAM = Lifetimes(idle=timedelta(days=7), longest=timedelta(days=30))


@dataclass(frozen=True, slots=True)
class Begun:
    """A new session; a browser's has no refresh token."""

    sessionid: str
    refreshtoken: str | None


def new_grant_id() -> str:
    """Return the id of a session or a token: random, so that none is ever used for another again."""
    return secrets.token_hex(GRANT_ID_LENGTH // 2)


def begin_session(
    connection: Connection, at: datetime, userid: int, clientaddress: str | None, *, browser: bool
) -> Begun:
    """Begin a session of a user, and end the oldest of too many."""
    _make_room(connection, at, userid)
    sessionid = new_grant_id()
    refreshtoken = None if browser else f"{sessionid}.{secrets.token_urlsafe(_SECRET_BYTES)}"
    connection.execute(
        insert(accesssession).values(
            sessionid=sessionid,
            userid=userid,
            refreshdigest=_digest(refreshtoken) if refreshtoken else None,
            createdat=at,
            lastusedat=at,
            expiresat=at + (OF_BROWSER if browser else OF_PROGRAM).longest,
            clientaddress=clientaddress,
        )
    )
    return Begun(sessionid, refreshtoken)


def _make_room(connection: Connection, at: datetime, userid: int) -> None:
    delete_expired_sessions(connection, at, userid)
    latest_first = (
        select(_column.sessionid).where(_column.userid == userid).order_by(_column.lastusedat.desc())
    )
    too_many = connection.scalars(latest_first.offset(MOST_SESSIONS - 1).limit(MOST_SESSIONS)).all()
    connection.execute(delete(accesssession).where(_column.sessionid.in_(too_many)))


def is_in_force(row: JsonObject, at: datetime) -> bool:
    """Return whether a session has begun, and has neither expired nor been idle for too long."""
    if row["refreshdigest"] is None and row["formerdigest"] is not None:
        return False  # a link that nobody has opened (`links.py`)
    lifetimes = OF_BROWSER if row["refreshdigest"] is None else OF_PROGRAM
    return bool(row["expiresat"] > at and row["lastusedat"] + lifetimes.idle > at)


@dataclass(frozen=True, slots=True)
class Renewal:
    """What became of a refresh token: the session goes on with its successor, or was ended: `None`."""

    sessionid: str
    userid: int
    refreshtoken: str | None


def renew_session(connection: Connection, at: datetime, refreshtoken: str, key: bytes) -> Renewal | None:
    """Replace a refresh token; `None` if there is no such session.

    The successor is computed from the token and `key`. So a token that comes twice within `GRACE` has the
    same answer twice, and only the digest of a token is stored. One that comes later was copied: the session
    is ended, and there is no successor.
    """
    if not (match := _REFRESH_TOKEN.fullmatch(refreshtoken)):
        return None
    sessionid = match[1]
    query = select(accesssession).where(_column.sessionid == sessionid, _column.refreshdigest.is_not(None))
    row = connection.execute(query.with_for_update()).mappings().first()
    if row is None or not is_in_force(dict(row), at):
        return None
    digest, successor = _digest(refreshtoken), _successor(refreshtoken, key)
    if hmac.compare_digest(digest, row["refreshdigest"]):
        values = {
            "refreshdigest": _digest(successor),
            "formerdigest": digest,
            "renewedat": at,
            "lastusedat": at,
        }
        connection.execute(update(accesssession).where(_column.sessionid == sessionid).values(values))
    elif digest != row["formerdigest"] or at > row["renewedat"] + GRACE:
        end_session(connection, sessionid, row["userid"])
        return Renewal(sessionid, row["userid"], None)
    return Renewal(sessionid, row["userid"], successor)


def _successor(refreshtoken: str, key: bytes) -> str:
    sessionid = refreshtoken.partition(".")[0]
    return f"{sessionid}.{hmac.digest(key, refreshtoken.encode(), 'sha256').hex()}"


def _digest(refreshtoken: str) -> bytes:
    return hashlib.sha256(refreshtoken.encode()).digest()


def end_session(connection: Connection, sessionid: str, userid: int) -> bool:
    """End a session of a user; returns whether there was one."""
    ended = delete(accesssession).where(_column.sessionid == sessionid, _column.userid == userid)
    return connection.execute(ended).rowcount > 0


def end_sessions(connection: Connection, userid: int) -> int:
    """End all sessions of a user; return how many there were."""
    return connection.execute(delete(accesssession).where(_column.userid == userid)).rowcount


def list_sessions(connection: Connection, at: datetime, userid: int) -> Sequence[JsonObject]:
    """Return the sessions of a user that are in force, the latest first."""
    query = select(accesssession).where(_column.userid == userid).order_by(_column.createdat.desc())
    shown = ("sessionid", "createdat", "lastusedat", "expiresat", "clientaddress")
    return [
        {**{name: row[name] for name in shown}, "browser": row["refreshdigest"] is None}
        for row in connection.execute(query).mappings()
        if is_in_force(dict(row), at)
    ]


def delete_expired_sessions(connection: Connection, at: datetime, userid: int | None = None) -> None:
    """Delete the sessions that have expired, of one user or of all."""
    is_theirs = [] if userid is None else [_column.userid == userid]
    connection.execute(delete(accesssession).where(_column.expiresat <= at, *is_theirs))
