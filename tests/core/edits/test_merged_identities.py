"""The identity of an asset that was merged leads to the kept asset, until it is released."""

import pytest
from fleet import MACS, Fleet
from shops import ORIGIN

from shopdb_core.intake.http_body import Body

pytestmark = [pytest.mark.every_database, pytest.mark.every_way]

WARNING = "hostname: PC-1 was merged into PC-2 (asset {}); the submission updated that asset"


@pytest.fixture
def merged(fleet: Fleet) -> tuple[int, int, int]:
    """Merge PC-1 into PC-2, and return the ids of the kept asset, of the other one, and of the merge."""
    kept, gone = fleet.computer("PC-2"), fleet.computer("PC-1")
    return kept, gone, fleet.merge(kept, gone)["mergeid"]


def test_a_submission_updates_the_kept_asset(fleet: Fleet, merged: tuple[int, int, int]) -> None:
    """The kept asset keeps its own identity, in its row and its fields."""
    kept, gone, _ = merged
    result = fleet.shop.submit("computers", {"hostname": "pc-1", "osname": "Debian 13"})

    assert (result.action, result.assetid, result.identityvalue) == ("updated", kept, "PC-2")
    assert result.warnings == (WARNING.format(kept),)
    assert fleet.attributes(kept) == {"hostname": "PC-2", "osname": "Debian 13"}
    assert fleet.actions(gone) == ["created", "merged"]
    assert fleet.computer("PC-2", osname="Debian 14") == kept
    assert fleet.faults() == []


def test_the_warning_comes_each_time(fleet: Fleet, merged: tuple[int, int, int]) -> None:
    """Also for a body that changes nothing, which would be recognised otherwise, alone and in a batch."""
    kept, *_ = merged
    body = Body(b'{"hostname": "PC-1", "osname": "Debian 13"}', None)
    results = [fleet.shop.submissions.submit_body("computers", body, ORIGIN) for _ in range(3)]
    results += fleet.shop.submissions.submit_many("computers", [body, body], ORIGIN)
    assert [result.action for result in results] == ["updated", "noop", "noop", "noop", "noop"]
    assert {result.warnings for result in results} == {(WARNING.format(kept),)}


def test_both_identities_in_one_batch_are_one_device(fleet: Fleet, merged: tuple[int, int, int]) -> None:
    """Their submissions are stored in order, whatever else is in the batch."""
    kept, *_ = merged
    names = ["PC-1", "PC-9", "PC-2", "PC-1", "PC-1", "PC-2"]
    batch = [{"hostname": name, "osname": f"OS {number}"} for number, name in enumerate(names)]
    results = fleet.shop.submissions.submit_many("computers", batch, ORIGIN)

    values = [result.diff.get("osname", {}).get("after") for result in results]
    assert values == [f"OS {number}" for number in range(len(names))]
    assert {result.assetid for result in results if result.identityvalue == "PC-2"} == {kept}
    assert fleet.faults() == []


def test_a_recognised_body_of_the_kept_asset_waits_for_its_turn(
    fleet: Fleet, merged: tuple[int, int, int]
) -> None:
    """It is the same device as the other identity before it in the batch."""
    bodies = {
        name: Body(f'{{"hostname": "{name}", "osname": "{name}"}}'.encode(), None)
        for name in ("PC-1", "PC-2")
    }
    fleet.shop.submissions.submit_many("computers", [bodies["PC-2"], bodies["PC-2"]], ORIGIN)
    batch = [bodies[name] for name in ("PC-1", "PC-2", "PC-1")]
    results = fleet.shop.submissions.submit_many("computers", batch, ORIGIN)
    assert [result.action for result in results] == ["updated", "updated", "updated"]
    assert fleet.attributes(merged[0])["osname"] == "PC-1"


def test_an_identity_leads_through_several_merges(fleet: Fleet, merged: tuple[int, int, int]) -> None:
    """PC-1 into PC-2 into PC-3; both lead to PC-3, also in one batch."""
    last = fleet.computer("PC-3")
    fleet.merge(last, merged[0])
    batch = [{"hostname": f"PC-{number}", "osname": f"OS {number}"} for number in (1, 2, 3)]
    results = fleet.shop.submissions.submit_many("computers", batch, ORIGIN)
    assert [result.assetid for result in results] == [last] * 3
    assert [len(result.warnings) for result in results] == [1, 1, 0]
    assert fleet.attributes(last)["osname"] == "OS 3"
    assert fleet.faults() == []


def test_a_retired_asset_stays_retired(fleet: Fleet, merged: tuple[int, int, int]) -> None:
    """A submission under the merged identity has both warnings."""
    fleet.post(f"/api/assets/{merged[0]}/retire", {"reason": "sold"})
    result = fleet.shop.submit("computers", {"hostname": "PC-1", "osname": "Debian 13"})
    assert [warning.split(":")[0] for warning in result.warnings] == ["hostname", "hostname"]
    assert fleet.state(merged[0]) == ("retired", None)
    assert fleet.faults() == []


def test_evidence_follows_the_kept_asset(fleet: Fleet, merged: tuple[int, int, int]) -> None:
    """A submission under the merged identity changes the secondary identity of the kept asset."""
    kept, *_ = merged
    fleet.computer("PC-1", macaddress=MACS[1])
    assert fleet.shop.rows("SELECT assetid FROM assetevidence") == [(kept,)]
    assert fleet.faults() == []


def test_a_dry_run_follows_the_merge(fleet: Fleet, merged: tuple[int, int, int]) -> None:
    """It shows the kept asset and the warning."""
    result = fleet.shop.submit("computers", {"hostname": "PC-1", "osname": "X"}, dryrun=True)
    assert (result.assetid, result.warnings) == (merged[0], (WARNING.format(merged[0]),))


def test_creating_by_hand_names_the_kept_asset(fleet: Fleet) -> None:
    """The identity is taken."""
    kept, gone = fleet.cell("Cell 2"), fleet.cell("Cell 1")
    fleet.merge(kept, gone)
    body = {"assettype": "cell", "identityvalue": "cell 1"}
    refused = fleet.post("/api/assets", body, role="editor", status=409)
    assert f"it is asset {gone}, which was merged into asset {kept}" in refused["detail"]


def test_a_released_identity_makes_a_new_asset(fleet: Fleet, merged: tuple[int, int, int]) -> None:
    """The asset that went stays merged, and its identity can be released once."""
    kept, gone, mergeid = merged
    assert fleet.release(mergeid)["released"] is True
    created = fleet.computer("PC-1")
    assert created not in (kept, gone)
    assert fleet.state(gone) == ("merged", kept)
    assert "released the identity PC-1 already" in fleet.release(mergeid, status=409)["detail"]
    assert fleet.faults() == []


def test_a_released_merge_is_undone_unless_its_identity_was_taken(
    fleet: Fleet, merged: tuple[int, int, int]
) -> None:
    """Undoing names the asset that has the identity now; without one the identity comes back."""
    kept, gone, mergeid = merged
    fleet.release(mergeid)
    created = fleet.computer("PC-1")
    assert f"belongs to asset {created}" in fleet.undo(mergeid, status=409)["detail"]

    other = fleet.merge(created, kept)["mergeid"]
    fleet.undo(other)
    fleet.erase(created)
    fleet.undo(mergeid)
    assert fleet.computer("PC-1") == gone
    assert fleet.faults() == []
