"""What the kit says of a `store_asset` whose tables stray from the attributes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from shopdb_core.devkit.checks.storage import check_storing
from shopdb_core.devkit.trial import TrialSites

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
    return lambda hook: sites(store_asset=hook, get_migrations=lambda: directory)


def store_asset(connection: Connection, assetid: int, after: Json) -> None:
    """Write the tables as they should be: everything anew, the names shared."""
    _remove(connection, assetid)
    _add_trays(connection, assetid, after)
    _put_place(connection, assetid, after.get("place"))


def keeps_what_went(connection: Connection, assetid: int, before: Json | None, after: Json) -> None:
    """Add the trays that are new, and forget those that went."""
    known = (before or {}).get("trays", [])
    _add_trays(connection, assetid, {"trays": [tray for tray in after.get("trays", []) if tray not in known]})


def forgets_null(connection: Connection, assetid: int, after: Json) -> None:
    """Write the place where there is one."""
    if "place" in after:
        _put_place(connection, assetid, after["place"])


def stumbles(connection: Connection, assetid: int, after: Json) -> None:
    """Take for granted that there is a place."""
    _put_place(connection, assetid, after["place"])


def test_tables_that_follow_the_attributes_agree(storing: MakeSites) -> None:
    """Keys that only the database gives, and names that nobody has any longer, do not count."""
    assert list(check_storing(storing(store_asset))) == []


@pytest.mark.parametrize(
    ("hook", "table", "verdict"),
    [
        (keeps_what_went, "rack_tray", "is there and should not be"),
        (forgets_null, "rack_place", "is there and should not be"),
    ],
)
def test_rows_that_stray_are_told_with_the_submissions(
    storing: MakeSites, hook: Callable[..., None], table: str, verdict: str
) -> None:
    """The smallest sequence has two submissions: one that brings, one that takes away."""
    (fault,) = check_storing(storing(hook))

    assert fault.place == "store_asset"
    assert f"in {table} the row (" in fault.what
    assert fault.what.endswith(verdict)
    assert fault.what.count(", then ") == 1


def test_a_hook_that_raises_is_told_with_the_submissions(storing: MakeSites) -> None:
    """A field that no example leaves out, and a submission may."""
    (fault,) = check_storing(storing(stumbles))

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
