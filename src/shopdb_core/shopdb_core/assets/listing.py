"""Assets as the API shows them: one, or a page of a list; and how many there are."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Row, Select, case, func, select

from shopdb_core.assets.identity import identity_key
from shopdb_core.assets.listed_ids import BY_ID, Order, Shown, first_ids
from shopdb_core.assets.sources import sources_of
from shopdb_core.errors import Gone, NotFound
from shopdb_core.store.paging import Page, distinct_values, read_rows
from shopdb_core.store.tables import asset, assetattributes, assetsitefields
from shopdb_hookspecs import Json, JsonObject


@dataclass(frozen=True, slots=True)
class AssetCount:
    """The assets of a type in one state; `unseen` of them were last submitted before a given time."""

    assettype: str
    state: str
    number: int
    unseen: int


def read_page(
    connection: Connection,
    *,
    assettype: str | None,
    identityvalue: str | None,
    state: Shown = "active",
    order: Order = BY_ID,
    after: int,
    limit: int,
    show: Callable[[Row[Any]], JsonObject] | None = None,
) -> Page:
    """Return a page of the assets in an order; `identityvalue` is a prefix.

    Its items are what `show` returns of the rows; without it they have fields that stay JSON text. Raises
    `InvalidParameter` as `first_ids` does.
    """
    found = first_ids(connection, assettype, identityvalue, state, order=order, after=after, limit=limit + 1)
    rows, more = read_assets(connection, found, limit, order)
    return Page([*map(show or as_texts, rows)], more)


def read_assets(
    connection: Connection, found: Select[tuple[int]], limit: int, order: Order = BY_ID
) -> tuple[Iterable[Row[Any]], int | None]:
    """Return the rows of up to `limit` assets in an order, as `read_rows` does."""
    texts = assetattributes.c.attributes, assetsitefields.c.sitefields
    key, query = asset.c.assetid, select_assets()
    return read_rows(connection, query, key, *texts, keys=found, limit=limit, order=order.columns)


def as_texts(row: Row[Any]) -> JsonObject:
    """Return a row as the API shows it, with fields that stay JSON text."""
    return with_fields(row, orjson.Fragment)


def count_assets(connection: Connection, unseen_since: datetime) -> list[AssetCount]:
    """Count the assets by type and state, in that order; reads the whole table of assets once."""
    column = asset.c
    unseen = func.sum(case((column.lastseenat < unseen_since, 1), else_=0))
    query = (
        select(column.assettype, column.state, func.count(), unseen)
        .group_by(column.assettype, column.state)
        .order_by(column.assettype, column.state)
    )
    return [
        AssetCount(assettype, state, number, int(unseen))
        for assettype, state, number, unseen in connection.execute(query)
    ]


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
    """Return one asset, with its sources; raises `NotFound`, and `Gone` if it was erased."""
    row = connection.execute(select_assets().where(asset.c.assetid == assetid)).first()
    if row is None:
        raise NotFound(f"There is no asset {assetid}.")
    if row.state == "erased":
        raise Gone(f"Asset {assetid} was erased.")
    shown = as_values(row)
    return {**shown, "sources": sources_of(connection, assetid, shown["attributes"])}


def find_assetid(connection: Connection, assettype: str, identityvalue: str) -> int:
    """Return the id of the asset with this identity, in any spelling; raises `NotFound`."""
    query = select(asset.c.assetid).filter_by(assettype=assettype, identitykey=identity_key(identityvalue))
    assetid: int | None = connection.scalar(query)
    if assetid is None:
        raise NotFound(f"There is no {assettype} asset named {identityvalue[:80]!r}.")
    return assetid


def find_assetids(connection: Connection, assettype: str, identityvalues: Iterable[str]) -> dict[str, int]:
    """Return the ids of the assets of a type with these identities, in any spelling."""
    keys = {value: identity_key(value) for value in identityvalues}
    query = select(asset.c.identitykey, asset.c.assetid).where(
        asset.c.assettype == assettype, asset.c.identitykey.in_(keys.values())
    )
    found = {bytes(row.identitykey): row.assetid for row in connection.execute(query)}
    return {value: found[key] for value, key in keys.items() if key in found}


def asset_exists(connection: Connection, assetid: int) -> bool:
    """Return whether there is an asset with this id."""
    return connection.scalar(select(asset.c.assetid).where(asset.c.assetid == assetid)) is not None


def names_of(connection: Connection, assetids: Collection[int]) -> dict[int, JsonObject]:
    """Return type, identity and state of assets, by their ids; those that do not exist are left out."""
    columns = (asset.c.assetid, asset.c.assettype, asset.c.identityvalue, asset.c.state)
    found = connection.execute(select(*columns).where(asset.c.assetid.in_(assetids)))
    return {row.assetid: dict(row._mapping) for row in found}  # noqa: SLF001  # its public name


def asset_types(connection: Connection) -> list[str]:
    """Return the types of which there are assets, in any state, in order."""
    return sorted(distinct_values(connection, asset.c.assettype))


def require_asset(connection: Connection, assetid: int) -> None:
    """Raise `NotFound` unless there is an asset with this id."""
    if not asset_exists(connection, assetid):
        raise NotFound(f"There is no asset {assetid}.")


def select_assets() -> Select[Any]:
    """Return the query of what is shown of assets; their fields are JSON texts."""
    columns = select(
        asset.c.assetid,
        asset.c.assettype,
        asset.c.identityvalue,
        assetattributes.c.attributes,
        asset.c.createdat,
        asset.c.updatedat,
        asset.c.lastseenat,
        asset.c.version,
        asset.c.state,
        asset.c.reason,
        asset.c.mergedinto,
        assetsitefields.c.sitefields,
    )
    return columns.join_from(asset, assetattributes).join(assetsitefields, isouter=True)


def as_values(row: Row[Any]) -> JsonObject:
    """Return a row as the API shows it."""
    return with_fields(row, orjson.loads)


def with_fields(row: Row[Any], read: Callable[[str], Json]) -> JsonObject:
    """Return a row with its fields as `read` returns them from JSON text."""
    fields = {"attributes": read(row.attributes), "sitefields": read(row.sitefields or "{}")}
    return {**row._mapping, **fields}  # noqa: SLF001  # its public name
