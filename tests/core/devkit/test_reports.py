"""The findings of the check `reports`."""

import itertools
import re
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from sqlalchemy import Connection, text

from shopdb_core.devkit.checks.reports import check_reports
from shopdb_core.devkit.trial import TrialSites
from shopdb_hookspecs import Parameter, Report

MakeSites = Callable[..., TrialSites]

_NUMBERS = itertools.count()


def divides(_connection: Connection, height: int) -> Iterable[tuple[int]]:
    yield (10 // (height + 1),)


def writes(connection: Connection, height: int) -> Iterable[tuple[int]]:
    connection.execute(text("DELETE FROM asset"))
    yield (height,)


def widens(_connection: Connection, height: int) -> Iterable[tuple[int, int]]:
    yield (height, height)


def dates(connection: Connection, height: int) -> Iterable[tuple[Any]]:
    for (created,) in connection.execute(text("SELECT createdat FROM asset")):
        yield ({created, height},)


def wanders(_connection: Connection, height: int) -> Iterable[tuple[int]]:
    yield (next(_NUMBERS) + height,)


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        (divides, "ZeroDivisionError"),
        (writes, "readonly database"),
        (widens, "has a row of 2 cells for 1 columns"),
        (lambda _connection, **_given: None, "rows returned None: return or yield rows"),
        (lambda _connection, height: [height], "raised TypeError: "),
        (dates, "in height, which is not a JSON scalar"),
        (wanders, "yields other rows, or another order, at the second call: /0/height: "),
        (lambda _connection, height: [str(height)], "yields a str instead of a sequence of cells"),
    ],
)
def test_a_report_that_cannot_be_served(sites: MakeSites, rows: Callable[..., Any], what: str) -> None:
    """The finding has the report, its arguments, and the site."""
    height = Parameter("height", "integer", "How high.", required=True)
    report = Report("tall", "Tall racks", ("height",), rows, (height,))

    (fault,) = check_reports(sites(get_reports=lambda: [report]))

    assert fault.place.startswith("report tall")
    assert what in str(fault)


def test_the_arguments_of_a_report(sites: MakeSites) -> None:
    """Each report runs with and without optional parameters, on an empty site and on one with assets."""
    calls: list[tuple[Any, ...]] = []

    def rows(connection: Connection, name: str, height: int, share: float) -> Iterable[tuple[Any, ...]]:
        (count,) = connection.execute(text("SELECT count(*) FROM asset")).one()
        calls.append((name, height, share, count > 0))
        yield name, height, share

    kinds = {"name": "string", "height": "integer", "share": "number"}
    parameters = [Parameter(name, kind, "…", default=None) for name, kind in kinds.items()]  # type: ignore[arg-type]
    report = Report("all", "All", tuple(kinds), rows, parameters)

    assert list(check_reports(sites(get_reports=lambda: [report]))) == []
    assert calls[0] == (None, None, None, False)
    assert {given[3] for given in calls} == {True, False}
    assert {given[0] for given in calls} & {"R1", "hall 3", "left", "right"}


def test_the_hint_does_not_depend_on_the_message(sites: MakeSites) -> None:
    """An exception whose message mentions a row gets the hint for an exception."""

    def rows(_connection: Connection, **_arguments: object) -> Iterable[tuple[str]]:
        raise ValueError("the report tall has a row too many")

    required = Parameter("height", "integer", "…", required=True)
    report = Report("tall", "Tall racks", ("serial",), rows, [required])

    (fault,) = check_reports(sites(get_reports=lambda: [report]))

    assert fault.what.startswith("raised ValueError: the report tall has a row too many")
    assert fault.hint == "rows() must accept every value of a parameter's type."


def test_without_arguments_a_report_has_no_hint_about_them(sites: MakeSites) -> None:
    """The exception and its line say what is wrong."""

    def rows(_connection: Connection) -> Iterable[tuple[str]]:
        raise ValueError("no such column")

    (fault,) = check_reports(sites(get_reports=lambda: [Report("tall", "Tall racks", ("serial",), rows)]))

    assert (fault.what.partition(" (")[0], fault.hint) == ("raised ValueError: no such column", "")


def test_a_long_argument_is_shown_with_its_end(sites: MakeSites) -> None:
    """The finding has the name of each parameter, and how long the value is."""

    def rows(_connection: Connection, name: str, height: int) -> Iterable[tuple[Any, ...]]:
        assert len(name or "") < 500, f"too long for {height}"
        yield (name,)

    kinds = {"name": "string", "height": "integer"}
    parameters = [Parameter(name, kind, "…", default=None) for name, kind in kinds.items()]  # type: ignore[arg-type]
    report = Report("tall", "Tall racks", ("name",), rows, parameters)

    (fault,) = check_reports(sites(get_reports=lambda: [report]))

    assert re.search(r'/name "a+…a+" \(502 characters\)', fault.place), fault.place


def test_a_chart_of_what_is_not_a_number(sites: MakeSites) -> None:
    """The column that a chart is drawn of has numbers, or nothing."""

    def charted(height: object) -> list[Any]:
        rows = [("R1", 7), ("R2", None), ("R3", 1.5), ("R4", height)]
        report = Report(
            "tall", "Tall", ("serial", "height"), lambda _: rows, category="serial", number="height"
        )
        return list(check_reports(sites(get_reports=lambda: [report])))

    assert charted(3) == []
    (fault,) = charted("high")
    assert fault.what.endswith("'high' in height, of which a chart is drawn, and which is not a number")


def test_a_row_with_too_few_cells(sites: MakeSites) -> None:
    """The hint lists the columns of the report."""
    report = Report("tall", "Tall racks", ("serial", "height"), lambda _connection: [("R1",)])

    (fault,) = check_reports(sites(get_reports=lambda: [report]))

    assert fault.what == "has a row of 1 cells for 2 columns"
    assert fault.hint == "Make `columns` of the Report and the rows agree; the columns are serial, height."
