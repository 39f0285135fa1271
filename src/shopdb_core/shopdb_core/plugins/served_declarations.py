"""Record in the database which declarations a site served last, and what newer ones may break."""

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

_UNREADABLE = "/: this release cannot read the declaration that was served before: compare the two by hand"

NO_BREAKING_CHANGES: Mapping[str, "BreakingChanges"] = MappingProxyType({})

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServedDeclaration:
    """The declaration that a plugin served last, as canonical JSON, and since when (UTC).

    `breakingchanges` are sentences about changes from the declaration that was served before it.
    `previousversion` is the version that served that one: `None` if this is the first declaration, empty for
    a plugin without versions.
    """

    plugin: str
    distribution: str
    version: str
    declaration: str
    since: datetime
    previousversion: str | None = None
    breakingchanges: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BreakingChanges:
    """The changes of a plugin's declaration that may break clients; `since` is `None` until it is served."""

    previousversion: str
    since: datetime | None
    changes: tuple[str, ...]

    def as_json(self) -> JsonObject:
        """Return the JSON object in the output of `_schemas` and `shopdb plugin list --json`."""
        return {
            "previousversion": self.previousversion or None,
            "since": self.since,
            "changes": list(self.changes),
        }


def record_served_declarations(store: Store, plugins: Plugins) -> dict[str, BreakingChanges]:
    """Record the declarations that a server is about to serve; log and return breaking changes, by plugin.

    Commits a transaction of its own, and only if a declaration changed. If several servers start at once, one
    of them records and logs. A database that cannot be written now is logged and does not stop the server.
    """
    collectors = plugins.collectors().values()
    records = store.read(served_declarations)
    if _changed(records, collectors):
        try:
            records, changed = store.transaction(lambda connection: _record(connection, collectors))
        except Unavailable as error:
            _logger.warning(
                "the served declarations were not recorded, the next start tries again: %s", error
            )
        else:
            _log(changed)
    return breaking_changes(records, plugins)


def breaking_changes(
    records: Mapping[str, ServedDeclaration], plugins: Plugins
) -> dict[str, BreakingChanges]:
    """Return breaking changes by plugin: those served, and those of installed plugins not yet served."""
    next_records = [
        _next_record(records.get(collector.name), collector) for collector in plugins.collectors().values()
    ]
    return {
        record.plugin: BreakingChanges(
            record.previousversion or "",
            record.since if record.since == records[record.plugin].since else None,
            record.breakingchanges,
        )
        for record in next_records
        if record.breakingchanges
    }


def served_declarations(connection: Connection, *, locked: bool = False) -> dict[str, ServedDeclaration]:
    """Return all records by plugin; `locked` locks the rows until the transaction ends."""
    query = select(serveddeclaration)
    rows = connection.execute(query.with_for_update() if locked else query).mappings()
    records = ({**row, "breakingchanges": tuple(json.loads(row["breakingchanges"]))} for row in rows)
    return {record["plugin"]: ServedDeclaration(**record) for record in records}


def last_declaration(connection: Connection, plugin: str) -> JsonObject | None:
    """Return the declaration that a plugin served last, `None` if it never served one."""
    query = select(serveddeclaration.c.declaration).where(serveddeclaration.c.plugin == plugin)
    text = connection.scalar(query)
    found: JsonObject | None = None if text is None else json.loads(text)
    return found


def has_served_declarations(connection: Connection) -> bool:
    """Whether the database has the table; that of an older release has not."""
    return inspect(connection).has_table(serveddeclaration.name)


def _record(
    connection: Connection, collectors: Iterable[Collector]
) -> tuple[dict[str, ServedDeclaration], list[ServedDeclaration]]:
    """Return all records, and those that this call wrote; another server may have written them before."""
    records = served_declarations(connection, locked=True)
    changed = _changed(records, collectors)
    _write(connection, changed)
    return {**records, **{record.plugin: record for record in changed}}, changed


def _write(connection: Connection, records: Sequence[ServedDeclaration]) -> None:
    """Insert records, or update those of the same plugins.

    A row is not deleted and inserted: on PostgreSQL another server that waits for its lock would not find it.
    """
    for record in records:
        values = {name: getattr(record, name) for name in ServedDeclaration.__slots__}
        values["breakingchanges"] = canonical_text(record.breakingchanges)
        same_plugin = serveddeclaration.c.plugin == record.plugin
        if not connection.execute(update(serveddeclaration).where(same_plugin).values(values)).rowcount:
            connection.execute(insert(serveddeclaration).values(values))


def _changed(
    records: Mapping[str, ServedDeclaration], collectors: Iterable[Collector]
) -> list[ServedDeclaration]:
    next_records = (_next_record(records.get(collector.name), collector) for collector in collectors)
    return [record for record in next_records if record != records.get(record.plugin)]


def _next_record(record: ServedDeclaration | None, collector: Collector) -> ServedDeclaration:
    """Return the record of a collector once it is served: that of its last start if nothing changed."""
    declaration = canonical_text(collector.declaration)
    distribution, version = collector.distribution[:ORIGIN_LENGTH], collector.version[:ORIGIN_LENGTH]
    if record is not None and record.declaration == declaration:
        return replace(record, distribution=distribution, version=version)
    new = ServedDeclaration(collector.name, distribution, version, declaration, datetime.now(UTC))
    if record is None:
        return new
    changes = _breaking(json.loads(record.declaration), collector.declaration)
    return replace(new, previousversion=record.version, breakingchanges=changes)


def _breaking(old: JsonObject, new: JsonObject) -> tuple[str, ...]:
    if check_declaration(old):
        return (_UNREADABLE,)
    return tuple(str(change) for change in compare_declarations(old, new) if change.step is Step.MAJOR)


def _log(changed: Iterable[ServedDeclaration]) -> None:
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
