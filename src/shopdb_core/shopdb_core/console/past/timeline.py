"""The timeline of an asset by days: its entries, what is left out between them, and what was pruned."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from itertools import groupby

from shopdb_core.assets.merges import all_merged_into
from shopdb_core.audit.browsing.filters import EntryFilters
from shopdb_core.audit.browsing.pages import Entries, browse
from shopdb_core.audit.browsing.timeline import Gap, gaps, pruned_runs
from shopdb_core.audit.checkpoints import NO_CHANGE, Run
from shopdb_core.console.changes.view import EntryRow
from shopdb_core.store import Connection
from shopdb_core.store.tables import LARGEST_ID

ROWS = 50


@dataclass(frozen=True, slots=True)
class Found:
    """A page of the entries of an asset, and of those merged into it, with what is between them."""

    page: Entries
    gaps: Sequence[Gap]
    runs: Sequence[Run]


@dataclass(frozen=True, slots=True)
class Span:
    """Entries that are not shown: `number` of them, which a checkpoint replaced if they were `pruned`.

    `haschange` says whether these changed something together.
    """

    first: datetime
    last: datetime
    number: int
    pruned: bool = False
    haschange: bool = False


@dataclass(frozen=True, slots=True)
class TimelineDay:
    """What happened on one day, the newest first."""

    day: date
    lines: Sequence[EntryRow | Span]


def find(connection: Connection, filters: EntryFilters, before: int | None) -> Found:
    """Return a page of the entries of the asset that the filters name."""
    assert filters.assetid is not None
    page = browse(connection, filters, before=before, limit=ROWS)
    low, high = (page.next or 1) - 1, before or LARGEST_ID
    assetids = [filters.assetid, *all_merged_into(connection, filters.assetid)]
    shown = [each["auditid"] for each in page.items]
    return Found(
        page,
        gaps(connection, assetids, shown, low, high),
        pruned_runs(connection, assetids, low, high),
    )


def by_day(rows: Iterable[EntryRow], found: Found, zone: tzinfo) -> list[TimelineDay]:
    """Return the lines of a page in days of a zone, the newest first."""
    placed: list[tuple[int, datetime, EntryRow | Span]] = [
        (row.entry["auditid"], row.entry["at"], row) for row in rows
    ]
    placed += [(gap.newest, gap.last, Span(gap.first, gap.last, gap.number)) for gap in found.gaps]
    placed += [(run.lastauditid, run.lastat, _pruned(run)) for run in found.runs]
    placed.sort(key=lambda each: -each[0])
    days = groupby(placed, key=lambda each: each[1].astimezone(zone).date())
    return [TimelineDay(day, [line for _, _, line in lines]) for day, lines in days]


def _pruned(run: Run) -> Span:
    return Span(run.firstat, run.lastat, run.entries, pruned=True, haschange=run.diff != NO_CHANGE)
