"""The stored asset, found by its identity and locked for the rest of the transaction."""

from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, select

from shopdb_core.store import Statement
from shopdb_core.store.tables import asset, assetattributes
from shopdb_hookspecs import JsonObject

_COLUMNS = (
    asset.c.assetid,
    asset.c.identityvalue,
    asset.c.submissionhash,
    asset.c.chainhash,
    asset.c.version,
)
_BY_IDENTITY = Statement(
    select(*_COLUMNS)
    .where(asset.c.assettype == bindparam("assettype"), asset.c.identitykey == bindparam("identitykey"))
    .with_for_update()
)
_BY_ID = Statement(select(*_COLUMNS).where(asset.c.assetid == bindparam("assetid")).with_for_update())
_ATTRIBUTES = Statement(
    select(assetattributes.c.attributes).where(assetattributes.c.assetid == bindparam("assetid"))
)


@dataclass(frozen=True, slots=True)
class StoredAsset:
    """What an upsert needs to know of the asset that it found."""

    assetid: int
    identityvalue: str
    submissionhash: bytes | None
    chainhash: bytes | None
    version: int


def lock(connection: Connection, assettype: str, identitykey: bytes) -> StoredAsset | None:
    """Find the asset with this identity; nobody else changes it until the transaction ends."""
    return _first(_BY_IDENTITY.run(connection, {"assettype": assettype, "identitykey": identitykey}))


def lock_by_id(connection: Connection, assetid: int) -> StoredAsset | None:
    """Find the asset with this id, and lock it."""
    return _first(_BY_ID.run(connection, {"assetid": assetid}))


def read_attributes(connection: Connection, assetid: int) -> JsonObject:
    """Return the attributes of an asset that exists."""
    ((attributes,),) = _ATTRIBUTES.run(connection, {"assetid": assetid}).fetchall()
    return orjson.loads(attributes)  # type: ignore[no-any-return]  # written by us, as an object


def _first(cursor: Any) -> StoredAsset | None:
    row = cursor.fetchone()
    return StoredAsset(*row) if row else None
