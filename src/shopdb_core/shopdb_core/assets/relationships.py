"""Relationships between assets: people create them, and submissions do not change them (contract 5)."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, or_, select

from shopdb_core.assets.rows import asset_exists, require_asset
from shopdb_core.errors import Conflict, InvalidSubmission, NotFound
from shopdb_core.store.tables import assetrelationship as relationship
from shopdb_hookspecs import JsonObject


def relate(connection: Connection, *, source: int, target: int, relationshiptype: str) -> JsonObject:
    """Create a relationship and return it as the API shows it.

    Raises `NotFound` for the source, `InvalidSubmission` for the target, and `Conflict` if it exists already.
    """
    require_asset(connection, source)
    if not asset_exists(connection, target):
        raise InvalidSubmission(f"targetassetid: there is no asset {target}.")
    if source == target:
        raise InvalidSubmission("targetassetid: an asset cannot relate to itself.")
    row = {"sourceassetid": source, "targetassetid": target, "relationshiptype": relationshiptype}
    if connection.execute(select(relationship.c.relationshipid).filter_by(**row)).first():
        raise Conflict(f"Asset {source} already has the relationship {relationshiptype} to asset {target}.")
    statement = insert(relationship).values(**row, createdat=datetime.now(UTC))
    relationshipid = connection.scalars(statement.returning(relationship.c.relationshipid)).one()
    return get_relationship(connection, source, relationshipid)


def unrelate(connection: Connection, assetid: int, relationshipid: int) -> None:
    """Delete one of the asset's relationships; raises `NotFound`."""
    get_relationship(connection, assetid, relationshipid)
    connection.execute(delete(relationship).where(relationship.c.relationshipid == relationshipid))


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
