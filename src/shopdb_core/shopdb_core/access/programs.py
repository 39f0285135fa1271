"""The tokens of programs, which `shopdb token` issues and revokes. The caller's transaction commits."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from shopdb_core.access.events import Caller, record_event
from shopdb_core.access.sessions import new_grant_id
from shopdb_core.access.tokens import Grant, Role, Tokens
from shopdb_core.errors import NotFound
from shopdb_core.store.tables import LARGEST_ID, programtoken
from shopdb_hookspecs import JsonObject

KEPT_DAYS = 30
"""How long an expired token is still listed."""

_column = programtoken.c
_SHOWN = (
    _column.tokenid,
    _column.name,
    _column.role,
    _column.createdat,
    _column.expiresat,
    _column.lastusedat,
    _column.revokedat,
)


def create_token(
    connection: Connection,
    at: datetime,
    caller: Caller,
    tokens: Tokens,
    *,
    subject: str,
    role: Role,
    ttl: timedelta,
) -> tuple[int, str]:
    """Store and return a token: its id, and the text to send; raises `InvalidParameter` as `Tokens.issue`."""
    jti = new_grant_id()
    token = tokens.issue(subject, role, ttl, Grant("jti", jti))
    values = {"jti": jti, "name": subject, "role": role, "createdat": at, "expiresat": at + ttl}
    inserted = connection.execute(insert(programtoken).values(values)).inserted_primary_key
    assert inserted is not None
    record_event(connection, at, "token created", caller, subject=subject, detail=f"{inserted[0]}, {role}")
    return int(inserted[0]), token


def list_tokens(connection: Connection, *, after: int, limit: int) -> Sequence[JsonObject]:
    """Return up to `limit` tokens with ids above `after`, also revoked and expired ones."""
    query = select(*_SHOWN).where(_column.tokenid > after).order_by(_column.tokenid).limit(limit)
    return [dict(row) for row in connection.execute(query).mappings()]


def get_token(connection: Connection, tokenid: int) -> JsonObject:
    """Return one token; raises `NotFound`."""
    row = connection.execute(select(*_SHOWN).where(_column.tokenid == tokenid)).mappings().first()
    if row is None:
        raise NotFound(f"There is no token {tokenid}; `shopdb token list` shows all.")
    return dict(row)


def revoke_tokens(connection: Connection, at: datetime, caller: Caller, which: str) -> Sequence[JsonObject]:
    """Revoke the token of an id, or else all of a name, and return those that were in force.

    Raises `NotFound` if there is no such token.
    """
    named = select(*_SHOWN).where(_column.name == which).order_by(_column.tokenid).with_for_update()
    # Compared here as well, since some databases ignore blanks at the end.
    rows = [row for row in connection.execute(named).mappings() if row["name"] == which]
    if is_id := which.isascii() and which.isdigit() and 0 < int(which[:20]) <= LARGEST_ID:
        by_id = select(*_SHOWN).where(_column.tokenid == int(which)).with_for_update()
        rows = [*connection.execute(by_id).mappings()] or rows
    if not rows:
        what = "id or name" if is_id else "name"
        raise NotFound(f"There is no token of the {what} {which[:80]!r}; `shopdb token list` shows all.")
    revoked = [{**row, "revokedat": at} for row in rows if row["revokedat"] is None]
    ids = [row["tokenid"] for row in revoked]
    connection.execute(update(programtoken).where(_column.tokenid.in_(ids)).values(revokedat=at))
    for row in revoked:
        record_event(connection, at, "token revoked", caller, subject=row["name"], detail=str(row["tokenid"]))
    return revoked


def delete_expired_tokens(connection: Connection, now: datetime) -> None:
    """Delete the tokens that expired more than `KEPT_DAYS` days ago."""
    connection.execute(delete(programtoken).where(_column.expiresat < now - timedelta(days=KEPT_DAYS)))
