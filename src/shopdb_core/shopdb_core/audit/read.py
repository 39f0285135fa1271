"""Reading the audit, in the order of the database's sequence."""

import orjson
from sqlalchemy import Connection, select

from shopdb_core.store.tables import auditentry
from shopdb_hookspecs import JsonObject


def list_entries(
    connection: Connection,
    *,
    after: int,
    limit: int,
    plugin: str | None = None,
    action: str | None = None,
    assetid: int | None = None,
) -> list[JsonObject]:
    """Return up to `limit` audit entries with an id above `after`; filters that are `None` let all pass."""
    wanted = {"plugin": plugin, "action": action, "assetid": assetid}
    query = (
        select(
            auditentry.c.auditid,
            auditentry.c.at,
            auditentry.c.plugin,
            auditentry.c.action,
            auditentry.c.assetid,
            auditentry.c.identityvalue,
            auditentry.c.diff,
            auditentry.c.volatileonly,
            auditentry.c.actor,
            auditentry.c.requestid,
        )
        .filter_by(**{name: value for name, value in wanted.items() if value is not None})
        .where(auditentry.c.auditid > after)
        .order_by(auditentry.c.auditid)
        .limit(limit)
    )
    rows = connection.execute(query).mappings()
    return [{**row, "diff": orjson.loads(row["diff"])} for row in rows]
