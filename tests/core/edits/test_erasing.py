"""Erasing: the data of an asset are gone from every table, and the audit verifies nevertheless."""

from datetime import UTC, datetime

import pytest
from databases import execute
from fleet import MACS, Fleet
from sqlalchemy import Connection, MetaData, make_url, select

from shopdb_core.audit.prune import Expiry, PruningPlanner, prune
from shopdb_core.audit.verifying.head import Head, keep_head
from shopdb_core.store.tables import auditentry

pytestmark = pytest.mark.every_database

SECRET = "SECRETWORD"


def found(fleet: Fleet, word: str) -> list[str]:
    """Return the columns of all tables, also those of plugins, in which a row has the word."""

    def work(connection: Connection) -> list[str]:
        metadata = MetaData()
        metadata.reflect(connection)
        assert "printers_device" in metadata.tables
        return [
            f"{table.name}.{name}"
            for table in metadata.sorted_tables
            for row in connection.execute(select(table))
            for name, value in row._mapping.items()
            if word.casefold() in str(bytes(value) if isinstance(value, memoryview) else value).casefold()
        ]

    return fleet.shop.store.read(work)


def take_head(fleet: Fleet) -> Head:
    """Take a head, as `shopdb audit head` does."""
    at = datetime.now(UTC)
    head = fleet.shop.store.read(lambda connection: Head.of(connection, at))
    fleet.shop.store.transaction(lambda connection: keep_head(connection, head, at))
    return head


def missing(fleet: Fleet, head: Head) -> list[str]:
    """Return what verifying with the head finds."""
    return fleet.shop.store.read(lambda connection: list(head.faults(connection)))


def printer(fleet: Fleet, serialnumber: str, **fields: object) -> int:
    """Submit a printer, and return its id."""
    assetid = fleet.shop.submit("printers", {"serialnumber": serialnumber, **fields}).assetid
    assert assetid
    return assetid


def test_nothing_of_an_erased_asset_is_left(fleet: Fleet) -> None:
    """Neither in its own rows, in those of the plugin, in the entries, or in assets merged into it."""
    other, kept, gone = (printer(fleet, f"{SECRET}-{n}", model=f"{SECRET} {n}") for n in range(3))
    fleet.shop.submit("printers", {"serialnumber": "SN-9"})
    for _ in range(2):
        printer(fleet, f"{SECRET}-1", model=f"{SECRET} X", macaddress=MACS[3])
    printer(fleet, f"{SECRET}-2", location=f"{SECRET} Z")
    cell = fleet.cell("Cell 1")
    fleet.relate(cell, gone)
    fleet.relate(kept, cell)
    fleet.merge(kept, gone)
    fleet.post(f"/api/assets/{other}/retire", {"reason": SECRET})
    fleet.shop.post("printers", {"serialnumber": f"{SECRET}-1", "pagecount": "many"})
    fleet.shop.recorder.write()
    assert fleet.shop.count("refusal") == 1

    answer = fleet.erase(kept)
    assert answer == {
        "assetid": kept,
        "state": "erased",
        "erased": [kept, gone],
        "entries": 8,
        "relationships": 2,
        "related": [cell],
    }
    fleet.erase(other)

    assert found(fleet, SECRET) == []
    assert found(fleet, MACS[3]) == []
    assert fleet.relationships() == set()
    assert fleet.shop.count("printers_device") == 1
    assert [fleet.state(each) for each in (other, kept, gone)] == [("erased", None)] * 3
    assert fleet.actions(kept) == ["erased"]
    assert fleet.actions(cell)[-1] == "unrelated"
    assert fleet.faults() == []


def test_an_erased_asset_is_gone(fleet: Fleet) -> None:
    """Reading and erasing it again is 410; its identity makes a new asset."""
    assetid = fleet.computer("PC-1", osname=SECRET)
    fleet.erase(assetid)
    assert fleet.shop.get(f"/api/assets/{assetid}").status_code == 410
    fleet.erase(assetid, status=410)
    fleet.merge(assetid, fleet.computer("PC-2"), status=410)
    assert SECRET not in fleet.shop.get(f"/api/assets/{assetid}/history").text
    assert fleet.computer("PC-1") != assetid
    assert fleet.faults() == []


def test_the_findings_about_an_erased_asset_are_deleted(fleet: Fleet) -> None:
    """They have its secondary identity."""
    _, two = (fleet.computer(name, macaddress=MACS[1]) for name in ("PC-1", "PC-2"))
    assert fleet.shop.count("assetduplicate") == 1
    fleet.erase(two)
    assert fleet.shop.count("assetduplicate") == 0


def test_what_cannot_be_erased(fleet: Fleet) -> None:
    """Another version, a merged asset, an unknown one; and only admins erase."""
    kept, gone = fleet.computer("PC-1"), fleet.computer("PC-2")
    fleet.erase(99, status=404)
    fleet.erase(kept, status=412, **{"If-Match": '"7"'})
    fleet.erase(kept, status=400, **{"If-Match": "none"})
    fleet.merge(kept, gone)
    assert f"merged into asset {kept}" in fleet.erase(gone, status=409)["detail"]
    refused = fleet.shop.client.simulate_delete(f"/api/assets/{kept}", headers=fleet.shop.bearer("editor"))
    assert refused.status_code == 403
    fleet.erase(kept, **{"If-Match": '"2"'})
    assert fleet.faults() == []


def test_a_dry_run_erases_nothing(fleet: Fleet) -> None:
    """It shows what would go."""
    assetid = fleet.computer("PC-1")
    assert fleet.erase(assetid, query="?dryrun=true")["entries"] == 1
    assert fleet.actions(assetid) == ["created"]


def test_a_merge_of_an_erased_asset_is_not_undone(fleet: Fleet) -> None:
    """It stays in the list, without any data."""
    kept, gone = fleet.computer("PC-1"), fleet.computer("PC-2", osname=SECRET)
    mergeid = fleet.merge(kept, gone)["mergeid"]
    fleet.erase(kept)
    assert "was erased since" in fleet.undo(mergeid, status=409)["detail"]
    (shown,) = fleet.shop.get("/api/merges").json["items"]
    assert (shown["identityvalue"], shown["goneidentityvalue"]) == ("", "")


def test_heads_verify_after_erasing(fleet: Fleet) -> None:
    """Those that were taken in the middle of the asset's history, and after it, and later ones."""
    pytest.importorskip("cryptography", reason="the extra `heads`")
    assetid = fleet.computer("PC-1", osname="A")
    heads = []
    for name in ("B", "C", "D"):
        fleet.computer("PC-1", osname=name)
        fleet.computer("PC-2", osname=name)
        heads.append(take_head(fleet))

    fleet.erase(assetid)
    heads.append(take_head(fleet))

    assert [missing(fleet, head) for head in heads] == [[], [], [], []]
    assert fleet.faults() == []
    assert fleet.shop.rows("SELECT entries, diff FROM auditcheckpoint ORDER BY lastauditid") == [
        (2, "{}"),
        (1, "{}"),
        (1, "{}"),
    ]


def test_pruning_before_and_after_erasing(fleet: Fleet) -> None:
    """The checkpoints of pruning lose their diffs, too, and a plan from before does not bring them back."""
    assetid = fleet.computer("PC-1", osname="A")
    for name in (SECRET, "B", "C", "D"):
        fleet.computer("PC-1", osname=name)
    shop, now = fleet.shop, datetime.now(UTC)
    third = select(auditentry.c.at).where(auditentry.c.auditid == 3)
    early = Expiry("change", shop.store.read(lambda connection: connection.scalars(third).one()), now)
    assert sum(each.entries for each in prune(shop.store, shop.chain, [early], lambda _: None)) == 2
    plan = shop.store.read(PruningPlanner(Expiry("change", now, now), shop.chain))
    assert plan

    fleet.erase(assetid)
    assert shop.store.transaction(plan) is False
    assert found(fleet, SECRET) == []

    later = Expiry("change", datetime.now(UTC), datetime.now(UTC))
    list(prune(shop.store, shop.chain, [later], lambda _: None))
    assert fleet.faults() == []


def test_a_history_that_was_changed_by_hand_is_not_erased(fleet: Fleet) -> None:
    """Erasing would hide it."""
    edited, cut = fleet.computer("PC-1"), fleet.computer("PC-2")
    fleet.computer("PC-2", osname="Debian 13")
    url = make_url(fleet.shop.settings.database_url)
    execute(url, f"UPDATE auditentry SET actor = 'nobody' WHERE assetid = {edited}")
    execute(url, "DELETE FROM auditentry WHERE auditid = 3")
    for assetid in (edited, cut):
        assert "`shopdb audit verify`" in fleet.erase(assetid, status=409)["detail"]


def test_an_asset_that_people_created_is_erased(fleet: Fleet) -> None:
    """Its type has no plugin."""
    cell = fleet.cell(SECRET, owner=SECRET)
    fleet.erase(cell)
    assert found(fleet, SECRET) == []
    assert fleet.cell(SECRET) != cell
    assert fleet.faults() == []
