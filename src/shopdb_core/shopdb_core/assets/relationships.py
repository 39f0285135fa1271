"""Relationships between assets: made by people, untouched by every submission (contract 5)."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, or_, select

from shopdb_core.assets.rows import asset_exists, require_asset
from shopdb_core.errors import Conflict, InvalidSubmission, NotFound
from shopdb_core.store.tables import assetrelationship as relationship
from shopdb_hookspecs import JsonObject


def relate(connection: Connection, *, source: int, target: int, relationshiptype: str) -> JsonObject:
    """Make `source` point at `target`; raises `NotFound`, `Conflict`, or `InvalidSubmission` for itself."""
    require_asset(connection, source)
    if not asset_exists(connection, target):
        raise InvalidSubmission(f"targetassetid: there is no asset {target}.")
    if source == target:
        raise InvalidSubmission("targetassetid: an asset cannot relate to itself.")
    row = {"sourceassetid": source, "targetassetid": target, "relationshiptype": relationshiptype}
    if connection.execute(select(relationship.c.relationshipid).filter_by(**row)).first():
        raise Conflict(f"Asset {source} has the relationship {relationshiptype} to asset {target} already.")
    made = insert(relationship).values(**row, createdat=datetime.now(UTC))
    relationshipid = connection.scalars(made.returning(relationship.c.relationshipid)).one()
    return get_relationship(connection, source, relationshipid)


def unrelate(connection: Connection, assetid: int, relationshipid: int) -> None:
    """Delete one of the asset's relationships; raises `NotFound`."""
    get_relationship(connection, assetid, relationshipid)
    connection.execute(delete(relationship).where(relationship.c.relationshipid == relationshipid))


def get_relationship(connection: Connection, assetid: int, relationshipid: int) -> JsonObject:
    """Return one relationship that points at or from the asset; raises `NotFound`."""
    query = _relationships(assetid).where(relationship.c.relationshipid == relationshipid)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFound(f"Asset {assetid} has no relationship {relationshipid}.")
    return dict(row)


def list_relationships(connection: Connection, assetid: int, *, after: int, limit: int) -> list[JsonObject]:
    """Return the relationships that point at or from the asset; raises `NotFound`."""
    require_asset(connection, assetid)
    query = _relationships(assetid).where(relationship.c.relationshipid > after)
    rows = connection.execute(query.order_by(relationship.c.relationshipid).limit(limit))
    return [dict(row) for row in rows.mappings()]


def _relationships(assetid: int) -> Select[Any]:
    ends = or_(relationship.c.sourceassetid == assetid, relationship.c.targetassetid == assetid)
    return select(
        relationship.c.relationshipid,
        relationship.c.relationshiptype,
        relationship.c.sourceassetid,
        relationship.c.targetassetid,
        relationship.c.createdat,
    ).where(ends)
