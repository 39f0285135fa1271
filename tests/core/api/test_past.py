"""An asset as it was at a time, and what changed between two times."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from editing import patch
from fleet import Fleet
from shops import Shop

from shopdb_core.audit.prune import Expiry, prune

SEVEN, VIM = {"name": "7-Zip"}, {"name": "Vim"}


@pytest.fixture
def fleet(shop: Shop) -> Fleet:
    """Return an empty site."""
    return Fleet(shop)


def written(at: datetime) -> str:
    """Return a time as a query has it."""
    return at.isoformat().replace("+", "%2B")


def asset_at(fleet: Fleet, assetid: int, at: datetime | str) -> Any:
    """Return the answer for an asset as of a time."""
    return fleet.shop.get(f"/api/assets/{assetid}?at={at if isinstance(at, str) else written(at)}")


def times(fleet: Fleet, assetid: int) -> list[datetime]:
    """Return the times of an asset's entries."""
    items = fleet.shop.get(f"/api/assets/{assetid}/history").json["items"]
    return [datetime.fromisoformat(item["at"]) for item in items]


def changes(fleet: Fleet, assetid: int, first: datetime, last: datetime) -> Any:
    """Return the answer for what changed between two times."""
    return fleet.shop.get(f"/api/assets/{assetid}/diff?from={written(first)}&to={written(last)}")


def prune_all(fleet: Fleet, kind: str) -> None:
    """Prune every entry of one kind."""
    later = datetime.now(UTC) + timedelta(2)
    list(prune(fleet.shop.store, fleet.shop.chain, [Expiry(kind, later, later)], bool))


@pytest.mark.every_database
def test_an_entry_is_of_its_own_microsecond(fleet: Fleet) -> None:
    """One before it, the asset is as the entry before left it; before the first one, there is none."""
    for osname in ("A", "A", "B"):
        fleet.computer("PC-1", osname=osname)
    created, seen, changed = times(fleet, 1)
    tick = timedelta(microseconds=1)

    exactly, before = (asset_at(fleet, 1, at).json for at in (changed, changed - tick))

    assert (exactly["attributes"]["osname"], before["attributes"]["osname"]) == ("B", "A")
    assert (exactly["version"], before["version"]) == (2, 1)
    assert [
        datetime.fromisoformat(before[name]) for name in ("createdat", "updatedat", "lastseenat", "at")
    ] == [
        created,
        created,
        seen,
        changed - tick,
    ]
    assert asset_at(fleet, 1, created - tick).status_code == 404
    assert asset_at(fleet, 2, changed).status_code == 404


@pytest.mark.every_database
def test_what_people_did_is_of_then_too(fleet: Fleet) -> None:
    """State, identity, relationships and the identity of an asset that no collector submits."""
    cell, line = fleet.cell("Cell 7", hall="3"), fleet.cell("Line 1")
    fleet.relate(cell, line)
    middle = datetime.now(UTC)
    time.sleep(0.002)
    fleet.shop.edit("DELETE", f"/api/assets/{cell}/relationships/1")
    patch(fleet.shop, {"identityvalue": "Cell 8"}, assetid=cell)
    fleet.post(f"/api/assets/{cell}/retire", {"reason": "sold"})

    then, today = asset_at(fleet, cell, middle).json, asset_at(fleet, cell, "2999-01-01T00:00:00Z").json

    assert (then["identityvalue"], then["state"], then["reason"]) == ("Cell 7", "active", None)
    assert (today["identityvalue"], today["state"], today["reason"]) == ("Cell 8", "retired", "sold")
    (relationship,) = then["relationships"]
    assert (relationship["sourceassetid"], relationship["targetassetid"]) == (cell, line)
    assert today["relationships"] == []
    without_source = {name: value for name, value in relationship.items() if name != "sourceassetid"}
    present = fleet.shop.get(f"/api/assets/{cell}").json
    assert {name: today[name] for name in present if name != "sources"} == {
        name: value for name, value in present.items() if name != "sources"
    }
    assert changes(fleet, cell, middle, datetime.now(UTC)).json["diff"] == {
        "@identityvalue": {"before": "Cell 7", "after": "Cell 8"},
        "@reason": {"before": None, "after": "sold"},
        "@relationships": {"added": [], "removed": [without_source]},
        "@state": {"before": "active", "after": "retired"},
    }


@pytest.mark.every_database
def test_changes_of_a_list_are_what_was_added_and_removed(fleet: Fleet) -> None:
    """As in an audit entry, over several entries; before its creation an asset has nothing."""
    for programs in ([VIM], [SEVEN, VIM], [SEVEN]):
        fleet.computer("PC-1", installedsoftware=programs)
    created, _, last = times(fleet, 1)

    found = changes(fleet, 1, created, last).json

    assert found["diff"] == {"installedsoftware": {"added": [SEVEN], "removed": [VIM]}}
    assert changes(fleet, 1, last, last).json["diff"] == {}
    assert changes(fleet, 1, created - timedelta(1), created).json["diff"] == {
        "hostname": {"before": None, "after": "PC-1"},
        "installedsoftware": {"before": None, "after": [VIM]},
    }
    assert changes(fleet, 1, created - timedelta(2), created - timedelta(1)).status_code == 404
    assert changes(fleet, 1, last, created).json["detail"] == "to must not be before from."


@pytest.mark.every_database
def test_pruned_noops_leave_all_but_volatile_fields(fleet: Fleet) -> None:
    """These are named as unknown, and so are version and time of the last change."""
    for day in (1, 2, 3, 4):
        fleet.computer("PC-1", osname="A", lastboottime=f"2026-01-0{day}T00:00:00Z")
    fleet.computer("PC-1", osname="B")
    fleet.computer("PC-1", osname="B")
    entries = times(fleet, 1)
    prune_all(fleet, "noop")

    within = asset_at(fleet, 1, entries[2]).json

    assert within["attributes"] == {"hostname": "PC-1", "osname": "A"}
    assert "lastboottime" in within["unknown"]
    assert (within["version"], within["updatedat"]) == (None, None)
    assert asset_at(fleet, 1, entries[-1]).json["unknown"] == []
    found = changes(fleet, 1, entries[2], entries[-1]).json
    assert found["diff"] == {"osname": {"before": "A", "after": "B"}}
    assert "lastboottime" in found["unknown"]


@pytest.mark.every_database
def test_what_was_pruned_or_erased_is_gone(fleet: Fleet) -> None:
    """Once changes are pruned, nobody knows what was between them."""
    for osname in ("A", "B", "C", "D"):
        fleet.computer("PC-1", osname=osname)
    entries = times(fleet, 1)
    prune_all(fleet, "change")

    answers = [asset_at(fleet, 1, at).status_code for at in entries]

    assert answers == [410, 410, 200, 200]
    assert asset_at(fleet, 1, entries[2]).json["attributes"]["osname"] == "C"
    fleet.erase(1)
    assert asset_at(fleet, 1, entries[3]).status_code == 410


@pytest.mark.parametrize(
    "text",
    ["yesterday", "2026-01-01", "2026-01-01T00:00:00+01:00", "2026-10-25T02:30:00", "2026-03-29T02:30:00"],
)
def test_a_time_that_cannot_be_read_is_400(make_shop: Any, text: str) -> None:
    """So is a plus that was not encoded, and an hour that the site's zone has twice or not at all."""
    fleet = Fleet(make_shop(timezone=ZoneInfo("Europe/Berlin")))

    answer = asset_at(fleet, 1, text)

    assert answer.status_code == 400
    assert answer.json["detail"].startswith("at must be a date-time such as 2026-11-22T10:13:13Z")


def test_a_time_without_offset_is_of_the_site(make_shop: Any) -> None:
    """As in submissions."""
    fleet = Fleet(make_shop(timezone=ZoneInfo("Europe/Berlin")))
    fleet.computer("PC-1")

    assert asset_at(fleet, 1, "2999-07-01T12:00:00").json["at"] == "2999-07-01T10:00:00Z"


def test_both_times_of_a_diff_are_needed(fleet: Fleet) -> None:
    """The answer names the one that is missing."""
    answer = fleet.shop.get("/api/assets/1/diff?from=2026-01-01T00:00:00Z")

    assert (answer.status_code, answer.json["detail"][:14]) == (400, "to is missing:")
