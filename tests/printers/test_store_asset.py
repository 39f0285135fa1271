"""What a submission writes into the plugin's tables."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, Table, delete, select

from shopdb_hookspecs import JsonObject
from shopdb_printers import plugin
from shopdb_printers.statements import statements_for
from shopdb_printers.tables import asset, device, supply

BLACK = {"name": "Black", "colorant": "black", "levelpercent": 71.5}
CYAN = {"name": "Cyan", "colorant": "cyan", "levelpercent": 8}
WASTE = {"name": "Waste", "levelstate": "someremaining"}


def _rows(connection: Connection, table: Table, assetid: int) -> list[tuple[object, ...]]:
    """Give a printer's rows without their assetid."""
    query = select(*list(table.c)[1:]).where(table.c.assetid == assetid).order_by(*table.primary_key)
    return [tuple(row) for row in connection.execute(query)]


@pytest.mark.every_database
def test_a_new_printer_gets_its_rows(connection: Connection, add_printer: Callable[..., int]) -> None:
    """A created asset has its counters and each supply in the order of the list."""
    assetid = add_printer(
        "D9J", model="HL-5350DN", location="Hall 3", pagecount=94344, supplies=[BLACK, WASTE]
    )

    assert _rows(connection, device, assetid) == [("HL-5350DN", "Hall 3", 94344, None, None)]
    assert _rows(connection, supply, assetid) == [
        (0, "Black", "black", 71.5, None, None, 71.5),
        (1, "Waste", None, None, "someremaining", None, None),
    ]


@pytest.mark.every_database
def test_what_is_left_of_a_receptacle_is_the_room(
    connection: Connection, add_printer: Callable[..., int]
) -> None:
    """Nothing is known to be left without a level; a supply that becomes a receptacle is written again."""
    box = {"name": "Box", "class": "receptaclethatisfilled"}
    assetid = add_printer("D9J", supplies=[{**box, "levelpercent": 5}, {**box, "levelstate": "unknown"}])
    assert _rows(connection, supply, assetid) == [
        (0, "Box", None, 5, None, "receptaclethatisfilled", 95),
        (1, "Box", None, None, "unknown", "receptaclethatisfilled", None),
    ]

    black = add_printer("E9J", supplies=[BLACK])
    plugin.store_asset(
        connection,
        black,
        {"supplies": [BLACK]},
        {"supplies": [{**BLACK, "class": "receptaclethatisfilled", "unit": "percent"}]},
    )
    assert _rows(connection, supply, black) == [
        (0, "Black", "black", 71.5, None, "receptaclethatisfilled", 28.5)
    ]


@pytest.mark.every_database
def test_a_printer_that_says_nothing_still_has_a_row(
    connection: Connection, add_printer: Callable[..., int]
) -> None:
    """Reports include every printer, with any fields."""
    assetid = add_printer("D9J")

    assert _rows(connection, device, assetid) == [(None, None, None, None, None)]


@pytest.mark.every_database
def test_a_count_may_be_written_as_a_fraction(
    connection: Connection, add_printer: Callable[..., int]
) -> None:
    """JSON Schema takes 7.0 for an integer."""
    assetid = add_printer("D9J", pagecount=7.0, colorpagecount=5e3)

    assert _rows(connection, device, assetid) == [(None, None, 7, 5000, None)]


@pytest.mark.every_database
def test_an_update_replaces_what_changed(connection: Connection, add_printer: Callable[..., int]) -> None:
    """After an update the rows are those of the new attributes and no others."""
    before: JsonObject = {"location": "Hall 3", "pagecount": 100, "supplies": [BLACK, CYAN, WASTE]}
    assetid = add_printer("D9J", **before)

    after = {"location": "Hall 4", "pagecount": 120, "supplies": [BLACK, {**CYAN, "levelpercent": 7}]}
    plugin.store_asset(connection, assetid, before, after)

    assert _rows(connection, device, assetid) == [(None, "Hall 4", 120, None, None)]
    assert _rows(connection, supply, assetid) == [
        (0, "Black", "black", 71.5, None, None, 71.5),
        (1, "Cyan", "cyan", 7, None, None, 7),
    ]


def test_only_the_difference_is_written(connection: Connection, add_printer: Callable[..., int]) -> None:
    """A poll in which only the page count moved writes one row."""
    before: JsonObject = {"pagecount": 100, "supplies": [BLACK, CYAN]}
    assetid = add_printer("D9J", **before)
    changes = connection.exec_driver_sql("SELECT total_changes()").scalar_one()

    plugin.store_asset(connection, assetid, before, {**before, "pagecount": 101, "status": "idle"})

    assert connection.exec_driver_sql("SELECT total_changes()").scalar_one() == changes + 1


@pytest.mark.parametrize("after", [{}, {"supplies": None}, {"supplies": []}])
@pytest.mark.every_database
def test_a_cleared_list_removes_every_supply(
    after: JsonObject, connection: Connection, add_printer: Callable[..., int]
) -> None:
    """Null, an empty list and no list at all leave no supplies."""
    assetid = add_printer("D9J", supplies=[BLACK, CYAN])

    plugin.store_asset(connection, assetid, {"supplies": [BLACK, CYAN]}, after)

    assert _rows(connection, supply, assetid) == []


@pytest.mark.every_database
def test_other_printers_are_left_alone(connection: Connection, add_printer: Callable[..., int]) -> None:
    """An update touches the rows of its own printer only."""
    first, second = add_printer("A", supplies=[BLACK]), add_printer("B", supplies=[BLACK])

    plugin.store_asset(connection, first, {"supplies": [BLACK]}, {})

    assert _rows(connection, supply, second) == [(0, "Black", "black", 71.5, None, None, 71.5)]


@pytest.mark.every_database
def test_rows_go_with_their_asset(connection: Connection, add_printer: Callable[..., int]) -> None:
    """Deleting an asset, as a merge of two does, is not held up by its supplies."""
    assetid = add_printer("D9J", supplies=[BLACK])

    connection.execute(delete(asset).where(asset.c.assetid == assetid))

    assert _rows(connection, supply, assetid) == _rows(connection, device, assetid) == []


def test_an_unknown_database_is_named() -> None:
    """The error for another database says what to set."""
    with pytest.raises(NotImplementedError, match="on oracle: set SHOPDB_DATABASE_URL to one of sqlite"):
        statements_for("oracle")
