"""What became of submissions: those that were refused, and how many of each day had each outcome.

Both are kept beside the audit, which has what was stored: the refusals in a bounded table, the counts for 400
days. Of a refused submission nothing is kept but its identity. The caller's transaction commits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ColumnElement, Connection, Select, Table, delete, func, insert, not_, select, update

from shopdb_core.assets.identity import identity_key
from shopdb_core.clock import utc_now
from shopdb_core.errors import Fault
from shopdb_core.json_text import canonical_text
from shopdb_core.store.paging import Page, read_rows
from shopdb_core.store.tables import refusal, submissioncount
from shopdb_hookspecs import Json, JsonObject

MOST_REFUSALS = 9_000
MOST_UNAUTHENTICATED = 1_000
"""How many refusals are kept, the newest ones; those without a valid key apart.

Whoever has no key cannot push out what others need to see.
"""

UNAUTHENTICATED = (401, 429)

LEGACY = "pc"
"""The name under which the uses of the legacy endpoint are counted, beside the submissions of the plugin.

No sum over all plugins has them.
"""

KEPT_DAYS = 400
"""For how long counts are kept: a year, and the month to compare it with."""

LONGEST_POINTER = 200
"""How many characters of the pointer to a fault are kept."""

_IS_UNAUTHENTICATED = refusal.c.status.in_(UNAUTHENTICATED)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One submission that was not stored, with the status of its answer.

    `plugin` is `None` if no such plugin is installed, `source` if the key has no name, and `identityvalue` if
    the identity could not be read.
    """

    plugin: str | None
    status: int
    requestid: str
    clientaddress: str | None
    faults: Sequence[Fault] = ()
    identityvalue: str | None = None
    source: str | None = None

    @property
    def outcome(self) -> str:
        """The status and the keyword of the first fault, such as `422 type`; without a fault the status."""
        return " ".join((str(self.status), *(fault.keyword for fault in self.faults[:1])))

    def row(self, at: datetime) -> JsonObject:
        """Return the row of the table; the messages of the faults, which may quote values, are left out."""
        errors = [
            {"pointer": fault.pointer[:LONGEST_POINTER], "keyword": fault.keyword} for fault in self.faults
        ]
        return {
            "at": at,
            "plugin": self.plugin,
            "source": self.source,
            "clientaddress": self.clientaddress,
            "requestid": self.requestid,
            "status": self.status,
            "errors": canonical_text(errors),
            "identityvalue": self.identityvalue,
        }


class Counted(NamedTuple):
    """What is counted by itself; a plugin or source that does not exist is an empty text."""

    day: date
    plugin: str
    source: str
    outcome: str


def record_outcomes(
    connection: Connection, refusals: Sequence[JsonObject], counts: Mapping[Counted, int]
) -> None:
    """Insert the rows of refusals and delete those that are now too many; add to the counts.

    Counts are written in the same order by all processes, so that none waits for another one in a circle.
    """
    if refusals:
        connection.execute(insert(refusal), refusals)
        _delete_all_but(connection, MOST_UNAUTHENTICATED, _IS_UNAUTHENTICATED)
        _delete_all_but(connection, MOST_REFUSALS, not_(_IS_UNAUTHENTICATED))
    for counted, number in sorted(counts.items()):
        _add(connection, counted, number)


def _delete_all_but(connection: Connection, most: int, kind: ColumnElement[bool]) -> None:
    """Delete all but the newest refusals of one kind."""
    newest_first = select(refusal.c.refusalid).where(kind).order_by(refusal.c.refusalid.desc())
    last = connection.scalar(newest_first.offset(most).limit(1))
    if last is not None:
        connection.execute(delete(refusal).where(kind, refusal.c.refusalid <= last))


def _add(connection: Connection, counted: Counted, number: int) -> None:
    """Add to a count; if two processes insert its row at once, the store runs one of them again."""
    column = submissioncount.c
    same = [column[name] == value for name, value in counted._asdict().items()]
    added = update(submissioncount).where(*same).values({"count": column["count"] + number})
    if connection.execute(added).rowcount == 0:
        connection.execute(insert(submissioncount).values({**counted._asdict(), "count": number}))


def delete_old_counts(connection: Connection, today: date) -> None:
    """Delete the counts of days that are too long ago."""
    connection.execute(
        delete(submissioncount).where(submissioncount.c.day < today - timedelta(days=KEPT_DAYS))
    )


def erase_refusals(connection: Connection, plugin: str, identitykey: bytes) -> int:
    """Delete the refusals of one asset, in any spelling of its identity; return how many there were.

    Those of the last seconds may still be in the memory of a process, and are written later.
    """
    column = refusal.c
    query = select(column.refusalid, column.identityvalue).where(
        column.plugin == plugin, column.identityvalue.is_not(None)
    )
    found = [
        refusalid for refusalid, value in connection.execute(query) if identity_key(value) == identitykey
    ]
    connection.execute(delete(refusal).where(column.refusalid.in_(found)))
    return len(found)


def read_refusals(
    connection: Connection,
    *,
    after: int,
    limit: int,
    plugin: str | None = None,
    source: str | None = None,
    status: int | None = None,
) -> Page:
    """Return a page of the refusals with ids above `after`, in their order; `errors` stays JSON text."""
    keys = _ids(refusal, plugin=plugin, source=source, status=status)
    keys = keys.where(refusal.c.refusalid > after).order_by(refusal.c.refusalid).limit(limit + 1)
    rows, more = read_rows(
        connection, select(refusal), refusal.c.refusalid, refusal.c.errors, keys=keys, limit=limit
    )
    return Page([{**row._mapping, "errors": orjson.Fragment(row.errors)} for row in rows], more)  # noqa: SLF001  # its public name


def newest_refusals(
    connection: Connection, limit: int, *, before: int | None = None, **filters: Json
) -> list[JsonObject]:
    """Return the newest refusals, or those with ids below `before`, the oldest of them first.

    The filters are those of `read_refusals`.
    """
    newest = _ids(refusal, **filters).order_by(refusal.c.refusalid.desc()).limit(limit)
    if before is not None:
        newest = newest.where(refusal.c.refusalid < before)
    query = select(refusal).where(refusal.c.refusalid.in_(connection.scalars(newest).all()))
    rows = connection.execute(query.order_by(refusal.c.refusalid)).mappings()
    return [{**row, "errors": orjson.loads(row["errors"])} for row in rows]


def list_counts(
    connection: Connection,
    *,
    after: int,
    limit: int,
    first: date | None = None,
    last: date | None = None,
    plugin: str | None = None,
    source: str | None = None,
) -> list[JsonObject]:
    """Return up to `limit` counts with ids above `after`, of the days from `first` to `last`, by their ids.

    The ids ascend with the days, but for what was written late. The uses of the legacy endpoint are among
    them only if `plugin` names it.
    """
    column = submissioncount.c
    conditions = [column.countid > after]
    conditions += [column.day >= first] if first else []
    conditions += [column.day <= last] if last else []
    conditions += [column.plugin != LEGACY] if plugin is None else []
    found = _ids(submissioncount, plugin=plugin, source=source).where(*conditions)
    query = found.with_only_columns(*column).order_by(column.countid).limit(limit)
    return [
        {**row, "plugin": row["plugin"] or None, "source": row["source"] or None}
        for row in connection.execute(query).mappings()
    ]


def legacy_submissions(connection: Connection, days: int) -> int:
    """Return how many submissions the legacy endpoint had in the last `days` days, today included.

    Those that were refused count, too, but not those without a valid key.
    """
    column = submissioncount.c
    first = utc_now().date() - timedelta(days=days - 1)
    total = select(func.sum(column["count"])).where(column.plugin == LEGACY, column.day >= first)
    return int(connection.scalar(total) or 0)


def _ids(table: Table, **filters: Any) -> Select[Any]:
    """Return the query of the ids of rows that have the given values."""
    (key,) = table.primary_key
    given = {name: value for name, value in filters.items() if value is not None}
    return select(key).filter_by(**given)
