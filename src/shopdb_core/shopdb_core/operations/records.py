"""What the database knows about the operation of its site; every function gets the caller's connection."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import Connection, bindparam, delete, func, insert, inspect, not_, select, table, text

from shopdb_core.audit.prune import OF_KIND, Kind
from shopdb_core.outcomes.records import LEGACY
from shopdb_core.outcomes.totals import STORED
from shopdb_core.store.databases import DATABASES
from shopdb_core.store.tables import (
    assetduplicate,
    auditentry,
    audithead,
    auditpruning,
    backup,
    submissioncount,
)
from shopdb_hookspecs import JsonObject

KEPT_BACKUPS = 100
"""How many rows of backups are kept."""

DIGITS = tuple("0123456789")


@dataclass(frozen=True, slots=True)
class LastSubmission:
    """The last day on which a plugin's source had a submission stored; `source` is empty without a name."""

    plugin: str
    source: str
    day: date


@dataclass(frozen=True, slots=True)
class DayOfSubmissions:
    """How many submissions were stored and refused since a day."""

    stored: int
    refused: int


def database_bytes(connection: Connection) -> int:
    """Return the size of the database, without SQLite's write-ahead log."""
    return int(connection.scalar(text(DATABASES[connection.dialect.name].bytes_query)) or 0)


def database_time(connection: Connection) -> datetime:
    """Return the time of the database's clock."""
    seconds = connection.scalar(text(DATABASES[connection.dialect.name].clock_query))
    return datetime.fromtimestamp(float(seconds or 0), UTC)


def newest_entry(connection: Connection) -> int:
    """Return the id of the newest audit entry, 0 without entries."""
    return connection.scalar(select(func.max(auditentry.c.auditid))) or 0


def record_backup(connection: Connection, at: datetime, file: str, size: int, *, verified: bool) -> None:
    """Record a backup, and forget the oldest ones."""
    values = {"at": at, "file": file[-255:], "bytes": size, "verified": verified}
    connection.execute(insert(backup).values(values))
    newest = select(backup.c.backupid).order_by(backup.c.backupid.desc())
    last = connection.scalar(newest.offset(KEPT_BACKUPS).limit(1))
    if last is not None:
        connection.execute(delete(backup).where(backup.c.backupid <= last))


def last_backup(connection: Connection) -> datetime | None:
    """Return when the newest backup was made."""
    at: datetime | None = connection.scalar(select(func.max(backup.c.at)))
    return at


def list_backups(connection: Connection) -> list[JsonObject]:
    """Return the records of the newest backups, the newest first; `KEPT_BACKUPS` at most."""
    query = select(backup).order_by(backup.c.backupid.desc()).limit(KEPT_BACKUPS)
    rows = connection.execute(query).mappings()
    return [{**row, "verified": bool(row["verified"])} for row in rows]


def newest_heads(connection: Connection, *, before: int, limit: int) -> list[JsonObject]:
    """Return up to `limit` heads of entries below `before`, the newest first: `auditid` and `at`."""
    column = audithead.c
    query = select(audithead).where(column.auditid < before).order_by(column.auditid.desc()).limit(limit)
    return [dict(row) for row in connection.execute(query).mappings()]


def last_head(connection: Connection) -> datetime | None:
    """Return when the newest head was taken."""
    at: datetime | None = connection.scalar(select(func.max(audithead.c.at)))
    return at


def last_submissions(connection: Connection) -> list[LastSubmission]:
    """Return the last day of each plugin and source, of the days that are counted."""
    counted = submissioncount.c
    query = (
        select(counted.plugin, counted.source, func.max(counted.day).label("day"))
        .where(counted.plugin.not_in(("", LEGACY)), not_(func.substr(counted.outcome, 1, 1).in_(DIGITS)))
        .group_by(counted.plugin, counted.source)
        .order_by(counted.plugin, counted.source)
    )
    return [LastSubmission(*row) for row in connection.execute(query)]


def submissions_since(connection: Connection, day: date) -> DayOfSubmissions:
    """Count the submissions since the beginning of a day (UTC)."""
    counted = submissioncount.c
    of_plugins = (counted.day >= day, counted.plugin != LEGACY)
    is_refused = func.substr(counted.outcome, 1, 1).in_(DIGITS)

    def total(*conditions: object) -> int:
        query = select(func.sum(counted.count)).where(*of_plugins, *conditions)  # type: ignore[arg-type]  # a condition of SQLAlchemy
        return int(connection.scalar(query) or 0)

    return DayOfSubmissions(total(not_(is_refused)), total(is_refused))


def waiting_duplicates(connection: Connection) -> int:
    """Count the findings about duplicates that nobody has ignored."""
    query = select(func.count()).select_from(assetduplicate).where(assetduplicate.c.ignoredat.is_(None))
    return connection.scalar(query) or 0


def waiting_by_kind(connection: Connection) -> dict[str, int]:
    """Count the findings about duplicates that nobody has ignored, by kind."""
    column = assetduplicate.c
    query = select(column.kind, func.count().label("number")).where(column.ignoredat.is_(None))
    return {
        row.kind: row.number for row in connection.execute(query.group_by(column.kind).order_by(column.kind))
    }


_NEWEST_BY_ACTION = select(
    *(
        select(func.max(auditentry.c.auditid))
        .where(auditentry.c.plugin == bindparam("plugin"), auditentry.c.action == action)
        .scalar_subquery()
        for action in STORED
    )
)
"""The newest entry of a plugin with each action, which an index has."""


def newest_submissions(connection: Connection, plugins: Iterable[str]) -> dict[str, datetime]:
    """Return when each of the plugins last had a submission stored, by the audit; one query for each."""
    newest: dict[str, int] = {}
    for plugin in plugins:
        found = connection.execute(_NEWEST_BY_ACTION, {"plugin": plugin}).one()
        newest[plugin] = max(auditid or 0 for auditid in found)
    query = select(auditentry.c.auditid, auditentry.c.at).where(auditentry.c.auditid.in_(newest.values()))
    times = {row.auditid: row.at for row in connection.execute(query)}
    return {plugin: times[auditid] for plugin, auditid in newest.items() if auditid in times}


def oldest_unexamined(connection: Connection, kind: Kind) -> datetime | None:
    """Return the time of the first entry of a kind that pruning has not looked at; `None` without one."""
    position = connection.scalar(select(auditpruning.c.position).where(auditpruning.c.kind == kind)) or 0
    query = select(auditentry.c.at).where(auditentry.c.auditid > position, OF_KIND[kind])
    return connection.scalar(query.order_by(auditentry.c.auditid).limit(1))


def count_rows(connection: Connection, tables: Iterable[str]) -> dict[str, int]:
    """Count the rows of those of the tables that exist."""
    present = inspect(connection).get_table_names()
    return {
        name: connection.scalar(select(func.count()).select_from(table(name))) or 0
        for name in tables
        if name in present
    }
