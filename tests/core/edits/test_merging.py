"""Merging: one asset takes what it lacks from another one, which leads to it from then on."""

import pytest
from fleet import MACS, Fleet

pytestmark = pytest.mark.every_database


def test_the_kept_asset_takes_what_it_lacks(fleet: Fleet) -> None:
    """Its own values stay; the answer and its entry show what it took."""
    kept = fleet.computer("PC-2", osname="Debian 13")
    gone = fleet.computer("PC-1", osname="Debian 12", osversion="12.1", macaddress=MACS[1])

    answer = fleet.merge(kept, gone)

    assert answer["attributes"] == {
        "hostname": "PC-2",
        "osname": "Debian 13",
        "osversion": "12.1",
        "macaddress": MACS[1],
    }
    assert answer["diff"] == {
        "macaddress": {"before": None, "after": MACS[1]},
        "osversion": {"before": None, "after": "12.1"},
    }
    assert (answer["assetid"], answer["goneassetid"], answer["version"]) == (kept, gone, 2)
    assert fleet.state(gone) == ("merged", kept)
    assert (fleet.actions(kept), fleet.actions(gone)) == (["created", "merged"], ["created", "merged"])
    assert fleet.shop.rows("SELECT assetid FROM assetevidence") == [(kept,)]
    assert fleet.faults() == []


def test_the_rows_of_the_plugin_follow(fleet: Fleet) -> None:
    """The asset that went has none any more; the kept one has those of the fields that it took."""
    kept = fleet.shop.submit("printers", {"serialnumber": "SN-2"}).assetid
    gone = fleet.shop.submit("printers", {"serialnumber": "SN-1", "supplies": [{"name": "Drum"}]}).assetid
    assert kept
    assert gone

    fleet.merge(kept, gone)

    assert fleet.shop.rows("SELECT assetid FROM printers_supply") == [(kept,)]
    assert fleet.faults() == []


def test_relationships_move_to_the_kept_asset(fleet: Fleet) -> None:
    """Those between the two and those that it has already are dropped; third assets have an entry."""
    kept, gone = fleet.computer("PC-2"), fleet.computer("PC-1")
    cell, line, tool = (fleet.cell(name) for name in ("Cell 1", "Line 1", "Tool 1"))
    for source, target in (
        (gone, cell),
        (gone, line),
        (kept, line),
        (tool, gone),
        (cell, gone),
        (cell, kept),
        (gone, kept),
        (kept, gone),
    ):
        fleet.relate(source, target)

    answer = fleet.merge(kept, gone)

    assert fleet.relationships() == {
        (kept, cell, "part_of"),
        (kept, line, "part_of"),
        (tool, kept, "part_of"),
        (cell, kept, "part_of"),
    }
    assert answer["related"] == [cell, tool]
    assert fleet.actions(tool)[-1] == "related"
    assert fleet.actions(cell)[-1] == "unrelated"
    assert fleet.faults() == []


def test_what_cannot_be_merged(fleet: Fleet) -> None:
    """An asset with itself, two types, an unknown asset, and one that was merged, on either side."""
    one, two, three = (fleet.computer(f"PC-{number}") for number in (1, 2, 3))
    cell = fleet.cell("Cell 1")
    fleet.merge(one, two)

    refusals = {
        (one, one): (409, "cannot be merged with itself"),
        (one, cell): (409, "only assets of one type"),
        (one, 99): (404, "There is no asset 99"),
        (99, one): (404, "There is no asset 99"),
        (two, one): (409, f"was merged into asset {one}"),
        (three, two): (409, f"was merged into asset {one}"),
        (two, three): (409, f"was merged into asset {one}"),
    }
    for (kept, gone), (status, reason) in refusals.items():
        assert reason in fleet.merge(kept, gone, status=status)["detail"]
    assert fleet.shop.count("assetmerge") == 1
    assert fleet.faults() == []


def test_an_asset_that_was_merged_cannot_be_related(fleet: Fleet) -> None:
    """Neither as the source nor as the target of a relationship."""
    kept, gone, cell = fleet.computer("PC-1"), fleet.computer("PC-2"), fleet.cell("Cell 1")
    fleet.merge(kept, gone)
    for source, target, status in ((cell, gone, 422), (gone, cell, 409)):
        body = {"targetassetid": target, "relationshiptype": "part_of"}
        answer = fleet.post(f"/api/assets/{source}/relationships", body, role="editor", status=status)
        assert "merged" in answer["detail"]


@pytest.mark.parametrize("body", [{}, {"gone": "1"}, {"gone": 0}, {"gone": 2.5}, {"gone": 1, "more": 1}, []])
def test_a_faulty_body_is_refused(fleet: Fleet, body: object) -> None:
    """The body names one asset by its id, and nothing else."""
    kept = fleet.computer("PC-1")
    answer = fleet.shop.client.simulate_post(
        f"/api/assets/{kept}/merge", json=body, headers=fleet.shop.bearer("admin")
    )
    assert answer.status_code == (400 if body == [] else 422)


def test_the_version_may_be_named(fleet: Fleet) -> None:
    """A kept asset that changed meanwhile is not merged into."""
    kept, gone = fleet.computer("PC-1"), fleet.computer("PC-2")
    answers = [
        fleet.shop.client.simulate_post(
            f"/api/assets/{kept}/merge",
            json={"gone": gone},
            headers={**fleet.shop.bearer("admin"), "If-Match": f'"{version}"'},
        ).status_code
        for version in (2, 1)
    ]
    assert answers == [412, 200]


def test_only_admins_merge(fleet: Fleet) -> None:
    """An editor may not."""
    kept, gone = fleet.computer("PC-1"), fleet.computer("PC-2")
    for path, body in (
        (f"/api/assets/{kept}/merge", {"gone": gone}),
        ("/api/merges/1/undo", None),
        ("/api/merges/1/release", None),
    ):
        fleet.post(path, body, role="editor", status=403)


def test_a_dry_run_shows_the_effect(fleet: Fleet) -> None:
    """Nothing is stored."""
    kept, gone = fleet.computer("PC-1"), fleet.computer("PC-2", osname="Debian 13")
    answer = fleet.post(f"/api/assets/{kept}/merge?dryrun=true", {"gone": gone})
    assert answer["diff"] == {"osname": {"before": None, "after": "Debian 13"}}
    assert fleet.state(gone) == ("active", None)
    assert fleet.actions(kept) == ["created"]


def test_the_findings_about_the_asset_that_went_are_withdrawn(fleet: Fleet) -> None:
    """Those about the pair, and those with others; no submission finds it again."""
    one, two = (fleet.computer(name, macaddress=MACS[1]) for name in ("PC-1", "PC-2"))
    fleet.computer("pc-2.example.com")
    assert fleet.shop.count("assetduplicate") == 2
    fleet.merge(one, two)
    assert fleet.shop.count("assetduplicate") == 0
    fleet.computer("pc-2.example.org")
    assert fleet.shop.count("assetduplicate") == 0


def test_assets_that_people_create_are_merged(fleet: Fleet) -> None:
    """Of a type without a collector all attributes count."""
    kept, gone = fleet.cell("Cell 1", hall="3"), fleet.cell("Cell 2", hall="4", owner="Ann")
    assert fleet.merge(kept, gone)["attributes"] == {"hall": "3", "owner": "Ann"}
    assert fleet.faults() == []
