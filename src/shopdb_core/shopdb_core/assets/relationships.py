"""Relationships between assets: people create them, and submissions do not change them (contract 5).

The caller's transaction commits, and writes the audit entry (`edits/relating.py`).
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, delete, func, insert, or_, select, update

from shopdb_core.assets.listing import asset_exists, require_asset
from shopdb_core.errors import Conflict, InvalidSubmission, NotFound
from shopdb_core.store import Insertion
from shopdb_core.store.paging import is_among, least_keys
from shopdb_core.store.tables import assetrelationship as relationship
from shopdb_hookspecs import JsonObject

_INSERT = Insertion(relationship, ("sourceassetid", "targetassetid", "relationshiptype", "createdat"))


def add_relationship(
    connection: Connection, *, source: int, target: int, relationshiptype: str, at: datetime
) -> JsonObject:
    """Insert a relationship and return it as the API shows it; the caller has locked the source.

    Raises `InvalidSubmission` for the target, and `Conflict` if the relationship exists already.
    """
    if not asset_exists(connection, target):
        raise InvalidSubmission(f"targetassetid: there is no asset {target}.")
    if source == target:
        raise InvalidSubmission("targetassetid: an asset cannot relate to itself.")
    row = {"sourceassetid": source, "targetassetid": target, "relationshiptype": relationshiptype}
    if exists_relationship(connection, row):
        raise Conflict(f"Asset {source} already has the relationship {relationshiptype} to asset {target}.")
    (relationshipid,) = _INSERT.insert(connection, [{**row, "createdat": at}])
    return get_relationship(connection, source, relationshipid)


def delete_relationship(connection: Connection, relationshipid: int) -> None:
    """Delete a relationship; the caller has locked its source."""
    connection.execute(delete(relationship).where(relationship.c.relationshipid == relationshipid))


def change_ends(connection: Connection, relationshipid: int, source: int, target: int) -> None:
    """Give a relationship other ends; the caller has locked its old source and the new one."""
    statement = update(relationship).where(relationship.c.relationshipid == relationshipid)
    connection.execute(statement.values(sourceassetid=source, targetassetid=target))


def restore_relationship(connection: Connection, row: JsonObject) -> JsonObject:
    """Insert a relationship that was deleted, with its old id unless another has it now; return its row."""
    number = relationship.c.relationshipid
    is_taken = connection.execute(select(number).where(number == row["relationshipid"])).first()
    if not is_taken:
        connection.execute(insert(relationship).values(row))
        return row
    (relationshipid,) = _INSERT.insert(connection, [row])
    return {**row, number.name: relationshipid}


def exists_relationship(connection: Connection, row: JsonObject) -> bool:
    """Return whether there is a relationship with these ends and of this type."""
    names = ("sourceassetid", "targetassetid", "relationshiptype")
    query = select(relationship.c.relationshipid).filter_by(**{name: row[name] for name in names})
    return connection.execute(query).first() is not None


def relationships_of(connection: Connection, assetids: Collection[int]) -> list[JsonObject]:
    """Return every relationship from or to these assets, by id."""
    ends = (relationship.c.sourceassetid, relationship.c.targetassetid)
    query = select(relationship).where(or_(*(end.in_(assetids) for end in ends)))
    found = connection.execute(query.order_by(relationship.c.relationshipid)).mappings()
    # SQLAlchemy's names are a subclass of `str`, which no JSON object may have as keys.
    return [{str(name): value for name, value in row.items()} for row in found]


def sources_to(connection: Connection, assetids: Collection[int]) -> set[int]:
    """Return the sources of the relationships to these assets."""
    query = select(relationship.c.sourceassetid).where(relationship.c.targetassetid.in_(assetids))
    return set(connection.scalars(query))


def get_relationship(connection: Connection, assetid: int, relationshipid: int) -> JsonObject:
    """Return one relationship from or to the asset; raises `NotFound`."""
    query = _relationships(assetid).where(relationship.c.relationshipid == relationshipid)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFound(f"Asset {assetid} has no relationship {relationshipid}.")
    return dict(row)


def list_relationships(connection: Connection, assetid: int, *, after: int, limit: int) -> list[JsonObject]:
    """Return up to `limit` relationships from or to the asset, with ids above `after`; raises `NotFound`."""
    require_asset(connection, assetid)
    key = relationship.c.relationshipid
    ends = (relationship.c.sourceassetid, relationship.c.targetassetid)
    keys = least_keys(key, [and_(end == assetid, key > after) for end in ends], limit)
    rows = connection.execute(_relationships(assetid).where(is_among(key, keys)).order_by(key))
    return [dict(row) for row in rows.mappings()]


def count_relationships(connection: Connection, assetid: int) -> int:
    """Return how many relationships from or to the asset there are."""
    ends = (relationship.c.sourceassetid, relationship.c.targetassetid)
    return sum(connection.scalars(select(func.count()).where(end == assetid)).one() for end in ends)


def all_relationships(connection: Connection) -> dict[int, list[JsonObject]]:
    """Return every relationship, by its source."""
    found: dict[int, list[JsonObject]] = {}
    for row in connection.execute(select(relationship).order_by(relationship.c.relationshipid)).mappings():
        found.setdefault(row["sourceassetid"], []).append(dict(row))
    return found


def _relationships(assetid: int) -> Select[Any]:
    ends = or_(relationship.c.sourceassetid == assetid, relationship.c.targetassetid == assetid)
    return select(
        relationship.c.relationshipid,
        relationship.c.relationshiptype,
        relationship.c.sourceassetid,
        relationship.c.targetassetid,
        relationship.c.createdat,
    ).where(ends)
