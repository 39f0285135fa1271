"""Writing an asset: made, changed, or only seen again. The caller's transaction commits."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, update

from shopdb_core.canonical import canonical_text
from shopdb_core.store import Insertion, Statement
from shopdb_core.store.tables import asset, assetattributes
from shopdb_hookspecs import JsonObject

_INSERT = Insertion(
    insert(asset).values(
        assettype=bindparam("assettype"),
        identityvalue=bindparam("identityvalue"),
        identitykey=bindparam("identitykey"),
        submissionhash=bindparam("submissionhash"),
        createdat=bindparam("at"),
        updatedat=bindparam("at"),
        lastseenat=bindparam("at"),
        version=1,
    )
)
_INSERT_ATTRIBUTES = Statement(
    insert(assetattributes).values(assetid=bindparam("assetid"), attributes=bindparam("attributes"))
)
_UPDATE = Statement(
    update(asset)
    .where(asset.c.assetid == bindparam("asset"))
    .values(
        identityvalue=bindparam("identityvalue"),
        identitykey=bindparam("identitykey"),
        submissionhash=bindparam("submissionhash"),
        chainhash=bindparam("chainhash"),
        updatedat=bindparam("at"),
        lastseenat=bindparam("at"),
        version=asset.c.version + 1,
    )
)
_UPDATE_ATTRIBUTES = Statement(
    update(assetattributes)
    .where(assetattributes.c.assetid == bindparam("asset"))
    .values(attributes=bindparam("attributes"))
)
_SEEN = Statement(
    update(asset)
    .where(asset.c.assetid == bindparam("asset"))
    .values(
        submissionhash=bindparam("submissionhash"),
        chainhash=bindparam("chainhash"),
        lastseenat=bindparam("at"),
    )
)


def create(
    connection: Connection,
    *,
    assettype: str,
    identityvalue: str,
    identitykey: bytes,
    submissionhash: bytes | None,
    attributes: JsonObject,
    at: datetime,
) -> int:
    """Insert an asset and return its id; the driver's integrity error tells that another was faster."""
    row = {
        "assettype": assettype,
        "identityvalue": identityvalue,
        "identitykey": identitykey,
        "submissionhash": submissionhash,
        "at": at,
    }
    assetid = _INSERT.insert(connection, row)
    _INSERT_ATTRIBUTES.run(connection, {"assetid": assetid, "attributes": canonical_text(attributes)})
    return assetid


def change(
    connection: Connection,
    assetid: int,
    *,
    identityvalue: str,
    identitykey: bytes,
    submissionhash: bytes | None,
    chainhash: bytes,
    attributes: JsonObject,
    at: datetime,
) -> None:
    """Replace an asset's attributes, and its identity where a rename was adopted."""
    row = {
        "asset": assetid,
        "identityvalue": identityvalue,
        "identitykey": identitykey,
        "submissionhash": submissionhash,
        "chainhash": chainhash,
        "at": at,
    }
    _UPDATE.run(connection, row)
    _UPDATE_ATTRIBUTES.run(connection, {"asset": assetid, "attributes": canonical_text(attributes)})


def see(
    connection: Connection, assetid: int, *, submissionhash: bytes, chainhash: bytes, at: datetime
) -> None:
    """Note that an asset was seen again, unchanged."""
    _SEEN.run(
        connection, {"asset": assetid, "submissionhash": submissionhash, "chainhash": chainhash, "at": at}
    )
