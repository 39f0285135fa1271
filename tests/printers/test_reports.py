"""The reports: their rows and their order."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection

from shopdb_hookspecs import Json
from shopdb_printers import plugin

Rows = list[tuple[Json, ...]]


@pytest.fixture
def report(connection: Connection) -> Callable[..., Rows]:
    """Run a report by its name, as the core does."""
    reports = {each.name: each for each in plugin.get_reports()}

    def run(report: str, **parameters: Json) -> Rows:
        return [tuple(row) for row in reports[report].rows(connection, **parameters)]

    return run


@pytest.mark.every_database
def test_rows_have_a_cell_for_each_column(
    report: Callable[..., Rows], add_printer: Callable[..., int]
) -> None:
    """Each report's rows fit its columns, with the defaults of its parameters."""
    add_printer("D9J", supplies=[{"name": "Drum", "levelpercent": 1}])

    for each in plugin.get_reports():
        (row,) = report(each.name, **{parameter.name: parameter.default for parameter in each.parameters})
        assert len(row) == len(each.columns), each.name


@pytest.mark.every_database
def test_supplies_low_starts_with_the_emptiest(
    report: Callable[..., Rows], add_printer: Callable[..., int]
) -> None:
    """Supplies below the bound come with the place to carry the new one to."""
    levels = [{"name": "Black", "levelpercent": 15}, {"name": "Cyan", "levelpercent": 14.5}]
    add_printer("A", location="Hall 3", supplies=levels)
    add_printer("B", supplies=[{"name": "Drum", "levelpercent": 0}])

    assert report("supplies_low", below=15) == [
        ("B", "Drum", 0, None, None),
        ("A", "Cyan", 14.5, "Hall 3", None),
    ]


@pytest.mark.every_database
def test_a_waste_box_is_low_when_it_is_nearly_full(
    report: Callable[..., Rows], add_printer: Callable[..., int]
) -> None:
    """At 5 percent it is nearly empty; a supply that is consumed, or has no class, is low at 5 percent."""
    full, consumed = "receptaclethatisfilled", "supplythatisconsumed"
    levels = [("A box", 5, full), ("B box", 98, full), ("C toner", 5, consumed), ("D", 7, None)]
    supplies = [{"name": name, "levelpercent": level, "class": kind} for name, level, kind in levels]
    add_printer("A", supplies=supplies)

    assert report("supplies_low", below=15) == [
        ("A", "B box", 98, None, full),
        ("A", "C toner", 5, None, consumed),
        ("A", "D", 7, None, None),
    ]


@pytest.mark.every_database
def test_supplies_low_leaves_out_unknown_levels(
    report: Callable[..., Rows], add_printer: Callable[..., int]
) -> None:
    """A supply without a percentage is not known to be low."""
    add_printer("A", supplies=[{"name": "Waste", "levelstate": "someremaining"}, {"name": "Drum"}])

    assert report("supplies_low", below=100) == []


@pytest.mark.every_database
def test_printers_in_need_are_listed_once_each(
    report: Callable[..., Rows], add_printer: Callable[..., int]
) -> None:
    """Those that say so or have a low supply, with the emptiest one; a jam is not such a need."""
    black, cyan = {"name": "Black", "levelpercent": 14}, {"name": "Cyan", "levelpercent": 2}
    add_printer("A", location="Hall 3", model="M479", supplies=[black, cyan, {"name": "Drum"}])
    add_printer("B", errorstate=["lowpaper", "jammed", "notoner"])
    add_printer("C", errorstate=["jammed", "outputfull"], supplies=[{"name": "Black", "levelpercent": 15}])
    add_printer("D", errorstate=["nopaper"], supplies=[black])
    add_printer("E")

    assert report("needs", below=15) == [
        ("A", "Hall 3", "M479", None, "Cyan", 2, 2),
        ("B", None, None, "lowpaper, notoner", None, None, 0),
        ("D", None, None, "nopaper", "Black", 14, 1),
    ]


@pytest.mark.every_database
def test_a_printer_that_was_refilled_needs_nothing(
    connection: Connection, report: Callable[..., Rows], add_printer: Callable[..., int]
) -> None:
    """The next submission takes it off the list."""
    assetid = add_printer("A", errorstate=["nopaper"])
    plugin.store_asset(connection, assetid, {"errorstate": ["nopaper"]}, {"errorstate": []})

    assert report("needs", below=15) == []


@pytest.mark.every_database
def test_pages_lists_every_printer(report: Callable[..., Rows], add_printer: Callable[..., int]) -> None:
    """Each printer has a row with its counters, the largest Counter32 included."""
    add_printer("A", model="M479", location="Hall 3", pagecount=2**32 - 1, colorpagecount=7)
    add_printer("B")

    assert report("pages") == [("A", "M479", "Hall 3", 2**32 - 1, 7), ("B", None, None, None, None)]
