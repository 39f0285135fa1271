"""The fields of people: stored apart from submitted ones, and changed by no submission (contract 11).

The caller's transaction commits.
"""

from collections.abc import Collection

import orjson
from sqlalchemy import Connection, delete, insert, select

from shopdb_core.json_text import canonical_text
from shopdb_core.store.tables import assetsitefields
from shopdb_hookspecs import JsonObject


def site_fields_of(connection: Connection, assetids: Collection[int]) -> dict[int, JsonObject]:
    """Return the fields of people of some assets, by id; those of an asset without any are empty."""
    query = select(assetsitefields).where(assetsitefields.c.assetid.in_(assetids))
    found = {row.assetid: orjson.loads(row.sitefields) for row in connection.execute(query)}
    return {assetid: found.get(assetid, {}) for assetid in assetids}


def replace_site_fields(connection: Connection, assetid: int, sitefields: JsonObject) -> None:
    """Write the fields of people of a locked asset; an asset without any has no row."""
    connection.execute(delete(assetsitefields).where(assetsitefields.c.assetid == assetid))
    if sitefields:
        values = {"assetid": assetid, "sitefields": canonical_text(sitefields)}
        connection.execute(insert(assetsitefields).values(values))
