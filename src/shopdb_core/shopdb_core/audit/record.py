"""Writing an audit entry, in the transaction of what it tells of."""

from sqlalchemy import Connection, bindparam, insert, select

from shopdb_core.audit.entry import SealedEntry
from shopdb_core.store import Insertion, Statement
from shopdb_core.store.tables import auditentry

_INSERT = Insertion(
    insert(auditentry).values(
        {column.name: bindparam(column.name) for column in auditentry.c if column.name != "auditid"}
    )
)
_NEWEST_HASH = Statement(
    select(auditentry.c.hash)
    .where(auditentry.c.assetid == bindparam("assetid"))
    .order_by(auditentry.c.auditid.desc())
    .limit(1)
)


def newest_hash(connection: Connection, assetid: int) -> bytes | None:
    """Return the hash that the asset's next entry follows."""
    row = _NEWEST_HASH.run(connection, {"assetid": assetid}).fetchone()
    return row[0] if row else None


def record(connection: Connection, sealed: SealedEntry) -> int:
    """Insert an entry and return its auditid."""
    entry = sealed.entry
    row = {
        "at": entry.at,
        "plugin": entry.plugin,
        "action": entry.action,
        "assetid": entry.assetid,
        "identityvalue": entry.identityvalue,
        "volatileonly": entry.volatileonly,
        "actor": entry.actor,
        "requestid": entry.requestid,
        "previoushash": sealed.previoushash,
        "hash": sealed.hash,
        "diff": entry.diff,
    }
    return _INSERT.insert(connection, row)
