"""Assets as the API shows them: one, or lists by state, by type and by the beginning of the identity."""

from collections.abc import Callable, Collection, Iterable
from typing import Any, Literal, get_args

import orjson
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, literal_column, select

from shopdb_core.assets.identity import identity_key
from shopdb_core.assets.rows import State
from shopdb_core.assets.sources import sources_of
from shopdb_core.errors import Gone, NotFound
from shopdb_core.store.paging import Page, distinct_values, least_keys, read_rows, unindexed
from shopdb_core.store.tables import IDENTITY_LENGTH, LARGEST_ID, asset, assetattributes, assetsitefields
from shopdb_hookspecs import Json, JsonObject

Shown = State | Literal["all"]
"""The state of the assets of a list."""

STATES: tuple[str, ...] = (*get_args(State), "all")

LAST_BYTE = b"\xff"
"""Sorts after every byte of a UTF-8 string."""

FEW = 20_000
"""How many entries of an index a search by prefix reads before it tries something else.

Identities that begin alike are next to each other in an index, but their ids are in any order, so all of
them have to be read. If they are many, the first of them are probably among the next ids.
"""


def read_page(
    connection: Connection,
    *,
    assettype: str | None,
    identityvalue: str | None,
    state: Shown = "active",
    after: int,
    limit: int,
    show: Callable[[Row[Any]], JsonObject] | None = None,
) -> Page:
    """Return a page of the assets in the order of their ids; `identityvalue` is a prefix.

    Its items are what `show` returns of the rows; without it they have fields that stay JSON text.
    """
    found = first_ids(connection, assettype, identityvalue, state, after=after, limit=limit + 1)
    rows, more = read_assets(connection, found, limit)
    return Page([*map(show or as_texts, rows)], more)


def read_assets(
    connection: Connection, found: Select[tuple[int]], limit: int
) -> tuple[Iterable[Row[Any]], int | None]:
    """Return the rows of up to `limit` assets in the order of their ids, as `read_rows` does."""
    texts = assetattributes.c.attributes, assetsitefields.c.sitefields
    return read_rows(connection, select_assets(), asset.c.assetid, *texts, keys=found, limit=limit)


def as_texts(row: Row[Any]) -> JsonObject:
    """Return a row as the API shows it, with fields that stay JSON text."""
    return with_fields(row, orjson.Fragment)


def first_ids(
    connection: Connection,
    assettype: str | None,
    identityprefix: str | None,
    state: Shown,
    *,
    after: int,
    limit: int,
) -> Select[tuple[int]]:
    """Return the query of the first ids of a list, `limit` at most."""
    prefix = None if identityprefix is None else prefix_key(identityprefix)
    if state not in ("active", "all"):
        return least_keys(asset.c.assetid, [_in_state(state, assettype, prefix, after)], limit)
    # Most assets are active, so that the others are skipped.
    in_state = () if state == "all" else (unindexed(asset.c.state) == state,)
    of_type = () if assettype is None else (asset.c.assettype == assettype,)
    later = and_(*of_type, asset.c.assetid > after, *in_state)
    if prefix is None:
        return least_keys(asset.c.assetid, [later], limit)
    types = distinct_values(connection, asset.c.assettype) if assettype is None else [assettype]
    matching = select(asset.c.assetid).where(
        asset.c.assettype.in_(types), begins_with(asset.c.identitykey, prefix)
    )
    if _count(connection, matching.limit(FEW + 1)) > FEW:
        end = asset.c.assetid <= min(after + FEW, LARGEST_ID)
        near = and_(later, end, begins_with(unindexed(asset.c.identitykey), prefix))
        found = least_keys(asset.c.assetid, [near], limit)
        if _count(connection, found) == limit:
            return found
    assetid = unindexed(asset.c.assetid)
    return matching.where(assetid > after, *in_state).order_by(assetid).limit(limit)


def prefix_key(identityprefix: str) -> bytes:
    """Return the beginning of the keys of identities that begin so.

    No identity is longer, and normalising hostile text takes quadratic time.
    """
    return identity_key(identityprefix[: IDENTITY_LENGTH + 1])


def _in_state(state: str, assettype: str | None, prefix: bytes | None, after: int) -> ColumnElement[bool]:
    """Return the condition of assets that are not active: few, which an index of their own has in order."""
    # The same literal as in the index, or else SQLite and PostgreSQL do not use it.
    conditions = [
        asset.c.state != literal_column("'active'"),
        asset.c.state == state,
        asset.c.assetid > after,
    ]
    if assettype is not None:
        conditions.append(unindexed(asset.c.assettype) == assettype)
    if prefix is not None:
        conditions.append(begins_with(unindexed(asset.c.identitykey), prefix))
    return and_(*conditions)


def _count(connection: Connection, query: Select[tuple[int]]) -> int:
    return connection.scalars(select(func.count()).select_from(query.subquery())).one()


def begins_with(column: ColumnElement[bytes], prefix: bytes) -> ColumnElement[bool]:
    """Return the condition that the bytes in a column begin with `prefix`."""
    return and_(column >= prefix, column < prefix + LAST_BYTE)


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
    """Return the ids of the assets of a type with these identities, in any spelling; not of erased ones."""
    keys = {value: identity_key(value) for value in identityvalues}
    query = select(asset.c.identitykey, asset.c.assetid).where(
        asset.c.assettype == assettype, asset.c.identitykey.in_(keys.values()), asset.c.state != "erased"
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
