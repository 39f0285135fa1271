"""Sources: which key submitted an asset and when, and whose value of a field stands (contract 4).

A source is the name of a collector key; keys without a name are one source, the empty name. An asset has rows
in `assetsource` from the first submission on that has a name or a time of collection, or whose plugin has
ranked sources. Where a site ranks the sources of a plugin, each row also has the fields that the source gave:
those of all unranked sources are one set, that of the empty name, because they overwrite each other.
The caller's transaction commits, and has locked the assets.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, delete, insert, select, true, update

from shopdb_core.assets.merge import merge, same
from shopdb_core.assets.rows import StoredAsset
from shopdb_core.json_text import canonical_text
from shopdb_core.store import SetQuery, Statement, Write
from shopdb_core.store.statement import driver_time
from shopdb_core.store.tables import asset, assetsource
from shopdb_hookspecs import Json, JsonObject

UNNAMED = ""

_ROWS = SetQuery(
    select(assetsource.c.assetid, assetsource.c.source, assetsource.c.lastseenat, assetsource.c.fields),
    assetsource.c.assetid,
)
_COLUMNS: Mapping[str, Any] = {column.name: bindparam(column.name) for column in assetsource.c}
_INSERT = Statement(insert(assetsource).values(_COLUMNS))
_OF_SOURCE = (assetsource.c.assetid == bindparam("asset"), assetsource.c.source == bindparam("of"))
_TOUCH = Statement(update(assetsource).where(*_OF_SOURCE).values(lastseenat=bindparam("lastseenat")))
_CHANGE = Statement(
    update(assetsource)
    .where(*_OF_SOURCE)
    .values(lastseenat=bindparam("lastseenat"), fields=bindparam("fields"))
)

_MARK = Statement(update(asset).where(asset.c.assetid == bindparam("asset")).values(hassources=true()))


@dataclass(frozen=True, slots=True)
class Ranking:
    """The sources of a plugin that a site ranks, the highest first, and how long each may be silent."""

    ranked: Sequence[str] = ()
    silence: timedelta = timedelta(days=30)

    def order(self, seen: Mapping[str, datetime], submitting: str, at: datetime) -> list[str]:
        """Return the sets of fields by rank; a source that was silent for too long comes last.

        `seen` is when each source submitted last.
        """
        active = [
            name
            for name in self.ranked
            if name == submitting or (name in seen and at - seen[name] <= self.silence)
        ]
        return [*active, UNNAMED, *(name for name in self.ranked if name not in active)]


NO_RANKING = Ranking()


@dataclass(frozen=True, slots=True)
class SourceRow:
    """What is stored of one source of an asset; `fields` is `None` where sources were not ranked."""

    lastseenat: datetime
    fields: JsonObject | None = None


NO_ROWS: Mapping[str, SourceRow] = {}


@dataclass(frozen=True, slots=True)
class SourceWrite:
    """What a submission writes: its source, when the device was seen, the sets of fields that changed."""

    source: str
    seenat: datetime
    fields: Mapping[str, JsonObject] = field(default_factory=dict)


class Sources:
    """The sources of the assets of one wave of submissions."""

    def __init__(self, connection: Connection, ranking: Ranking, at: datetime, identityfield: str) -> None:
        self._connection = connection
        self._ranking = ranking
        self._at = at
        self._identityfield = identityfield
        self._rows: dict[int, dict[str, SourceRow]] = {}

    @property
    def are_ranked(self) -> bool:
        """Whether the site ranks the sources of this plugin."""
        return bool(self._ranking.ranked)

    def read(self, assets: Iterable[StoredAsset]) -> None:
        """Read the rows of the assets that have some."""
        assetids = [stored.assetid for stored in assets if stored.hassources]
        if not assetids:
            return
        for assetid, source, lastseenat, fields in _ROWS.run(self._connection, assetids):
            row = SourceRow(driver_time(lastseenat), None if fields is None else orjson.loads(fields))
            self._rows.setdefault(assetid, {})[source] = row

    def is_late(self, stored: StoredAsset, source: str, collectedat: datetime | None) -> bool:
        """Return whether the same source has submitted the asset as it was later.

        Without a time of collection a submission is never late.
        """
        if collectedat is None or stored.submissionhash is None:
            return False
        if not stored.hassources:
            return source == UNNAMED and collectedat < stored.lastseenat
        row = self._rows.get(stored.assetid, NO_ROWS).get(source)
        return row is not None and collectedat < row.lastseenat

    def resolve(
        self, stored: StoredAsset | None, source: str, before: JsonObject, patch: JsonObject
    ) -> tuple[JsonObject, Mapping[str, JsonObject]]:
        """Return the values that stand for the fields of `patch`, and the sets of fields that it changes.

        `stored` is `None` for a new asset. If sources are not ranked, `patch` stands as it is. A field that
        no source gives any more is `None`.
        """
        if not self.are_ranked:
            return patch, {}
        rows = self._rows.get(stored.assetid, NO_ROWS) if stored else NO_ROWS
        sets = {name: row.fields for name, row in rows.items() if row.fields is not None}
        changed: dict[str, JsonObject] = {}
        if not sets and before:  # given before the site ranked its sources
            sets[UNNAMED] = changed[UNNAMED] = self._without_identity(before)
        own = source if source in self._ranking.ranked else UNNAMED
        given = sets.get(own, {})
        sets[own] = merge(given, self._without_identity(patch))
        if own in changed or not same(given, sets[own]) or own not in rows or rows[own].fields is None:
            changed[own] = sets[own]
        seen = {name: row.lastseenat for name, row in rows.items()}
        order = self._ranking.order(seen, own, self._at)
        values = {name: _first(name, order, sets) for name in patch}
        return {**values, self._identityfield: patch[self._identityfield]}, changed

    def _without_identity(self, fields: JsonObject) -> JsonObject:
        return {name: value for name, value in fields.items() if name != self._identityfield}

    def writes(self, written: Sequence[tuple[int, StoredAsset | None, SourceWrite]]) -> list[Write]:
        """Return the writes, given for each asset as its id, its row before (`None`: new), and what to write.

        Assets that had no rows before are marked as those that have.
        """
        inserts, touches, changes = [], [], []
        for assetid, stored, write in written:
            known = self._rows.get(assetid, NO_ROWS)
            rows = dict(self._changed_rows(stored, known, write))
            for source, row in rows.items():
                fields = None if row.fields is None else canonical_text(row.fields)
                if source not in known:
                    inserts.append(
                        {"assetid": assetid, "source": source, "lastseenat": row.lastseenat, "fields": fields}
                    )
                elif source in write.fields:
                    changes.append(
                        {"asset": assetid, "of": source, "lastseenat": row.lastseenat, "fields": fields}
                    )
                else:
                    touches.append({"asset": assetid, "of": source, "lastseenat": row.lastseenat})
        first = [{"asset": assetid} for assetid, stored, _ in written if stored and not stored.hassources]
        return [(_INSERT, inserts), (_TOUCH, touches), (_CHANGE, changes), (_MARK, first)]

    def _changed_rows(
        self, stored: StoredAsset | None, known: Mapping[str, SourceRow], write: SourceWrite
    ) -> Iterator[tuple[str, SourceRow]]:
        """Yield the row of the source, those whose fields changed, and that of what was submitted before."""
        before = stored.lastseenat if stored and stored.submissionhash and not stored.hassources else None
        for name in {UNNAMED, *write.fields} - {write.source}:
            seenat = known[name].lastseenat if name in known else before
            if name in write.fields or (before and name not in known):
                yield name, SourceRow(seenat or write.seenat, write.fields.get(name))
        last = known[write.source].lastseenat if write.source in known else write.seenat
        yield write.source, SourceRow(max(last, write.seenat), write.fields.get(write.source))


def _first(name: str, order: Sequence[str], sets: Mapping[str, JsonObject]) -> Json:
    """Return the value of a field of the first source that gives one, `None` if none does."""
    return next((sets[each][name] for each in order if name in sets.get(each, {})), None)


def forget_sources(connection: Connection, assetid: int) -> None:
    """Delete what the sources of a locked asset submitted."""
    connection.execute(delete(assetsource).where(assetsource.c.assetid == assetid))
    connection.execute(update(asset).where(asset.c.assetid == assetid).values(hassources=False))


def sources_of(connection: Connection, assetid: int, attributes: JsonObject) -> list[JsonObject]:
    """Return the sources of an asset as the API shows them: what each gave, and which values do not stand.

    `source` is `None` for keys without a name.
    """
    query = select(assetsource).where(assetsource.c.assetid == assetid).order_by(assetsource.c.source)
    return [
        {
            "source": row.source or None,
            "lastseenat": row.lastseenat,
            "fields": sorted(fields := orjson.loads(row.fields or "{}")),
            "othervalues": {
                name: value for name, value in fields.items() if not same(value, attributes.get(name))
            },
        }
        for row in connection.execute(query)
    ]
