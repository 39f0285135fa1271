"""What happened on a site within a day: numbers, some assets of each kind, the fields that changed most.

Each part is bounded, so that a day of millions of entries takes no longer than one of thousands.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import orjson
from sqlalchemy import ColumnElement, Connection, and_, func, literal, select, union_all

from shopdb_core.audit.browsing.pages import SHOWN_BYTES, read_items
from shopdb_core.audit.browsing.times import boundary
from shopdb_core.audit.entries import ACTIONS, SUBMITTED, Action
from shopdb_core.store.databases import DATABASES
from shopdb_core.store.paging import distinct_values, greatest_keys, is_among
from shopdb_core.store.tables import auditentry
from shopdb_hookspecs import JsonObject

T = TypeVar("T")

MOST_COUNTED = 50_000
"""Up to how many entries of one plugin and action are counted."""

MOST_EXAMINED = 1_000
"""In how many of the newest changes fields are counted."""

MOST_NAMED = 10
"""How many assets, and how many fields, are named."""

NAMED: Sequence[Action] = ("created", "retired", "restored", "renamed", "merged", "unmerged", "erased")
"""The actions whose assets are named."""

CHANGING: Sequence[Action] = ("updated", "renamed")
"""The actions whose diffs have fields that changed; a created asset has all of them."""

_column = auditentry.c


@dataclass(frozen=True, slots=True)
class Counted:
    """How many entries have a plugin (`None`: people) and an action; `MOST_COUNTED` + 1 stands for more."""

    plugin: str | None
    action: str
    number: int


@dataclass(frozen=True, slots=True)
class Day:
    """What happened.

    assets: by action, the newest entries; more follow if there are more than `MOST_NAMED`.
    fields: the names in diffs that changed most, with how many entries changed them.
    examined: in how many entries they were counted; `MOST_EXAMINED` are the newest of more.
    """

    counts: Sequence[Counted]
    assets: Mapping[Action, Sequence[JsonObject]]
    fields: Sequence[tuple[str, int]]
    examined: int

    @property
    def by_action(self) -> dict[str, int]:
        """The numbers of entries by action."""
        return _sums((each.action, each.number) for each in self.counts)

    @property
    def by_plugin(self) -> dict[str | None, int]:
        """The numbers of entries by plugin; `None` for people."""
        return _sums((each.plugin, each.number) for each in self.counts)


def summarize(connection: Connection, first: datetime, last: datetime) -> Day:
    """Return what happened from a time to before another one.

    Entries near these times may be counted on the other side, where clocks differ. The caller's transaction
    must read one snapshot.
    """
    low, high = boundary(connection, first), boundary(connection, last)
    plugins = [*distinct_values(connection, _column.plugin), None]
    counts = [each for plugin in plugins for each in _counts(connection, plugin, low, high)]
    happened = {each.action for each in counts}
    assets = {
        action: _named(connection, _series(plugins, [action], low, high))
        for action in NAMED
        if action in happened
    }
    fields, examined = _fields(connection, _series(plugins, CHANGING, low, high))
    return Day(counts, assets, fields.most_common(MOST_NAMED), examined)


def _counts(connection: Connection, plugin: str | None, low: int, high: int) -> list[Counted]:
    """Count the entries of each action by the index alone."""
    parts = []
    for action in ACTIONS if plugin is None else SUBMITTED:
        (condition,) = _series([plugin], [action], low, high)
        counted = select(_column.auditid).where(condition).limit(MOST_COUNTED + 1).subquery()
        part = select(literal(action).label("action"), func.count().label("number"))
        parts.append(part.select_from(counted))
    rows = connection.execute(union_all(*parts)).all()
    return [Counted(plugin, row.action, row.number) for row in rows if row.number]


def _series(
    plugins: Sequence[str | None], actions: Sequence[Action], low: int, high: int
) -> list[ColumnElement[bool]]:
    """Return the conditions of which each entry with one of these actions fulfils one."""
    within = (_column.auditid >= low, _column.auditid < high)
    return [
        and_(_column.plugin == plugin, _column.action == action, *within)
        for plugin in plugins
        for action in actions
        if plugin is None or action in SUBMITTED
    ]


def _named(connection: Connection, series: Sequence[ColumnElement[bool]]) -> list[JsonObject]:
    """Return the newest entries, one more than are named."""
    keys = greatest_keys(_column.auditid, series, MOST_NAMED + 1)
    return [*read_items(connection, [*connection.scalars(keys)], MOST_NAMED + 1)]


def _fields(connection: Connection, series: Sequence[ColumnElement[bool]]) -> tuple[Counter[str], int]:
    """Return how many of the newest changes have each field, and how many changes these are."""
    length = DATABASES[connection.dialect.name].octet_length(_column.diff)
    keys = greatest_keys(_column.auditid, series, MOST_EXAMINED)
    query = select(_column.diff).where(is_among(_column.auditid, keys), length <= SHOWN_BYTES)
    found: Counter[str] = Counter()
    diffs = connection.scalars(query).all()
    for diff in diffs:
        found.update(orjson.loads(diff).keys())
    return found, len(diffs)


def _sums(pairs: Iterable[tuple[T, int]]) -> dict[T, int]:
    found: Counter[T] = Counter()
    for name, number in pairs:
        found[name] += number
    return dict(found)
