"""The users of a site: who may sign in, in which role. The caller's transaction commits.

What a change takes from a user also ends the sessions: a disabled user, another role or another password.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Select, insert, select, update

from shopdb_core.access.events import Action, Caller, record_event
from shopdb_core.access.sessions import end_session, end_sessions, list_sessions
from shopdb_core.access.sign_in.throttle import forget_failures
from shopdb_core.access.tokens import Role
from shopdb_core.assets.identity import identity_key
from shopdb_core.assets.listed_ids import begins_with
from shopdb_core.errors import Conflict, InvalidParameter, NotFound
from shopdb_core.store.tables import USERNAME_LENGTH, accesssession, appuser
from shopdb_hookspecs import JsonObject

_column = appuser.c


@dataclass(frozen=True, slots=True)
class User:
    """One user; `passwordhash` is `None` for one that signs in with the identity provider."""

    userid: int
    username: str
    role: Role
    passwordhash: str | None
    disabledat: datetime | None


_USER = select(_column.userid, _column.username, _column.role, _column.passwordhash, _column.disabledat)


def username_key(username: str) -> bytes:
    """Return the key of a username, which two spellings of one name share."""
    return identity_key(username)


def checked_username(username: str) -> str:
    """Return a username as it is stored: trimmed, in NFC; raises `InvalidParameter`."""
    name = unicodedata.normalize("NFC", username.strip())
    if not (0 < len(name) <= USERNAME_LENGTH and name.isprintable()):
        raise InvalidParameter(f"A username has 1 to {USERNAME_LENGTH} printable characters.")
    return name


def find_user(connection: Connection, username: str) -> User | None:
    """Return the user of a name, also a disabled one."""
    return _first(connection, _USER.where(_column.usernamekey == username_key(username)))


def find_provider_user(connection: Connection, providerkey: bytes) -> User | None:
    """Return the user whom the identity provider knows by this key."""
    return _first(connection, _USER.where(_column.providerkey == providerkey))


def session_user(connection: Connection, sessionid: str) -> User | None:
    """Return the user of a session."""
    session = accesssession.c
    query = _USER.join(accesssession, session.userid == _column.userid).where(session.sessionid == sessionid)
    return _first(connection, query)


def user_of_id(connection: Connection, userid: int) -> User:
    """Return a user; raises `NotFound` for an id that none has had: no user is ever deleted."""
    user = _first(connection, _USER.where(_column.userid == userid))
    if user is None:
        raise NotFound(f"There is no user with the number {userid}; `shopdb user list` shows all.")
    return user


def lock_user(connection: Connection, userid: int) -> User:
    """Return a user who does not change before the transaction ends."""
    user = _first(connection, _USER.where(_column.userid == userid).with_for_update())
    assert user is not None
    return user


def _first(connection: Connection, query: Select[Any]) -> User | None:
    row = connection.execute(query).first()
    return User(*row) if row else None


def add_user(
    connection: Connection,
    at: datetime,
    caller: Caller,
    username: str,
    role: Role,
    *,
    passwordhash: str | None = None,
    providerkey: bytes | None = None,
) -> User:
    """Add a user; raises `InvalidParameter` for the name, or `Conflict` if it is taken."""
    name = checked_username(username)
    check_free(connection, name)
    values = {"username": name, "usernamekey": username_key(name), "role": role, "createdat": at}
    connection.execute(insert(appuser).values(**values, passwordhash=passwordhash, providerkey=providerkey))
    record_event(connection, at, "user added", caller, subject=name, detail=role)
    return require_user(connection, name)


def check_free(connection: Connection, username: str) -> None:
    """Raise `Conflict` if there is a user of this name."""
    if find_user(connection, username):
        raise Conflict(f"There is a user {username!r} already; `shopdb user list` shows all.")


def require_local(connection: Connection, username: str) -> User:
    """Return the user of a name who has a password here; raises `NotFound` or `Conflict`."""
    user = require_user(connection, username)
    if user.passwordhash is None:
        raise Conflict(f"{user.username!r} signs in with the identity provider, and has no password here.")
    return user


def require_user(connection: Connection, username: str) -> User:
    """Return the user of a name; raises `NotFound`."""
    user = find_user(connection, username)
    if user is None:
        raise NotFound(f"There is no user {username[:USERNAME_LENGTH]!r}; `shopdb user list` shows all.")
    return user


def list_users(
    connection: Connection, *, after: str | None = None, prefix: str = "", limit: int | None = None
) -> Sequence[JsonObject]:
    """Return users by name: all, or up to `limit` after the name `after` that begin with `prefix`."""
    query = select(
        _column.userid,
        _column.username,
        _column.role,
        _column.passwordhash.is_(None).label("provider"),
        _column.createdat,
        _column.disabledat,
    )
    if after is not None:
        query = query.where(_column.usernamekey > username_key(after))
    if prefix:
        query = query.where(begins_with(_column.usernamekey, username_key(prefix)))
    rows = connection.execute(query.order_by(_column.usernamekey).limit(limit)).mappings()
    return [{**row, "provider": bool(row["provider"])} for row in rows]


def disable_user(
    connection: Connection, at: datetime, caller: Caller, username: str, *, force: bool = False
) -> User:
    """Disable a user, whose sessions end; raises `NotFound`, or `Conflict` for the last enabled admin."""
    user = require_user(connection, username)
    if user.disabledat is None:
        _check_not_last_admin(connection, user, force=force)
        _change(connection, user, _column.disabledat, at)
        _end(connection, at, "user disabled", caller, user)
    return user


def enable_user(connection: Connection, at: datetime, caller: Caller, username: str) -> User:
    """Enable a user, who may sign in at once; raises `NotFound`."""
    user = require_user(connection, username)
    _change(connection, user, _column.disabledat, None)
    forget_failures(connection, username_key(user.username))
    record_event(connection, at, "user enabled", caller, subject=user.username)
    return user


def change_role(
    connection: Connection, at: datetime, caller: Caller, username: str, role: Role, *, force: bool = False
) -> User:
    """Change the role of a user, whose sessions end; raises as `disable_user` does."""
    user = require_user(connection, username)
    if user.role != role:
        _check_not_last_admin(connection, user, force=force)
        _change(connection, user, _column.role, role)
        _end(connection, at, "role changed", caller, user, detail=f"{user.role} to {role}")
    return user


def change_password(
    connection: Connection, at: datetime, caller: Caller, username: str, passwordhash: str
) -> User:
    """Give a user another password; the sessions end.

    Raises `NotFound`, or `Conflict` for a user of the identity provider.
    """
    user = require_local(connection, username)
    _change(connection, user, _column.passwordhash, passwordhash)
    forget_failures(connection, username_key(user.username))
    _end(connection, at, "password changed", caller, user)
    return user


def end_sessions_of(
    connection: Connection, at: datetime, caller: Caller, userid: int, sessionid: str | None = None
) -> User:
    """End one session of a user, or all, and record each that was in force; raises `NotFound`."""
    user = user_of_id(connection, userid)
    in_force = [each["sessionid"] for each in list_sessions(connection, at, userid)]
    ended = in_force if sessionid is None else [each for each in in_force if each == sessionid]
    if sessionid is not None and not ended:
        raise NotFound(f"{user.username!r} has no such session any more.")
    for each in ended:
        end_session(connection, each, userid)
        record_event(connection, at, "session ended", caller, subject=user.username)
    return user


def renew_hash(connection: Connection, user: User, passwordhash: str) -> None:
    """Store the hash of the same password with other parameters."""
    _change(connection, user, _column.passwordhash, passwordhash)


def _change(connection: Connection, user: User, column: Column[Any], value: object) -> None:
    connection.execute(update(appuser).where(_column.userid == user.userid).values({column: value}))


def _end(
    connection: Connection,
    at: datetime,
    action: Action,
    caller: Caller,
    user: User,
    *,
    detail: str | None = None,
) -> None:
    """End the sessions of a changed user, and record the change."""
    end_sessions(connection, user.userid)
    record_event(connection, at, action, caller, subject=user.username, detail=detail)


def _check_not_last_admin(connection: Connection, user: User, *, force: bool) -> None:
    """Raise `Conflict` if a site would be left without an admin who may sign in, unless it is forced."""
    if user.role != "admin" or user.disabledat is not None or force:
        return
    admins = select(_column.userid).where(_column.role == "admin", _column.disabledat.is_(None))
    # Locked, so that two commands do not disable the last two at once.
    if len(connection.execute(admins.order_by(_column.userid).with_for_update()).all()) <= 1:
        raise Conflict(f"{user.username!r} is the last enabled admin; add another one first, or use --force.")
