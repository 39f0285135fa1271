"""The findings of the check `store_asset`."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from shopdb_core.devkit.checks.storage import check_storing
from shopdb_core.devkit.trial import TrialSites
from shopdb_hookspecs import AssetWrite

MakeSites = Callable[..., TrialSites]
Json = dict[str, Any]

TABLES = """
    CREATE TABLE rack_name (nameid INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE);
    CREATE TABLE rack_tray (
        trayid INTEGER PRIMARY KEY AUTOINCREMENT,
        assetid INTEGER REFERENCES asset (assetid),
        nameid INTEGER REFERENCES rack_name (nameid)
    );
    CREATE TABLE rack_place (assetid INTEGER PRIMARY KEY REFERENCES asset (assetid), place TEXT)
"""


@pytest.fixture
def storing(sites: MakeSites, write_migrations: Callable[..., Path]) -> MakeSites:
    """Make the sites of a plugin with tables and this store_asset."""
    directory = write_migrations(TABLES, "")

    def make(hook: Callable[..., None], examples: list[Json] | None = None) -> TrialSites:
        shown = {"get_example_submissions": lambda: examples} if examples else {}
        return sites(store_asset=hook, get_migrations=lambda: directory, **shown)

    return make


def store_asset(connection: Connection, assetid: int, after: Json) -> None:
    """Replace all rows of the asset, and share the names."""
    _remove(connection, assetid)
    _add_trays(connection, assetid, after)
    _put_place(connection, assetid, after.get("place"))


def keeps_removed_trays(connection: Connection, assetid: int, before: Json | None, after: Json) -> None:
    """Add the trays that are new, and keep those that were removed."""
    known = (before or {}).get("trays", [])
    _add_trays(connection, assetid, {"trays": [tray for tray in after.get("trays", []) if tray not in known]})


def forgets_null(connection: Connection, assetid: int, after: Json) -> None:
    """Write the place where there is one."""
    if "place" in after:
        _put_place(connection, assetid, after["place"])


def requires_place(connection: Connection, assetid: int, after: Json) -> None:
    """Expect a place in every submission."""
    _put_place(connection, assetid, after["place"])


def test_tables_that_follow_the_attributes_agree(storing: MakeSites) -> None:
    """Generated keys, and look-up rows that are no longer referred to, are not compared."""
    assert list(check_storing(storing(store_asset))) == []


@pytest.mark.parametrize(
    ("hook", "table", "what"),
    [
        (keeps_removed_trays, "rack_tray", "is there and should not be"),
        (forgets_null, "rack_place", "is there and should not be"),
    ],
)
def test_rows_that_differ_from_the_attributes(
    storing: MakeSites, hook: Callable[..., None], table: str, what: str
) -> None:
    """The finding has the shortest sequence: one submission that adds a value, one that removes it."""
    (fault,) = check_storing(storing(hook))

    assert fault.place == "store_asset"
    assert f"in {table} the row (" in fault.what
    assert fault.what.endswith(what)
    assert fault.what.count(", then ") == 1


def remembers_the_place(connection: Connection, assetid: int, after: Json) -> None:
    """Keep the place in a table whose column of the asset has another name."""
    connection.execute(text("DELETE FROM rack_mount WHERE rack = :id"), {"id": assetid})
    values = {"id": assetid, "place": after.get("place")}
    connection.execute(text("INSERT INTO rack_mount (rack, place) VALUES (:id, :place)"), values)


def removes_the_place(connection: Connection, assetid: int) -> None:
    """Delete the row of the asset."""
    connection.execute(text("DELETE FROM rack_mount WHERE rack = :id"), {"id": assetid})


def removes_nothing() -> None:
    """Keep every row."""


@pytest.mark.parametrize(
    ("hooks", "places"),
    [
        ({}, ["remove_asset"]),
        ({"remove_asset": removes_nothing}, ["remove_asset"]),
        ({"remove_asset": removes_the_place}, []),
    ],
)
def test_an_asset_that_is_removed_leaves_no_row(
    sites: MakeSites, write_migrations: Callable[..., Path], hooks: dict[str, Any], places: list[str]
) -> None:
    """The plugin deletes its rows; without the hook ShopDB finds those alone that have an `assetid`."""
    directory = write_migrations(
        "CREATE TABLE rack_mount (rack INTEGER PRIMARY KEY REFERENCES asset (assetid), place TEXT)", ""
    )

    found = list(
        check_storing(sites(store_asset=remembers_the_place, get_migrations=lambda: directory, **hooks))
    )

    assert [fault.place for fault in found] == places
    assert all("and was removed: in rack_mount the row (" in fault.what for fault in found)


def stores_the_first(connection: Connection, writes: Sequence[AssetWrite]) -> None:
    """Write the first asset of a batch alone."""
    store_asset(connection, writes[0].assetid, writes[0].after)


def stores_all(connection: Connection, writes: Sequence[AssetWrite]) -> None:
    """Write every asset of a batch."""
    for write in writes:
        store_asset(connection, write.assetid, write.after)


@pytest.mark.parametrize(
    ("hooks", "form"),
    [
        ({"store_assets": stores_the_first}, "in batches by store_assets"),
        (
            {"store_asset": keeps_removed_trays, "store_assets": stores_all},
            "one by one by store_asset",
        ),
    ],
)
def test_hooks_that_store_other_rows_than_each_other(
    sites: MakeSites, write_migrations: Callable[..., Path], hooks: dict[str, Any], form: str
) -> None:
    """A batch stores what its assets store alone, and both hooks store the same."""
    directory = write_migrations(TABLES, "")

    (fault,) = check_storing(sites(get_migrations=lambda: directory, **hooks))

    assert f", {form}: in rack_" in fault.what


def test_hooks_that_store_alike_agree(sites: MakeSites, write_migrations: Callable[..., Path]) -> None:
    """A plugin may have both hooks."""
    directory = write_migrations(TABLES, "")

    trial = sites(get_migrations=lambda: directory, store_asset=store_asset, store_assets=stores_all)

    assert list(check_storing(trial)) == []


def writes_the_old_place(connection: Connection, assetid: int, before: Json | None, after: Json) -> None:
    """Write the place that the asset had before."""
    _put_place(connection, assetid, (before or after).get("place"))


@pytest.mark.parametrize("place", ["hall 3", "hall " * 8], ids=["short", "long"])
def test_a_finding_shows_what_differs_and_no_more(storing: MakeSites, example: Json, place: str) -> None:
    """The pointer and both values of the field that matters, and both values of the column."""
    changed = {**example, "place": place.strip()}

    (fault,) = check_storing(storing(writes_the_old_place, [changed]))

    shown = re.fullmatch(
        r'after an asset was created with /serial "R1", /place "(.+)", then /place: "\1" -> (null|".+"): '
        r"in rack_place the row \(assetid 1\) has place '\1' instead of (None|'.+')",
        fault.what,
    )
    assert shown, fault.what


def test_a_list_is_shown_with_the_items_that_matter(storing: MakeSites, example: Json) -> None:
    """Ten long items are reduced to the one that the fault needs, so nothing is cut."""
    trays = [{"name": f"{number} {'x' * 18}"} for number in range(10)]

    (fault,) = check_storing(storing(keeps_removed_trays, [{**example, "trays": trays}]))

    created = r'after an asset was created with /serial "\w+", /trays \[\{"name":"[^"]+"\}\], then /trays'
    assert re.match(created, fault.what), fault.what
    assert "…" not in fault.what


def test_a_store_asset_that_raises(storing: MakeSites) -> None:
    """The finding has the submission that leaves out an optional field."""
    (fault,) = check_storing(storing(requires_place))

    assert fault.what.startswith("raised KeyError: 'place' (")
    assert fault.what.count("serial") == 1


def _remove(connection: Connection, assetid: int) -> None:
    for table in ("rack_tray", "rack_place"):
        connection.execute(text(f"DELETE FROM {table} WHERE assetid = :assetid"), {"assetid": assetid})


def _add_trays(connection: Connection, assetid: int, after: Json) -> None:
    for tray in after.get("trays", []):
        values = {"assetid": assetid, "name": tray["name"]}
        connection.execute(text("INSERT OR IGNORE INTO rack_name (name) VALUES (:name)"), values)
        named = "SELECT :assetid, nameid FROM rack_name WHERE name = :name"
        connection.execute(text(f"INSERT INTO rack_tray (assetid, nameid) {named}"), values)


def _put_place(connection: Connection, assetid: int, place: str | None) -> None:
    put = "INSERT OR REPLACE INTO rack_place (assetid, place) VALUES (:assetid, :place)"
    connection.execute(text(put), {"assetid": assetid, "place": place})
