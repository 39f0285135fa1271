"""Computers on a site in this process, as the tests of edits make, merge and compare them."""

from dataclasses import dataclass
from typing import Any

import orjson
from shops import Shop

from shopdb_core.audit.verifying.verify import verify
from shopdb_core.search.checking import check_index
from shopdb_core.submissions.table_check import check_tables

MACS = tuple(f"3C:52:82:11:22:{number:02X}" for number in range(100))


@dataclass
class Fleet:
    """A site with computers and cells, and short ways to edit them."""

    shop: Shop

    def computer(self, hostname: str, **fields: object) -> int:
        """Submit a computer, and return its id."""
        result = self.shop.submit("computers", {"hostname": hostname, **fields})
        assert result.assetid is not None
        return result.assetid

    def cell(self, name: str, **attributes: object) -> int:
        """Create a cell by hand, and return its id."""
        body = {"assettype": "cell", "identityvalue": name, "attributes": attributes}
        return int(self.post("/api/assets", body, role="editor")["assetid"])

    def relate(self, source: int, target: int, kind: str = "part_of") -> int:
        """Relate one asset to another, and return the relationship's id."""
        body = {"relationshiptype": kind, "targetassetid": target}
        path = f"/api/assets/{source}/relationships"
        return int(self.post(path, body, role="editor")["relationshipid"])

    def post(self, path: str, body: object = None, *, status: int | None = None, role: str = "admin") -> Any:
        """Post as a person; fails unless the answer has this status, or is a success."""
        headers = self.shop.bearer(role)
        options = {} if body is None else {"json": body}
        answer = self.shop.client.simulate_post(path, headers=headers, **options)
        assert answer.status_code == status if status else answer.status_code < 300, answer.text
        return answer.json

    def merge(self, kept: int, gone: int, *, status: int | None = None) -> Any:
        """Merge one asset into another."""
        return self.post(f"/api/assets/{kept}/merge", {"gone": gone}, status=status)

    def undo(self, mergeid: int, *, status: int | None = None) -> Any:
        """Undo a merge."""
        return self.post(f"/api/merges/{mergeid}/undo", status=status)

    def release(self, mergeid: int, *, status: int | None = None) -> Any:
        """Release the identity of a merge."""
        return self.post(f"/api/merges/{mergeid}/release", status=status)

    def erase(self, assetid: int, *, status: int | None = None, query: str = "", **headers: str) -> Any:
        """Erase an asset."""
        answer = self.shop.client.simulate_delete(
            f"/api/assets/{assetid}{query}", headers={**self.shop.bearer("admin"), **headers}
        )
        assert answer.status_code == (status or 200), answer.text
        return answer.json

    def attributes(self, assetid: int) -> Any:
        """Return the stored attributes of an asset."""
        ((text,),) = self.shop.rows(
            "SELECT attributes FROM assetattributes WHERE assetid = :assetid", assetid=assetid
        )
        return orjson.loads(str(text))

    def state(self, assetid: int) -> tuple[object, ...]:
        """Return the state of an asset, and the asset that it leads to."""
        (row,) = self.shop.rows(
            "SELECT state, mergedinto FROM asset WHERE assetid = :assetid", assetid=assetid
        )
        return row

    def relationships(self) -> set[tuple[object, ...]]:
        """Return source, target and type of every relationship."""
        query = "SELECT sourceassetid, targetassetid, relationshiptype FROM assetrelationship"
        return set(self.shop.rows(query))

    def actions(self, assetid: int) -> list[object]:
        """Return the actions of the entries in the chain of an asset."""
        query = "SELECT action FROM auditentry WHERE assetid = :assetid ORDER BY auditid"
        return [action for (action,) in self.shop.rows(query, assetid=assetid)]

    def whole(self, assetid: int) -> tuple[object, ...]:
        """Return everything of an asset that a merge may change and undoing restores."""
        values = {"assetid": assetid}
        return (
            self.attributes(assetid),
            self.state(assetid),
            self.shop.rows("SELECT identityvalue FROM asset WHERE assetid = :assetid", **values),
            self.shop.rows("SELECT field, value FROM assetevidence WHERE assetid = :assetid", **values),
            self.shop.rows("SELECT sitefields FROM assetsitefields WHERE assetid = :assetid", **values),
            self.shop.rows(
                "SELECT relationshipid, relationshiptype, sourceassetid, targetassetid "
                "FROM assetrelationship WHERE :assetid IN (sourceassetid, targetassetid) "
                "ORDER BY relationshipid",
                **values,
            ),
        )

    def faults(self) -> list[str]:
        """Return what `shopdb audit verify --plugins` and `shopdb search rebuild --dry-run` find."""
        shop = self.shop
        batches = [*verify(shop.store, shop.chain, shop.plugins.secondary_identities())]
        for collector in shop.plugins.collectors().values():
            batches += check_tables(shop.store, collector, pause=lambda _: None)  # type: ignore[arg-type]
        found = [f"{fault.assetid}: {fault.message}" for batch in batches for fault in batch.faults]
        differing = [each for block in check_index(shop.store, repair=False) for each in block.words()]
        return found + [f"index: {word!r}" for word in differing]
