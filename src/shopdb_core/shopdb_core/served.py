"""What a site remembers of the declarations that it served, and what the next ones break."""

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType

from shopdb_core.canonical import canonical_text
from shopdb_core.errors import Unavailable
from shopdb_core.plugins.collector import Collector
from shopdb_core.plugins.compatibility.changes import breaking
from shopdb_core.plugins.compatibility.compare import compare_declarations
from shopdb_core.plugins.declaration import check_declaration
from shopdb_core.plugins.registry import Plugins
from shopdb_core.store import Connection, Store
from shopdb_core.store.served import Served, keep_served, served_declarations
from shopdb_core.store.tables import ORIGIN_LENGTH
from shopdb_hookspecs import JsonObject

_UNREADABLE = "/: the declaration before is none for this release: compare the two by hand"

NOTHING_BROKEN: Mapping[str, "Breakage"] = MappingProxyType({})

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Breakage:
    """What a plugin's declaration breaks against the one before; `since` is `None` until it is served."""

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
    """Record what is about to be served, and return what it breaks, by plugin; a new breach is logged.

    Any number of servers may start at once: one of them records and logs, and where nothing changed nothing
    is written. A database that takes no writes now stops no server.
    """
    collectors = plugins.collectors().values()
    records = store.read(served_declarations)
    if _changed(records, collectors):
        try:
            records, changed = store.transaction(lambda connection: _record(connection, collectors))
        except Unavailable as error:
            _logger.warning("what is served was not recorded, the next start tries again: %s", error)
        else:
            _tell(changed)
    return breakages(records, plugins)


def breakages(records: Mapping[str, Served], plugins: Plugins) -> dict[str, Breakage]:
    """Return what is broken, by plugin, or will be as soon as the installed plugins are served."""
    coming = [_coming(records.get(collector.name), collector) for collector in plugins.collectors().values()]
    return {
        record.plugin: _breakage(record, served=record.since == records[record.plugin].since)
        for record in coming
        if record.breakingchanges
    }


def _record(
    connection: Connection, collectors: Iterable[Collector]
) -> tuple[dict[str, Served], list[Served]]:
    """Return all records, and those that were changed; another server may have been faster."""
    records = served_declarations(connection, locked=True)
    changed = _changed(records, collectors)
    keep_served(connection, changed)
    return {**records, **{record.plugin: record for record in changed}}, changed


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
    return tuple(str(change) for change in breaking(compare_declarations(old, new)))


def _breakage(record: Served, *, served: bool) -> Breakage:
    return Breakage(record.previousversion or "", record.since if served else None, record.breakingchanges)


def _tell(changed: Iterable[Served]) -> None:
    for record in changed:
        if record.breakingchanges:
            _logger.warning(
                "plugin %s (distribution %s) breaks what clients could rely on before%s: %s. Tell those who "
                "submit, or install the release before again; `shopdb plugin list` goes on showing it",
                record.plugin,
                f"{record.distribution} {record.version}".rstrip(),
                f" in {record.previousversion}" if record.previousversion else "",
                "; ".join(record.breakingchanges),
            )
