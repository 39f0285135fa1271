"""Which audit entries a person wants, as queries.

The indexes of `auditentry` have the entries of one asset, and those of one plugin and action, in the order of
their ids: `indexed_keys`. All other filters are conditions on the entries that these leave.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import product
from typing import Literal

import orjson
from sqlalchemy import ColumnElement, Connection, Integer, Select, and_, bindparam, not_, or_

from shopdb_core.assets.merges import all_merged_into
from shopdb_core.audit.entries import ACTIONS, SITE_FIELD, SUBMITTED, Action
from shopdb_core.store.paging import distinct_values, greatest_keys, unindexed
from shopdb_core.store.tables import auditentry
from shopdb_hookspecs import JsonObject

Shown = Literal["all", "changes", "lasting"]
"""All entries; all but noops; or all but noops and changes of volatile fields alone."""

_column = auditentry.c
_VOLATILE = and_(_column.action == "updated", _column.volatileonly)
_BY_PEOPLE = unindexed(_column.plugin).is_(None)


@dataclass(frozen=True, slots=True)
class EntryFilters:
    """Which entries are wanted; `None` is not a filter.

    plugin: the collector; an empty text stands for what people did.
    source: the name of the key that submitted.
    actor: `user:ann`, or only `ann`.
    field: a name in the diff; that of a field of people with or without `@sitefields.`.
    assetid: one asset, with those that were merged into it.
    first, last: the times from `first` to before `last`.
    shown: an action that is given is shown in any case.
    """

    plugin: str | None = None
    source: str | None = None
    actor: str | None = None
    action: Action | None = None
    field: str | None = None
    requestid: str | None = None
    assetid: int | None = None
    first: datetime | None = None
    last: datetime | None = None
    shown: Shown = "changes"

    @property
    def actions(self) -> Sequence[Action]:
        """The actions of the entries that are wanted."""
        if self.action is not None:
            return (self.action,)
        return ACTIONS if self.shown == "all" else [each for each in ACTIONS if each != "noop"]

    def has(self, diff: JsonObject) -> bool:
        """Return whether a diff has the field that is wanted."""
        return self.field is None or any(name in diff for name in _names(self.field))


def indexed_keys(connection: Connection, filters: EntryFilters) -> Select[tuple[int]] | None:
    """Return the query of the entries that an index finds, `None` if there are none.

    Its parameters are the ids from `low` to below `high`, and its `size`.
    """
    if filters.assetid is not None:
        assetids = [filters.assetid, *all_merged_into(connection, filters.assetid)]
        return _newest_keys([_column.assetid == one for one in assetids])
    if filters.plugin is None and len(filters.actions) == len(ACTIONS):
        return _EVERY_KEY
    plugins: Sequence[str | None] = [filters.plugin or None]
    if filters.plugin is None:
        plugins = [*distinct_values(connection, _column.plugin), None]
    return _keys_of(tuple(plugins), tuple(filters.actions))


@lru_cache(64)
def _keys_of(plugins: Sequence[str | None], actions: Sequence[Action]) -> Select[tuple[int]] | None:
    """Return the query for some plugins and actions; building it takes longer than running it."""
    series = [
        and_(_column.plugin == plugin, _column.action == action)
        for plugin, action in product(plugins, actions)
        if plugin is None or action in SUBMITTED
    ]
    return _newest_keys(series) if series else None


def _newest_keys(series: Sequence[ColumnElement[bool]]) -> Select[tuple[int]]:
    within = (_column.auditid >= bindparam("low"), _column.auditid < bindparam("high"))
    size = bindparam("size", type_=Integer)
    return greatest_keys(_column.auditid, [and_(each, *within) for each in series], size)


_EVERY_KEY = _newest_keys([_column.auditid > 0])


def other_conditions(filters: EntryFilters) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions that the index did not answer."""
    if filters.assetid is not None and filters.plugin is not None:
        yield unindexed(_column.plugin) == filters.plugin if filters.plugin else _BY_PEOPLE
    if filters.assetid is not None and len(filters.actions) < len(ACTIONS):
        yield unindexed(_column.action).in_(filters.actions)
    if filters.shown == "lasting":
        yield not_(_VOLATILE)
    if filters.source is not None:
        yield _column.source == filters.source
    if filters.actor is not None:
        yield _column.actor.in_([filters.actor, f"user:{filters.actor}"])
    if filters.requestid is not None:
        yield _column.requestid == filters.requestid
    if filters.first is not None:
        yield _column.at >= filters.first
    if filters.last is not None:
        yield _column.at < filters.last
    if filters.field is not None:
        # Only a member of the diff itself counts, but such a text may also be further inside: `has` decides.
        names = (orjson.dumps(name).decode() for name in _names(filters.field))
        yield or_(*(_column.diff.contains(f"{name}:{{", autoescape=True) for name in names))


def _names(field: str) -> tuple[str, ...]:
    return (field,) if field.startswith("@") else (field, f"{SITE_FIELD}{field}")
