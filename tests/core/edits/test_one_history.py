"""One history of the assets that were merged: that of the kept asset has the entries of all."""

from typing import Any

import pytest
from fleet import Fleet

from shopdb_core.audit.browsing.listing import list_history
from shopdb_core.store.paging import MOST_SERIES

pytestmark = pytest.mark.every_database


def history(fleet: Fleet, assetid: int, query: str = "") -> Any:
    """Return a page of an asset's history."""
    return fleet.shop.get(f"/api/assets/{assetid}/history{query}").json


def entries(fleet: Fleet, assetid: int) -> list[tuple[int, str]]:
    """Return the asset and the action of each entry in an asset's history."""
    return [(each["assetid"], each["action"]) for each in history(fleet, assetid)["items"]]


def test_the_kept_asset_has_the_entries_of_all(fleet: Fleet) -> None:
    """In the order in which they were written, each with its own asset; the others have their own alone."""
    one, two, three = (fleet.computer(f"PC-{number}") for number in (1, 2, 3))
    fleet.merge(two, one)
    last = fleet.merge(three, two)["mergeid"]
    fleet.computer("PC-1", osname="Debian 13")

    assert entries(fleet, three) == [
        (one, "created"),
        (two, "created"),
        (three, "created"),
        (one, "merged"),
        (two, "merged"),
        (two, "merged"),
        (three, "merged"),
        (three, "updated"),
    ]
    assert entries(fleet, one) == [(one, "created"), (one, "merged")]

    fleet.undo(last)
    assert {assetid for assetid, _ in entries(fleet, three)} == {three}


def test_the_history_is_paged(fleet: Fleet) -> None:
    """A page continues after the entry with which the one before ended, whichever asset it is of."""
    one, two = fleet.computer("PC-1"), fleet.computer("PC-2")
    fleet.merge(one, two)
    pages, after = [], 0
    while after is not None:
        page = history(fleet, one, f"?limit=1&after={after}")
        pages.append([each["auditid"] for each in page["items"]])
        after = page["next"]
    assert pages == [[1], [2], [3], [4]]
    assert [each["auditid"] for each in history(fleet, one, "?limit=2&after=1")["items"]] == [2, 3]


def test_hundreds_of_assets_may_be_one(fleet: Fleet) -> None:
    """The query is divided, so that no database refuses it."""
    kept = fleet.cell("Cell")
    others = [fleet.cell(f"Cell {number}") for number in range(MOST_SERIES + 5)]
    for other in others:
        fleet.merge(kept, other)
    found = fleet.shop.store.read(lambda connection: list_history(connection, kept, after=0, limit=1000))
    assert {entry["assetid"] for entry in found} == {kept, *others}
    assert len(found) == 1 + 3 * len(others)
