"""Short ways to edit the assets of a site as a person, and to verify what is left."""

from typing import Any

from shops import Shop

from shopdb_core.audit.verifying.verify import verify
from shopdb_core.submissions.table_check import check_tables

MAC = "3C:52:82:11:22:33"
PC = {"hostname": "PC-1", "macaddress": MAC, "installedsoftware": [{"name": "7-Zip", "version": "24.09"}]}


def retire(shop: Shop, assetid: int = 1, reason: str = "scrapped") -> Any:
    """Retire an asset, and return the answer."""
    return shop.edit("POST", f"/api/assets/{assetid}/retire", {"reason": reason})


def restore(shop: Shop, assetid: int = 1) -> Any:
    """Restore an asset, and return the answer."""
    return shop.edit("POST", f"/api/assets/{assetid}/restore")


def patch(shop: Shop, body: object, assetid: int = 1, version: int | None = None, **headers: str) -> Any:
    """Change an asset as an editor: the version that it has now, or the given one."""
    current = shop.get(f"/api/assets/{assetid}").json.get("version") if version is None else version
    return shop.edit("PATCH", f"/api/assets/{assetid}", body, **{"If-Match": f'"{current}"', **headers})


def faults(shop: Shop) -> list[object]:
    """Return what verifying the audit and the tables of the plugins finds."""
    secondary = shop.plugins.secondary_identities()
    found: list[object] = []
    for batch in verify(shop.store, shop.chain, secondary):
        found += batch.faults
    for collector in shop.plugins.collectors().values():
        for checked in check_tables(shop.store, collector, pause=bool):
            found += checked.faults
    return found
