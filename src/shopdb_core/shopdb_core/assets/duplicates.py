"""Pairs of assets that may be one device: they alone share a secondary identity."""

from sqlalchemy import Connection, func, select

from shopdb_core.store.tables import asset, assetevidence
from shopdb_hookspecs import JsonObject


def list_duplicates(connection: Connection, *, after: int, limit: int) -> list[JsonObject]:
    """Return pairs in the order of their newer asset, the first above `after`.

    A value that three assets share is a docking station or an imaging adapter, and no evidence.
    """
    shared = (
        select(
            assetevidence.c.assettype,
            assetevidence.c.field,
            func.min(assetevidence.c.assetid).label("assetid"),
            func.max(assetevidence.c.assetid).label("otherassetid"),
        )
        .group_by(assetevidence.c.assettype, assetevidence.c.field, assetevidence.c.value)
        .having(func.count() == 2)  # noqa: PLR2004  # a pair
        .subquery()
    )
    older, newer = asset.alias(), asset.alias()
    query = (
        select(
            shared.c.assettype,
            shared.c.field,
            shared.c.assetid,
            older.c.identityvalue,
            shared.c.otherassetid,
            newer.c.identityvalue.label("otheridentityvalue"),
        )
        .join_from(shared, older, older.c.assetid == shared.c.assetid)
        .join(newer, newer.c.assetid == shared.c.otherassetid)
        .where(shared.c.otherassetid > after)
        .order_by(shared.c.otherassetid)
        .limit(limit)
    )
    return [dict(row) for row in connection.execute(query).mappings()]
