"""The declarations that a site served last, as its database keeps them, and what newer ones may break."""

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType

from sqlalchemy import Connection, insert, inspect, select, update

from shopdb_core.declarations.check import check_declaration
from shopdb_core.declarations.compatibility import Step, compare_declarations
from shopdb_core.errors import Unavailable
from shopdb_core.json_text import canonical_text
from shopdb_core.plugins.collector import Collector
from shopdb_core.plugins.registry import Plugins
from shopdb_core.store import Store
from shopdb_core.store.tables import ORIGIN_LENGTH, serveddeclaration
from shopdb_hookspecs import JsonObject

_UNREADABLE = "/: this release cannot read the declaration served before: compare the two by hand"

NOTHING_BROKEN: Mapping[str, "Breakage"] = MappingProxyType({})

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Served:
    """What a plugin served last, as canonical JSON, and since when.

    `breakingchanges` are sentences about what it broke in the declaration before it, which a release of
    `previousversion` served: `None` if there was none, empty for a plugin without versions.
    """

    plugin: str
    distribution: str
    version: str
    declaration: str
    since: datetime
    previousversion: str | None = None
    breakingchanges: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Breakage:
    """What a plugin's declaration may break for clients; `since` is `None` until it is served."""

    previousversion: str
    since: datetime | None
    changes: tuple[str, ...]

    def shown(self) -> JsonObject:
        """Return it as `_schemas` and `shopdb plugin list --json` show it."""
        return {
            "previousversion": self.previousversion or None,
            "since": self.since,
            "changes": list(self.changes),
        }


def remember_served(store: Store, plugins: Plugins) -> dict[str, Breakage]:
    """Record what is about to be served, and return what it breaks, by plugin; log what is new.

    Commits a transaction of its own. Any number of servers may start at once: one of them records and logs.
    Without a change nothing is written. A database that accepts no writes now does not stop the server.
    """
    collectors = plugins.collectors().values()
    records = store.read(served_declarations)
    if _changed(records, collectors):
        try:
            records, changed = store.transaction(lambda connection: _record(connection, collectors))
        except Unavailable as error:
            _logger.warning("what is served was not recorded, the next start tries again: %s", error)
        else:
            _log(changed)
    return breakages(records, plugins)


def breakages(records: Mapping[str, Served], plugins: Plugins) -> dict[str, Breakage]:
    """Return what is broken, by plugin, or will be as soon as the installed plugins are served."""
    coming = [_coming(records.get(collector.name), collector) for collector in plugins.collectors().values()]
    return {
        record.plugin: _breakage(record, served=record.since == records[record.plugin].since)
        for record in coming
        if record.breakingchanges
    }


def served_declarations(connection: Connection, *, locked: bool = False) -> dict[str, Served]:
    """Return what every plugin served last, by name; `locked` locks the rows until the transaction ends."""
    query = select(serveddeclaration)
    rows = connection.execute(query.with_for_update() if locked else query).mappings()
    found = [dict(row) for row in rows]
    return {
        row["plugin"]: Served(**{**row, "breakingchanges": tuple(json.loads(row["breakingchanges"]))})
        for row in found
    }


def has_served_declarations(connection: Connection) -> bool:
    """Whether this database has the table: it may be of an older release."""
    return inspect(connection).has_table(serveddeclaration.name)


def _record(
    connection: Connection, collectors: Iterable[Collector]
) -> tuple[dict[str, Served], list[Served]]:
    """Return all records, and those that were changed; another server may have recorded them already."""
    records = served_declarations(connection, locked=True)
    changed = _changed(records, collectors)
    _write(connection, changed)
    return {**records, **{record.plugin: record for record in changed}}, changed


def _write(connection: Connection, records: Sequence[Served]) -> None:
    """Write records in place of those of the same plugins.

    A row is updated, never deleted: on PostgreSQL another server that waits for it would find none.
    """
    for record in records:
        values = {name: getattr(record, name) for name in Served.__slots__}
        values["breakingchanges"] = canonical_text(record.breakingchanges)
        same = serveddeclaration.c.plugin == record.plugin
        if not connection.execute(update(serveddeclaration).where(same).values(values)).rowcount:
            connection.execute(insert(serveddeclaration).values(values))


def _changed(records: Mapping[str, Served], collectors: Iterable[Collector]) -> list[Served]:
    coming = (_coming(records.get(collector.name), collector) for collector in collectors)
    return [record for record in coming if record != records.get(record.plugin)]


def _coming(record: Served | None, collector: Collector) -> Served:
    """Return the record of a collector once it is served: the same one, if that is what was served."""
    declaration = canonical_text(collector.declaration)
    distribution, version = collector.distribution[:ORIGIN_LENGTH], collector.version[:ORIGIN_LENGTH]
    if record is not None and record.declaration == declaration:
        return replace(record, distribution=distribution, version=version)
    fresh = Served(collector.name, distribution, version, declaration, datetime.now(UTC))
    if record is None:
        return fresh
    changes = _breaking(json.loads(record.declaration), collector.declaration)
    return replace(fresh, previousversion=record.version, breakingchanges=changes)


def _breaking(old: JsonObject, new: JsonObject) -> tuple[str, ...]:
    if check_declaration(old):
        return (_UNREADABLE,)
    return tuple(str(change) for change in compare_declarations(old, new) if change.step is Step.MAJOR)


def _breakage(record: Served, *, served: bool) -> Breakage:
    return Breakage(record.previousversion or "", record.since if served else None, record.breakingchanges)


def _log(changed: Iterable[Served]) -> None:
    for record in changed:
        if record.breakingchanges:
            _logger.warning(
                "plugin %s (distribution %s) breaks what clients could rely on%s: %s. Inform those who "
                "submit, or install the previous release again; `shopdb plugin list` keeps showing it",
                record.plugin,
                f"{record.distribution} {record.version}".rstrip(),
                f" in {record.previousversion}" if record.previousversion else " before",
                "; ".join(record.breakingchanges),
            )
