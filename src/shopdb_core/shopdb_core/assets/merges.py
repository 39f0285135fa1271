"""The records of merges: what undoing each one needs, which are in force, and lists of them.

An asset that was merged into another one is never merged again, and nothing is merged into it. So each leads
to one asset at most, and no circle of them can arise. The caller's transaction commits.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Self

import orjson
from sqlalchemy import Connection, Row, Select, and_, or_, select, update

from shopdb_core.assets.rows import FREED, State
from shopdb_core.errors import NotFound
from shopdb_core.json_text import canonical_text
from shopdb_core.store import Insertion
from shopdb_core.store.paging import is_among, least_keys
from shopdb_core.store.tables import asset, assetmerge
from shopdb_hookspecs import JsonObject

_INSERT = Insertion(assetmerge, ("assetid", "goneassetid", "at", "actor", "undo"))

NOTHING = "{}"
"""The column `undo` of a merge that can no longer be undone."""


@dataclass(frozen=True, slots=True)
class Undo:
    """What undoing a merge needs beside the rows of both assets.

    state, identitykey: those of the asset that went, before; the key in hexadecimal.
    fields, sitefields: what the kept asset lacked and took from the other, with its values.
    moved, dropped: relationships of the asset that went, as they were; the kept asset has the former now.
    """

    state: State
    identitykey: str
    fields: JsonObject = field(default_factory=dict)
    sitefields: JsonObject = field(default_factory=dict)
    moved: Sequence[JsonObject] = ()
    dropped: Sequence[JsonObject] = ()


@dataclass(frozen=True, slots=True)
class Merge:
    """One merge; `undo` is `None` if it was undone, or if one of the assets was erased since."""

    mergeid: int
    assetid: int
    goneassetid: int
    undoneat: datetime | None
    undo: Undo | None

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """Return the merge of a row of `assetmerge`."""
        content = orjson.loads(row.undo)
        undo = Undo(**content) if content else None
        return cls(row.mergeid, row.assetid, row.goneassetid, row.undoneat, undo)


def add_merge(
    connection: Connection, *, assetid: int, goneassetid: int, at: datetime, actor: str, undo: Undo
) -> int:
    """Insert the record of a merge, and return its id."""
    row = {"assetid": assetid, "goneassetid": goneassetid, "at": at, "actor": actor}
    (mergeid,) = _INSERT.insert(connection, [{**row, "undo": canonical_text(asdict(undo))}])
    return mergeid


def find_merge(connection: Connection, mergeid: int, *, lock: bool = False) -> Merge:
    """Return one merge, and lock it if wanted; raises `NotFound`."""
    query = select(assetmerge).where(assetmerge.c.mergeid == mergeid)
    row = connection.execute(query.with_for_update() if lock else query).first()
    if row is None:
        raise NotFound(f"There is no merge {mergeid}.")
    return Merge.of(row)


def lock_merges_into(connection: Connection, assetid: int) -> list[Merge]:
    """Find and lock the merges in force of which this is the kept asset, the oldest first.

    Locking the asset is not enough: undoing a merge into another asset may write their records.
    """
    query = select(assetmerge).where(assetmerge.c.assetid == assetid, assetmerge.c.undoneat.is_(None))
    locked = connection.execute(query.order_by(assetmerge.c.mergeid).with_for_update())
    return [Merge.of(row) for row in locked]


def merge_of(connection: Connection, goneassetid: int) -> int | None:
    """Return the id of the merge in force by which an asset went."""
    query = select(assetmerge.c.mergeid)
    in_force = and_(assetmerge.c.goneassetid == goneassetid, assetmerge.c.undoneat.is_(None))
    return connection.scalar(query.where(in_force))


def change_undo(connection: Connection, mergeid: int, undo: Undo) -> None:
    """Write what undoing a merge needs now."""
    statement = update(assetmerge).where(assetmerge.c.mergeid == mergeid)
    connection.execute(statement.values(undo=canonical_text(asdict(undo))))


def close_merge(connection: Connection, mergeid: int, at: datetime, actor: str) -> None:
    """Record that a merge was undone."""
    statement = update(assetmerge).where(assetmerge.c.mergeid == mergeid)
    connection.execute(statement.values(undoneat=at, undoneby=actor, undo=NOTHING))


def forget_undoing(connection: Connection, assetids: Collection[int]) -> None:
    """Delete the data of all merges of these assets, which were erased; that they were merged stays."""
    of_them = or_(assetmerge.c.assetid.in_(assetids), assetmerge.c.goneassetid.in_(assetids))
    connection.execute(update(assetmerge).where(of_them).values(undo=NOTHING))


def all_merged_into(connection: Connection, assetid: int) -> list[int]:
    """Return the ids of the assets that lead to this one, also through others."""
    found: list[int] = []
    leading: Sequence[int] = [assetid]
    while leading:
        leading = connection.scalars(select(asset.c.assetid).where(asset.c.mergedinto.in_(leading))).all()
        found += leading
    return sorted(found)


def list_merges(connection: Connection, *, assetid: int | None, after: int, limit: int) -> list[JsonObject]:
    """Return up to `limit` merges with ids above `after`, of all assets or of one, the oldest first."""
    column = assetmerge.c
    ends = (column.assetid, column.goneassetid)
    of_asset = [column.mergeid > 0] if assetid is None else [end == assetid for end in ends]
    keys = least_keys(column.mergeid, [and_(each, column.mergeid > after) for each in of_asset], limit)
    rows = connection.execute(_shown().where(is_among(column.mergeid, keys)).order_by(column.mergeid))
    return [_json(row) for row in rows]


def newest_merges(connection: Connection, *, before: int, limit: int) -> list[JsonObject]:
    """Return up to `limit` merges with ids below `before`, the newest first."""
    column = assetmerge.c.mergeid
    rows = connection.execute(_shown().where(column < before).order_by(column.desc()).limit(limit))
    return [_json(row) for row in rows]


def get_merge(connection: Connection, mergeid: int) -> JsonObject:
    """Return one merge as the API shows it; raises `NotFound`."""
    row = connection.execute(_shown().where(assetmerge.c.mergeid == mergeid)).first()
    if row is None:
        raise NotFound(f"There is no merge {mergeid}.")
    return _json(row)


def _shown() -> Select[Any]:
    kept, gone = asset.alias(), asset.alias()
    return (
        select(
            assetmerge.c.mergeid,
            assetmerge.c.assetid,
            kept.c.identityvalue,
            assetmerge.c.goneassetid,
            gone.c.identityvalue.label("goneidentityvalue"),
            assetmerge.c.at,
            assetmerge.c.actor,
            gone.c.identitykey.label("released"),
            assetmerge.c.undoneat,
            assetmerge.c.undoneby,
        )
        .join_from(assetmerge, kept, kept.c.assetid == assetmerge.c.assetid)
        .join(gone, gone.c.assetid == assetmerge.c.goneassetid)
    )


def _json(row: Row[Any]) -> JsonObject:
    return {**row._mapping, "released": bytes(row.released).startswith(FREED)}  # noqa: SLF001  # its public name
