"""What happened to users, their sessions and the tokens of programs: the events.

They are kept apart from the audit, which is about assets. The caller's transaction commits. No event has a
password or a token, nor the name of an unknown user: people type passwords there.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from sqlalchemy import Connection, delete, insert, select

from shopdb_core.store.paging import least_keys
from shopdb_core.store.tables import REASON_LENGTH, accessevent
from shopdb_hookspecs import JsonObject

Action = Literal[
    "signed in",
    "sign-in failed",
    "signed out",
    "session ended",
    "refresh reused",
    "user added",
    "user disabled",
    "user enabled",
    "role changed",
    "password changed",
    "token created",
    "token revoked",
    "link created",
]
ACTIONS: tuple[Action, ...] = get_args(Action)

KEPT_DAYS = 400
MOST_FAILURES = 5_000
"""How many failed sign-ins are kept, the newest ones: everybody can make them."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who acts, and from where: `actor` is `None` before signing in, the rest where there is no request."""

    actor: str | None
    clientaddress: str | None = None
    requestid: str | None = None


def record_event(
    connection: Connection,
    at: datetime,
    action: Action,
    caller: Caller,
    *,
    subject: str | None,
    detail: str | None = None,
) -> None:
    """Insert an event; of failed sign-ins, delete those that are now too many."""
    connection.execute(
        insert(accessevent).values(
            at=at,
            action=action,
            actor=caller.actor,
            subject=subject,
            clientaddress=caller.clientaddress,
            requestid=caller.requestid,
            detail=detail[:REASON_LENGTH] if detail else None,
        )
    )
    if action == "sign-in failed":
        _delete_old_failures(connection)


def _delete_old_failures(connection: Connection) -> None:
    column = accessevent.c
    of_failures = column.action == "sign-in failed"
    newest_first = select(column.eventid).where(of_failures).order_by(column.eventid.desc())
    last = connection.scalar(newest_first.offset(MOST_FAILURES).limit(1))
    if last is not None:
        connection.execute(delete(accessevent).where(of_failures, column.eventid <= last))


def delete_old_events(connection: Connection, now: datetime) -> None:
    """Delete the events of more than `KEPT_DAYS` days ago."""
    connection.execute(delete(accessevent).where(accessevent.c.at < now - timedelta(days=KEPT_DAYS)))


def newest_events(
    connection: Connection, *, before: int, limit: int, action: str | None = None
) -> list[JsonObject]:
    """Return up to `limit` events with ids below `before`, the newest first; of one action, or of all."""
    column = accessevent.c
    series = [column.eventid < before, *([] if action is None else [column.action == action])]
    newest = select(column.eventid).where(*series).order_by(column.eventid.desc()).limit(limit)
    query = select(accessevent).where(column.eventid.in_(select(newest.subquery())))
    return [dict(row) for row in connection.execute(query.order_by(column.eventid.desc())).mappings()]


def list_events(
    connection: Connection, *, after: int, limit: int, action: str | None = None
) -> list[JsonObject]:
    """Return up to `limit` events with ids above `after`, oldest first; of one action, or of all."""
    column = accessevent.c
    query = select(accessevent).order_by(column.eventid)
    if action is None:
        query = query.where(column.eventid > after).limit(limit)
    else:
        series = (column.action == action) & (column.eventid > after)
        query = query.where(
            column.eventid.in_(select(least_keys(column.eventid, [series], limit).subquery()))
        )
    return [dict(row) for row in connection.execute(query).mappings()]
