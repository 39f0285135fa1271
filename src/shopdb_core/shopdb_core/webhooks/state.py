"""How far each webhook is, in the table `webhook`; the caller's transaction commits.

A process that delivers holds the row for some seconds, and renews that as it goes on. What it writes after
another has taken over has no effect.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

from sqlalchemy import Connection, insert, or_, select, update

from shopdb_core.audit.positions import newest_position
from shopdb_core.errors import NotFound
from shopdb_core.feed.cursor import Cursor
from shopdb_core.store.tables import webhook
from shopdb_hookspecs import JsonObject

WebhookStatus: TypeAlias = Literal["active", "failing", "stopped", "removed"]

HELD = timedelta(seconds=30)
"""How long a process holds a webhook without a sign of life; an attempt takes less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookState:
    """A row: the cursor `nextafter` of what was delivered, and the attempts that failed since."""

    nextafter: str
    attempts: int
    failingsince: datetime | None
    nextat: datetime | None
    stoppedat: datetime | None
    holder: str | None
    helduntil: datetime | None

    def is_held_by_another(self, holder: str, now: datetime) -> bool:
        """Return whether another process delivers."""
        return self.holder not in (None, holder) and self.helduntil is not None and now < self.helduntil


_COLUMNS = (
    webhook.c.nextafter,
    webhook.c.attempts,
    webhook.c.failingsince,
    webhook.c.nextat,
    webhook.c.stoppedat,
    webhook.c.holder,
    webhook.c.helduntil,
)
_SHOWN = (
    webhook.c.webhookid,
    webhook.c.name,
    webhook.c.nextafter,
    webhook.c.deliveredat,
    webhook.c.attempts,
    webhook.c.failingsince,
    webhook.c.nextat,
    webhook.c.lasterror,
    webhook.c.stoppedat,
)
_NOT_FAILING = {"attempts": 0, "failingsince": None, "nextat": None, "lasterror": None, "stoppedat": None}


def read_state(connection: Connection, name: str) -> WebhookState | None:
    """Return the state of a webhook, `None` if it is new."""
    row = connection.execute(select(*_COLUMNS).where(webhook.c.name == name)).mappings().first()
    return WebhookState(**row) if row else None


def add_webhook(connection: Connection, name: str, cursor: Cursor) -> None:
    """Add a new webhook, which gets what follows a cursor, unless another process has added it."""
    if read_state(connection, name) is None:
        connection.execute(insert(webhook).values(name=name, nextafter=str(cursor), attempts=0))


def hold(connection: Connection, name: str, holder: str, now: datetime) -> bool:
    """Hold a webhook that is not stopped; return `False` if another process holds it."""
    free = or_(webhook.c.holder.is_(None), webhook.c.holder == holder, webhook.c.helduntil <= now)
    held = update(webhook).where(webhook.c.name == name, webhook.c.stoppedat.is_(None), free)
    return connection.execute(held.values(holder=holder, helduntil=now + HELD)).rowcount == 1


def save(connection: Connection, name: str, holder: str, /, **values: Any) -> bool:
    """Write columns of a webhook; return `False`, without effect, if this process no longer holds it."""
    held = update(webhook).where(webhook.c.name == name, webhook.c.holder == holder)
    return connection.execute(held.values(values)).rowcount == 1


def delivered(cursor: Cursor, now: datetime) -> dict[str, Any]:
    """Return the columns after entries up to a cursor were delivered."""
    return {**_NOT_FAILING, "nextafter": str(cursor), "deliveredat": now, "helduntil": now + HELD}


def resume(connection: Connection, name: str, cursor: Cursor | None) -> None:
    """Deliver again, at once, from where it stopped or after another cursor; raises `NotFound`."""
    moved = {} if cursor is None else {"nextafter": str(cursor)}
    resumed = update(webhook).where(webhook.c.name == name)
    values = {**_NOT_FAILING, "holder": None, "helduntil": None, **moved}
    if connection.execute(resumed.values(values)).rowcount == 0:
        raise NotFound(f"No server has delivered to the webhook {name} yet; there is nothing to resume.")


def list_webhooks(
    connection: Connection, configured: Collection[str], *, after: int, limit: int
) -> list[JsonObject]:
    """Return up to `limit` webhooks with ids above `after`; `configured` are the names in the file.

    `behind` is how many positions of the feed follow what was delivered, those that it does not get included.
    """
    query = select(*_SHOWN).where(webhook.c.webhookid > after).order_by(webhook.c.webhookid).limit(limit)
    newest = newest_position(connection)
    return [_shown(row, configured, newest) for row in connection.execute(query).mappings()]


def _shown(row: Any, configured: Collection[str], newest: int) -> JsonObject:
    shown = {**row, "behind": max(0, newest - Cursor.read(row["nextafter"]).position)}
    return {**shown, "state": _status(row, configured)}


def _status(row: Any, configured: Collection[str]) -> WebhookStatus:
    if row["name"] not in configured:
        return "removed"
    if row["stoppedat"] is not None:
        return "stopped"
    return "failing" if row["attempts"] else "active"
