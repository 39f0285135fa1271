"""Assets as the API shows them: one, or lists by type and by the beginning of the identity."""

from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, select

from shopdb_core.assets.identity import identity_key
from shopdb_core.errors import NotFound
from shopdb_core.store.paging import Page, read_rows
from shopdb_core.store.tables import IDENTITY_LENGTH, asset, assetattributes
from shopdb_hookspecs import JsonObject

LAST_BYTE = b"\xff"
"""Sorts after every byte of a UTF-8 string."""

FEW = 1_000


def list_assets(
    connection: Connection, *, assettype: str | None, identityprefix: str | None, after: int, limit: int
) -> list[JsonObject]:
    """Return up to `limit` assets with an id above `after`, in the order of their ids."""
    query = _select_listed(connection, assettype, identityprefix, after)
    return [_shown(row) for row in connection.execute(query.order_by(asset.c.assetid).limit(limit))]


def read_page(
    connection: Connection, *, assettype: str | None, identityvalue: str | None, after: int, limit: int
) -> Page:
    """Return a page of the same list, whose `identityvalue` is a prefix; attributes stay JSON text."""
    query = _select_listed(connection, assettype, identityvalue, after)
    rows, more = read_rows(connection, query, asset.c.assetid, assetattributes.c.attributes, limit)
    return Page([{**row._mapping, "attributes": orjson.Fragment(row.attributes)} for row in rows], more)  # noqa: SLF001  # its public name


def _select_listed(
    connection: Connection, assettype: str | None, identityprefix: str | None, after: int
) -> Select[Any]:
    query = _select_assets().where(asset.c.assetid > after)
    if assettype is not None:
        query = query.where(asset.c.assettype == assettype)
    if identityprefix is not None:
        query = query.where(_has_prefix(connection, identityprefix, assettype))
    return query


def count_of_type(connection: Connection, assettype: str) -> int:
    """Return how many assets have this type."""
    return connection.scalar(select(func.count()).where(asset.c.assettype == assettype)) or 0


def versions_of_type(
    connection: Connection, assettype: str, after: int, limit: int
) -> list[tuple[int, bytes, int]]:
    """Return id, identity key and version of up to `limit` assets with an id above `after`, by id."""
    query = (
        select(asset.c.assetid, asset.c.identitykey, asset.c.version)
        .where(asset.c.assettype == assettype, asset.c.assetid > after)
        .order_by(asset.c.assetid)
        .limit(limit)
    )
    return [(assetid, bytes(key), version) for assetid, key, version in connection.execute(query)]


def get_asset(connection: Connection, assetid: int) -> JsonObject:
    """Return one asset; raises `NotFound`."""
    row = connection.execute(_select_assets().where(asset.c.assetid == assetid)).first()
    if row is None:
        raise NotFound(f"There is no asset {assetid}.")
    return _shown(row)


def find_assetid(connection: Connection, assettype: str, identityvalue: str) -> int:
    """Return the id of the asset with this identity, in any spelling; raises `NotFound`."""
    query = select(asset.c.assetid).filter_by(assettype=assettype, identitykey=identity_key(identityvalue))
    assetid: int | None = connection.scalar(query)
    if assetid is None:
        raise NotFound(f"There is no {assettype} asset named {identityvalue[:80]!r}.")
    return assetid


def asset_exists(connection: Connection, assetid: int) -> bool:
    """Return whether there is an asset with this id."""
    return connection.scalar(select(asset.c.assetid).where(asset.c.assetid == assetid)) is not None


def require_asset(connection: Connection, assetid: int) -> None:
    """Raise `NotFound` unless there is an asset with this id."""
    if not asset_exists(connection, assetid):
        raise NotFound(f"There is no asset {assetid}.")


def _has_prefix(connection: Connection, identityprefix: str, assettype: str | None) -> ColumnElement[bool]:
    """Return the condition of a search by prefix: the ids of the matching assets, if they are few.

    Without the ids, the database would look at every asset in the order of their ids.
    """
    # No identity is longer, and normalising hostile text takes quadratic time.
    prefix = identity_key(identityprefix[: IDENTITY_LENGTH + 1])
    matches = and_(asset.c.identitykey >= prefix, asset.c.identitykey < prefix + LAST_BYTE)
    if assettype is None:
        return matches
    query = select(asset.c.assetid).where(asset.c.assettype == assettype, matches)
    found = connection.scalars(query.order_by(asset.c.identitykey).limit(FEW + 1)).all()
    return asset.c.assetid.in_(found) if len(found) <= FEW else matches


def _select_assets() -> Select[Any]:
    return select(
        asset.c.assetid,
        asset.c.assettype,
        asset.c.identityvalue,
        assetattributes.c.attributes,
        asset.c.createdat,
        asset.c.updatedat,
        asset.c.lastseenat,
        asset.c.version,
    ).join_from(asset, assetattributes)


def _shown(row: Row[Any]) -> JsonObject:
    return {**row._mapping, "attributes": orjson.loads(row.attributes)}  # noqa: SLF001  # its public name
