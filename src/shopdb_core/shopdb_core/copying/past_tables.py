"""The rows of then in the tables that do not follow from the entries (`AS_OF_TIME` in `tables.py`)."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import Connection, Table, literal, select

from shopdb_core.assets.merges import NOTHING
from shopdb_core.copying.tables import RESET
from shopdb_core.copying.target import TableRow
from shopdb_core.store.tables import (
    accessevent,
    appuser,
    asset,
    assetmark,
    assetmerge,
    audithead,
    auditpruning,
    programtoken,
    refusal,
    submissioncount,
    wordindex,
)

Rows: TypeAlias = Sequence[TableRow]


def other_rows(source: Connection, at: datetime, last: int) -> Iterator[tuple[Table, Rows]]:
    """Yield tables with their rows as of a time, for a copy whose entries go up to the id `last`."""
    heads = select(audithead).where(audithead.c.at <= at, audithead.c.auditid <= last)
    counts = select(submissioncount).where(submissioncount.c.day < at.date())
    refusals = select(refusal).where(refusal.c.at <= at)
    events = select(accessevent).where(accessevent.c.at <= at)
    marks = select(asset.c.assetid, literal(0).label("auditid")).where(asset.c.createdat <= at)
    yield assetmerge, _merges(source, at)
    for query, table in (
        (heads, audithead),
        (counts, submissioncount),
        (refusals, refusal),
        (select(appuser), appuser),
        (select(programtoken), programtoken),
        (events, accessevent),
        (marks, assetmark),
        (select(wordindex), wordindex),
    ):
        yield table, source.execute(query).mappings().all()
    yield auditpruning, _positions(source, last)


def _merges(source: Connection, at: datetime) -> Rows:
    """Return the merges until then; what undoing needs of one that was undone since is not kept."""
    again = {"undoneat": None, "undoneby": None, "undo": NOTHING}
    rows = source.execute(select(assetmerge).where(assetmerge.c.at <= at)).mappings()
    return [{**row, **again} if row["undoneat"] and row["undoneat"] > at else row for row in rows]


def _positions(source: Connection, last: int) -> Rows:
    rows = source.execute(select(auditpruning)).mappings()
    begin = {"since": None, "allowed": None, **RESET["auditpruning"]}
    return [{**row, **begin, "position": min(row["position"], last)} for row in rows]
