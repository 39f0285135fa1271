"""Sums of the counts of submissions: of each day, and of each source by outcome.

Those of the legacy endpoint are left out: each is counted under its plugin as well.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, func, select

from shopdb_core.outcomes.records import LEGACY
from shopdb_core.store.tables import submissioncount

STORED = ("created", "updated", "noop")


@dataclass(frozen=True, slots=True)
class DayTotals:
    """How many submissions of a day (UTC) were stored, by what they did, and how many were refused."""

    day: date
    created: int = 0
    updated: int = 0
    noop: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class SourceTotals:
    """What became of the submissions of a plugin's source; `source` is empty for keys without a name.

    `reasons` has how many were refused for each reason, such as `422 type`, the most frequent one first.
    """

    plugin: str
    source: str
    stored: int
    refused: int
    reasons: tuple[tuple[str, int], ...]


def day_totals(connection: Connection, first: date) -> list[DayTotals]:
    """Return the sums of each day from `first` on that had a submission, the earliest first."""
    column = submissioncount.c
    query = (
        select(column.day, column.outcome, func.sum(column["count"]))
        .where(column.day >= first, column.plugin != LEGACY)
        .group_by(column.day, column.outcome)
    )
    days: dict[date, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for day, outcome, number in connection.execute(query):
        if outcome in STORED or is_refusal(outcome):
            days[day]["refused" if is_refusal(outcome) else outcome] += int(number)
    return [DayTotals(day, **sums) for day, sums in sorted(days.items())]


def source_totals(connection: Connection, first: date) -> list[SourceTotals]:
    """Return the sums of each source since the beginning of a day, by plugin and source.

    What no installed plugin was named for is not among them.
    """
    column = submissioncount.c
    query = (
        select(column.plugin, column.source, column.outcome, func.sum(column["count"]))
        .where(column.day >= first, column.plugin.not_in(["", LEGACY]))
        .group_by(column.plugin, column.source, column.outcome)
    )
    outcomes: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for plugin, source, outcome, number in connection.execute(query):
        outcomes[plugin, source][outcome] = int(number)
    return [
        _of_source(plugin, source, counts.items()) for (plugin, source), counts in sorted(outcomes.items())
    ]


def is_refusal(outcome: str) -> bool:
    """Whether an outcome is a refusal, which begins with the status of its answer."""
    return outcome[:1].isdigit()


def _of_source(plugin: str, source: str, counts: Iterable[tuple[str, int]]) -> SourceTotals:
    refusals = sorted(
        ((outcome, number) for outcome, number in counts if is_refusal(outcome)),
        key=lambda each: (-each[1], each[0]),
    )
    refused = sum(number for _, number in refusals)
    stored = sum(number for _, number in counts) - refused
    return SourceTotals(plugin, source, stored, refused, tuple(refusals))
