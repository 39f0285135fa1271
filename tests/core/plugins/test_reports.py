"""Running a report that is at fault: the answer names plugin, distribution and report, the others run."""

from collections.abc import Callable
from typing import Any

import pytest

from shopdb_core.errors import PluginFailure
from shopdb_core.plugins.reports.running import Reports, argument_faults
from shopdb_hookspecs import Parameter, Report, hookimpl

FAULTS = {
    "raises": (lambda _: [1 / 0], "raised ZeroDivisionError"),
    "raises late": (lambda _: (1 / 0 for _ in "a"), "raised ZeroDivisionError"),
    "asks a table that is not there": (
        lambda connection: connection.exec_driver_sql("SELECT * FROM nowhere"),
        "raised OperationalError",
    ),
    "has too few cells": (lambda _: [("r1", 1), ("r2",)], "has a row of 1 cells for 2 columns"),
    "has a row that is none": (lambda _: [7], "raised TypeError"),
    "has too many": (lambda _: [("r1", 1, 2)], "has a row of 3 cells for 2 columns"),
}


class Rack:
    """A plugin whose only report is the one that it is given."""

    def __init__(self, rows: Callable[..., Any]) -> None:
        self.report = Report("tall", "Tall racks", ["serial", "height"], rows)

    @hookimpl
    def get_reports(self) -> list[Report]:
        """Offer it."""
        return [self.report]


@pytest.mark.parametrize(("rows", "told"), FAULTS.values(), ids=FAULTS)
def test_a_faulty_report_is_named(make_shop: Callable[..., Any], rows: Callable[..., Any], told: str) -> None:
    """The message does not quote what the report read."""
    shop = make_shop({"rack": Rack(rows)})
    reports = Reports(shop.plugins, shop.store)

    with pytest.raises(PluginFailure) as caught:
        reports.rows("rack", reports.get("rack", "tall"), {})

    assert str(caught.value) == f"Plugin rack (distribution unknown): the report tall {told}."


def test_a_faulty_report_is_a_500_in_the_same_words(make_shop: Callable[..., Any]) -> None:
    """Over HTTP it is a problem document, as any failure of a plugin."""
    shop = make_shop({"rack": Rack(lambda _: [("r1",)])})

    answer = shop.get("/api/reports/rack/tall")

    assert (answer.status_code, answer.json["type"]) == (500, "urn:shopdb:problem:plugin-failure")
    assert "the report tall has a row of 1 cells for 2 columns" in answer.json["detail"]


def test_every_argument_at_fault_is_named() -> None:
    """Each with its sentence; one that is missing is not wrong yet."""
    parameters = [
        Parameter("below", "number", "How low.", required=True),
        Parameter("days", "integer", "How old.", default=3),
        Parameter("name", "string", "Which.", required=True),
    ]
    report = Report("tall", "Tall", ("serial",), lambda _, **_given: [], parameters)

    assert argument_faults(report, {"below": "much", "days": "1.5", "name": "r1"}) == {
        "below": "below is not a valid number: 'much'; it must be a finite decimal number.",
        "days": "days is not a valid integer: '1.5'; it must be a whole number of 64 bits.",
    }
    assert argument_faults(report, {"below": "1.5"}) == {}
