"""Undoing a merge: both assets are as they were, but for what changed since."""

from collections.abc import Callable

import pytest
from fleet import MACS, Fleet
from shops import Shop

from shopdb_core.plugins.registry import load_plugins
from shopdb_core.settings import PluginSelection
from shopdb_core.store import open_store
from shopdb_hookspecs import JsonObject, hookimpl

pytestmark = pytest.mark.every_database


def test_undoing_restores_both_assets(fleet: Fleet) -> None:
    """Fields, evidence, relationships with their ids, rows of the plugin; both chains have an entry."""
    kept = fleet.computer("PC-2", osname="Debian 13")
    gone = fleet.computer("PC-1", osname="Debian 12", osversion="12.1", macaddress=MACS[1])
    cells = [fleet.cell(f"Cell {number}") for number in range(3)]
    for source, target in (
        (gone, cells[0]),
        (kept, cells[0]),
        (cells[1], gone),
        (gone, kept),
        (cells[2], gone),
        (cells[2], kept),
    ):
        fleet.relate(source, target)
    before = fleet.whole(kept), fleet.whole(gone), fleet.relationships()

    answer = fleet.undo(fleet.merge(kept, gone)["mergeid"])

    assert (fleet.whole(kept), fleet.whole(gone), fleet.relationships()) == before
    assert (answer["kept"], answer["lost"], answer["warnings"]) == ([], [], [])
    assert answer["gone"]["identityvalue"] == "PC-1"
    assert answer["diff"]["osversion"] == {"before": "12.1", "after": None}
    assert fleet.actions(kept)[-1] == fleet.actions(gone)[-1] == "unmerged"
    assert fleet.computer("PC-1") == gone
    assert fleet.faults() == []


def test_what_changed_since_stays_with_the_kept_asset(fleet: Fleet) -> None:
    """The answer names the fields that the merge had filled, and the relationships that are gone."""
    kept, gone = fleet.computer("PC-2"), fleet.computer("PC-1", osname="Debian 12", osversion="12.1")
    fleet.relate(gone, fleet.cell("Cell 1"))
    mergeid = fleet.merge(kept, gone)["mergeid"]
    fleet.computer("PC-1", osname="Debian 13", macaddress=MACS[2])
    relationship = fleet.shop.get(f"/api/assets/{kept}/relationships").json["items"][0]["relationshipid"]
    fleet.shop.client.simulate_delete(
        f"/api/assets/{kept}/relationships/{relationship}", headers=fleet.shop.bearer("editor")
    )

    answer = fleet.undo(mergeid)

    assert answer["kept"] == ["osname"]
    assert [each["relationshipid"] for each in answer["lost"]] == [relationship]
    assert fleet.attributes(kept) == {"hostname": "PC-2", "osname": "Debian 13", "macaddress": MACS[2]}
    assert fleet.attributes(gone) == {"hostname": "PC-1", "osname": "Debian 12", "osversion": "12.1"}
    assert fleet.faults() == []


def test_a_shared_secondary_identity_is_a_warning(fleet: Fleet) -> None:
    """Another asset that has it now keeps it, too."""
    kept, gone = fleet.computer("PC-2", macaddress=MACS[2]), fleet.computer("PC-1", macaddress=MACS[1])
    mergeid = fleet.merge(kept, gone)["mergeid"]
    third = fleet.computer("PC-3", macaddress=MACS[1])
    assert fleet.undo(mergeid)["warnings"] == [f"macaddress: also on PC-3 (asset {third})"]
    assert fleet.faults() == []


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_merges_into_one_asset_are_undone_in_any_order(fleet: Fleet, order: tuple[int, int]) -> None:
    """After the first, the kept asset is as if there had been the other merge alone."""
    kept = fleet.computer("PC-0")
    others = [fleet.computer(f"PC-{n}", osname=f"OS {n}", macaddress=MACS[n]) for n in (1, 2)]
    cell = fleet.cell("Cell")
    for other in others:
        fleet.relate(other, cell)
    before = [fleet.whole(each) for each in (kept, *others)]
    merges = [fleet.merge(kept, other)["mergeid"] for other in others]

    fleet.undo(merges[order[0]])
    left = order[1]
    assert fleet.attributes(kept) == {
        "hostname": "PC-0",
        "osname": f"OS {left + 1}",
        "macaddress": MACS[left + 1],
    }
    assert (kept, cell, "part_of") in fleet.relationships()
    assert fleet.faults() == []

    fleet.undo(merges[order[1]])
    assert [fleet.whole(each) for each in (kept, *others)] == before
    assert fleet.faults() == []


def test_an_earlier_merge_gives_nothing_again(fleet: Fleet) -> None:
    """What was cleared between two merges stays cleared when the later one is undone."""
    kept = fleet.computer("PC-0")
    others = [fleet.computer(name, osname=name) for name in ("PC-1", "PC-2")]
    fleet.merge(kept, others[0])
    fleet.computer("PC-0", osname=None)
    fleet.undo(fleet.merge(kept, others[1])["mergeid"])
    assert fleet.attributes(kept) == {"hostname": "PC-0"}
    assert fleet.faults() == []


def test_what_cannot_be_undone(fleet: Fleet) -> None:
    """A merge that was undone, that is unknown, and whose kept asset went since; the next step is named."""
    one, two, three = (fleet.computer(f"PC-{number}") for number in (1, 2, 3))
    first = fleet.merge(two, one)["mergeid"]
    second = fleet.merge(three, two)["mergeid"]

    assert f"undo merge {second} first" in fleet.undo(first, status=409)["detail"]
    fleet.undo(second)
    fleet.undo(first)
    assert f"Merge {first} was undone at" in fleet.undo(first, status=409)["detail"]
    assert "was undone at" in fleet.release(first, status=409)["detail"]
    fleet.undo(99, status=404)
    fleet.release(99, status=404)
    assert fleet.faults() == []


def test_a_chain_of_merges_is_undone_from_its_end(fleet: Fleet) -> None:
    """Relationships that moved twice, and one that was dropped on the way, are those of the first again."""
    assets = [fleet.computer(f"PC-{number}", osname=f"OS {number}") for number in range(3)]
    cells = [fleet.cell("Cell 1"), fleet.cell("Cell 2")]
    for source, target in ((assets[0], cells[0]), (assets[2], cells[0]), (assets[0], cells[1])):
        fleet.relate(source, target)
    before = [fleet.whole(each) for each in assets]

    merges = [fleet.merge(assets[1], assets[0])["mergeid"], fleet.merge(assets[2], assets[1])["mergeid"]]
    for mergeid in reversed(merges):
        fleet.undo(mergeid)

    assert [fleet.whole(each) for each in assets] == before
    assert fleet.faults() == []


def test_a_retired_asset_is_retired_again(fleet: Fleet) -> None:
    """A retired asset may go, and one may be kept, which stays retired."""
    kept, gone = fleet.computer("PC-2"), fleet.computer("PC-1", macaddress=MACS[1])
    for each in (kept, gone):
        fleet.post(f"/api/assets/{each}/retire", {"reason": "sold"})
    before = fleet.whole(kept), fleet.whole(gone)

    mergeid = fleet.merge(kept, gone)["mergeid"]
    assert fleet.state(kept) == ("retired", None)
    assert fleet.faults() == []
    fleet.undo(mergeid)

    assert (fleet.whole(kept), fleet.whole(gone)) == before
    assert fleet.faults() == []


def test_a_dry_run_undoes_nothing(fleet: Fleet) -> None:
    """It shows what undoing would do."""
    kept, gone = fleet.computer("PC-2"), fleet.computer("PC-1", osname="Debian 13")
    mergeid = fleet.merge(kept, gone)["mergeid"]
    answer = fleet.post(f"/api/merges/{mergeid}/undo?dryrun=true")
    assert answer["diff"] == {"osname": {"before": "Debian 13", "after": None}}
    assert fleet.state(gone) == ("merged", kept)


class Gauges:
    """A small plugin of the test, whose gauges have a tag of some form."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern

    @hookimpl
    def get_collector_schema(self) -> JsonObject:
        tag = {"type": "string", "pattern": self._pattern}
        fields = {"gauge": {"type": "string"}, "tag": tag}
        return {"identityfield": "gauge", "secondaryidentity": "tag", "fields": fields}


def test_a_secondary_identity_that_no_longer_fits_is_restored(make_shop: Callable[..., Shop]) -> None:
    """As a submission keeps it, although the declaration has changed."""
    shop = make_shop({"gauges": Gauges("^[a-z]+$")})
    kept, gone = (shop.submit("gauges", {"gauge": name, "tag": name}).assetid for name in ("ab", "cd"))
    assert kept
    assert gone
    stricter = load_plugins(PluginSelection(), {"gauges": Gauges("^[0-9]+$")})
    with Shop(shop.settings, stricter, open_store(shop.settings)) as later:
        fleet = Fleet(later)
        fleet.undo(fleet.merge(kept, gone)["mergeid"])
        assert fleet.faults() == []
        assert set(later.rows("SELECT assetid FROM assetevidence")) == {(kept,), (gone,)}


def test_merges_are_listed(fleet: Fleet) -> None:
    """Of all assets, or of one on either side, in pages."""
    assets = [fleet.computer(f"PC-{number}") for number in range(4)]
    merges = [fleet.merge(assets[0], assets[1])["mergeid"], fleet.merge(assets[2], assets[3])["mergeid"]]
    fleet.undo(merges[1])

    first = fleet.shop.get("/api/merges?limit=1").json
    rest = fleet.shop.get(f"/api/merges?after={first['next']}").json

    assert [row["mergeid"] for row in (*first["items"], *rest["items"])] == merges
    (shown,) = first["items"]
    assert (shown["identityvalue"], shown["goneidentityvalue"]) == ("PC-0", "PC-1")
    assert (shown["actor"], shown["released"], shown["undoneby"]) == ("user:tester", False, None)
    assert rest["items"][0]["undoneby"] == "user:tester"
    for assetid, expected in zip(assets, (merges[:1], merges[:1], merges[1:], merges[1:]), strict=True):
        items = fleet.shop.get(f"/api/merges?assetid={assetid}").json["items"]
        assert [row["mergeid"] for row in items] == expected
    assert fleet.shop.get("/api/merges?gone=1").status_code == 400
