"""`Overview`: the state of a site at a glance, as the first page of the console shows it."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from itertools import islice

from shopdb_core.assets.listing import AssetCount, count_assets
from shopdb_core.errors import PluginFailure, log_text
from shopdb_core.operations import records
from shopdb_core.operations.remembered import Remembered
from shopdb_core.outcomes.totals import DayTotals, SourceTotals, day_totals, source_totals
from shopdb_core.plugins.registry import Plugin, State
from shopdb_core.plugins.served_declarations import BreakingChanges
from shopdb_core.site import Site
from shopdb_core.store import Connection
from shopdb_hookspecs import Report

WEEKS = 53
"""How far back the days are read: a year, and the week that it began in."""

MOST_ROWS = 1_000
"""Up to how many rows of a report are counted."""

PATIENCE_SECONDS = 0.2
"""How long an overview waits for the number of rows of a report; the next one shows it."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SourceState:
    """One source of a collector: the last day (UTC) with a submission, and what became of those lately.

    `source` is empty for keys without a name.
    """

    source: str
    lastday: date | None
    is_silent: bool
    lately: SourceTotals


@dataclass(frozen=True, slots=True)
class CollectorState:
    """One plugin with a collector, or one that has none because it is not active, with its sources."""

    plugin: str
    origin: str
    state: State
    reason: str
    lastsubmission: datetime | None
    sources: tuple[SourceState, ...]
    broken: BreakingChanges | None

    @property
    def stored(self) -> int:
        """How many submissions were stored today and yesterday."""
        return sum(each.lately.stored for each in self.sources)

    @property
    def refused(self) -> int:
        """How many submissions were refused today and yesterday."""
        return sum(each.lately.refused for each in self.sources)

    @property
    def reason_refused(self) -> str | None:
        """The most frequent reason of those refusals, such as `422 type`."""
        reasons: dict[str, int] = {}
        for source in self.sources:
            for reason, number in source.lately.reasons:
                reasons[reason] = reasons.get(reason, 0) + number
        return max(sorted(reasons), key=reasons.__getitem__, default=None)


@dataclass(frozen=True, slots=True)
class Overview:
    """The numbers of a site as of `at`; days are those of UTC, the earliest first, `today` the last one.

    `silent` has the number of active assets of each collected type that were not submitted for `silencedays`
    days. `duplicates` has the number of findings that wait, by kind.
    """

    at: datetime
    assets: tuple[AssetCount, ...]
    silent: Mapping[str, int]
    silencedays: int
    days: tuple[DayTotals, ...]
    collectors: tuple[CollectorState, ...]
    duplicates: Mapping[str, int]
    lastbackup: datetime | None
    lasthead: datetime | None

    @property
    def today(self) -> date:
        """The day (UTC) of this overview."""
        return self.at.date()


@dataclass(frozen=True, slots=True)
class AttentionCount:
    """How many rows of a report need attention: `MOST_ROWS` and `more`, or fewer.

    `rows` is `None` while they are counted, or if the report `failed`.
    """

    plugin: str
    report: Report
    rows: int | None = None
    more: bool = False
    failed: bool = False


class Overviews:
    """Makes the overviews of a site: at most a hundredth of the time is spent on it, however many ask.

    Threads may share it.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._newest = Remembered(self._make)
        self._counts = {
            (plugin, report.name): Remembered(partial(self._count, plugin, report))
            for plugin, report in site.reports.all()
            if report.attention is not None
        }

    def newest(self) -> Overview:
        """Return the overview; raises `Unavailable` if the database does not answer.

        That of a site without assets is not kept: whoever makes the first submission looks for it.
        """
        overview = self._newest.get()
        assert overview is not None
        if not overview.assets:
            self._newest.forget()
        return overview

    def attention(self) -> list[AttentionCount]:
        """Return the reports that ask for attention, with the number of their rows as far as it is known.

        A report that takes long is counted beside the caller, who gets the last number that is known.
        """
        wanted = [(plugin, report) for plugin, report in self._site.reports.all() if report.attention]
        for plugin, report in wanted:
            self._counts[plugin, report.name].get(0)  # all are counted side by side
        deadline = time.monotonic() + PATIENCE_SECONDS
        return [
            self._counts[plugin, report.name].get(max(0, deadline - time.monotonic()))
            or AttentionCount(plugin, report)
            for plugin, report in wanted
        ]

    def _make(self) -> Overview:
        return self._site.store.read(self._read)

    def _read(self, connection: Connection) -> Overview:
        now, days = self._site.clock(), self._site.settings.source_silence_days
        assets = count_assets(connection, now - timedelta(days=days))
        return Overview(
            at=now,
            assets=tuple(assets),
            silent=self._silent(assets),
            silencedays=days,
            days=tuple(day_totals(connection, now.date() - timedelta(weeks=WEEKS))),
            collectors=tuple(self._collectors(connection, now)),
            duplicates=records.waiting_by_kind(connection),
            lastbackup=records.last_backup(connection),
            lasthead=records.last_head(connection),
        )

    def _silent(self, assets: Sequence[AssetCount]) -> dict[str, int]:
        """Return the silent assets by type; those that people create are never submitted."""
        is_collected = self._site.plugins.is_collected
        return {
            each.assettype: each.unseen
            for each in assets
            if each.state == "active" and each.unseen and is_collected(each.assettype)
        }

    def _collectors(self, connection: Connection, now: datetime) -> list[CollectorState]:
        shown = [
            plugin for plugin in self._site.plugins.all() if plugin.collector or plugin.state != "active"
        ]
        newest = records.newest_submissions(connection, [plugin.name for plugin in shown])
        lately = source_totals(connection, now.date() - timedelta(days=1))
        last = records.last_submissions(connection)
        silent_before = now.date() - timedelta(days=self._site.settings.source_silence_days)
        return [
            CollectorState(
                plugin.name,
                plugin.candidate.origin,
                plugin.state,
                plugin.reason,
                newest.get(plugin.name),
                _sources(plugin, last, lately, silent_before),
                self._site.broken.get(plugin.name),
            )
            for plugin in shown
        ]

    def _count(self, plugin: str, report: Report) -> AttentionCount:
        """Count the rows of a report with its defaults; a failure is logged, and shown instead."""
        try:
            rows = self._site.reports.run(
                plugin, report, {}, lambda found: sum(1 for _ in islice(found, MOST_ROWS + 1))
            )
        except PluginFailure as failure:
            _logger.error("%s", failure)  # noqa: TRY400  # a traceback may quote what the report read
            _logger.debug("%s\n%s", report.name, log_text(failure.__cause__))
            return AttentionCount(plugin, report, failed=True)
        return AttentionCount(plugin, report, min(rows, MOST_ROWS), more=rows > MOST_ROWS)


def _sources(
    plugin: Plugin,
    last: Sequence[records.LastSubmission],
    lately: Sequence[SourceTotals],
    silent_before: date,
) -> tuple[SourceState, ...]:
    """Return the sources of a plugin by their names: those that submitted ever, or were refused lately."""
    days = {each.source: each.day for each in last if each.plugin == plugin.name}
    totals = {each.source: each for each in lately if each.plugin == plugin.name}
    return tuple(
        SourceState(
            source,
            day := days.get(source),
            day is not None and day < silent_before,
            totals.get(source) or SourceTotals(plugin.name, source, 0, 0, ()),
        )
        for source in sorted({*days, *totals})
    )
