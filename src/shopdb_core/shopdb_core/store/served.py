"""The declarations that this site served last, as they stand in the database."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, inspect, select, update

from shopdb_core.canonical import canonical_text
from shopdb_core.store.tables import serveddeclaration


@dataclass(frozen=True, slots=True)
class Served:
    """What a plugin served last, as canonical JSON, and since when.

    `breakingchanges` are sentences on what it broke against the declaration before it, which a release of
    `previousversion` served: `None` if there was none, empty for a plugin without versions.
    """

    plugin: str
    distribution: str
    version: str
    declaration: str
    since: datetime
    previousversion: str | None = None
    breakingchanges: tuple[str, ...] = ()


def served_declarations(connection: Connection, *, locked: bool = False) -> dict[str, Served]:
    """Return what every plugin served last, by its name; `locked` keeps it so until the transaction ends."""
    query = select(serveddeclaration)
    rows = connection.execute(query.with_for_update() if locked else query).mappings()
    found = [dict(row) for row in rows]
    return {
        row["plugin"]: Served(**{**row, "breakingchanges": tuple(json.loads(row["breakingchanges"]))})
        for row in found
    }


def keep_served(connection: Connection, records: Sequence[Served]) -> None:
    """Write records, in the place of those of the same plugins.

    A row is updated and not made anew: another server that waits for it would find none on PostgreSQL.
    """
    for record in records:
        values = _row(record)
        same = serveddeclaration.c.plugin == record.plugin
        if not connection.execute(update(serveddeclaration).where(same).values(values)).rowcount:
            connection.execute(insert(serveddeclaration).values(values))


def remembers(connection: Connection) -> bool:
    """Whether this database has the table at all: a site may be older."""
    return inspect(connection).has_table(serveddeclaration.name)


def _row(record: Served) -> dict[str, object]:
    values = {name: getattr(record, name) for name in Served.__slots__}
    return {**values, "breakingchanges": canonical_text(record.breakingchanges)}
