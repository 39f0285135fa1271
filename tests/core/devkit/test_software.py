"""The findings about the reports that a declaration names in `x-software`."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from shopdb_core.devkit.checks.reports import check_reports
from shopdb_core.devkit.trial import TrialSites
from shopdb_hookspecs import Parameter, Report

MakeSites = Callable[..., TrialSites]
Rows = Callable[..., Sequence[Sequence[Any]]]

STORED = [("boot", "1", [1, 2]), ("boot", "2", [3]), ("panel", "7", [1])]
ROLES = {"programs": "firmware", "versions": "firmware_versions", "holders": "firmware_on"}


def programs(_connection: object, contains: str | None, beyond: str | None) -> Sequence[Sequence[Any]]:
    found = [row for row in STORED if (contains or "") in row[0] and row[0] > (beyond or "")]
    return [(name, version, len(holders)) for name, version, holders in found]


def versions(_connection: object, name: str) -> Sequence[Sequence[Any]]:
    return [(version, len(holders)) for program, version, holders in STORED if program == name]


def holders(
    _connection: object, name: str, version: str | None, beyond: int | None
) -> Sequence[Sequence[Any]]:
    found = [row[2] for row in STORED if row[0] == name and version in (None, row[1])]
    return [(f"rack {each}", each) for several in found for each in several if each > (beyond or 0)]


def reports(**rows: Rows) -> list[Report]:
    """Return sound reports, of which some yield other rows."""
    name = Parameter("name", "string", "The name.", required=True)
    contains, version = Parameter("contains", "string", "A part."), Parameter("version", "string", "It.")
    beyond = [Parameter("beyond", kind, "Only after it.") for kind in ("string", "integer")]
    return [
        Report(
            "firmware",
            "Firmware",
            ("name", "version", "installations"),
            rows.get("programs", programs),
            (contains, beyond[0]),
        ),
        Report(
            "firmware_versions",
            "Versions",
            ("version", "installations"),
            rows.get("versions", versions),
            (name,),
        ),
        Report(
            "firmware_on",
            "Racks",
            ("identityvalue", "assetid"),
            rows.get("holders", holders),
            (name, version, beyond[1]),
        ),
    ]


def declared() -> dict[str, Any]:
    fields = {"serial": {"type": "string", "maxLength": 20}}
    return {"identityfield": "serial", "fields": fields, "x-software": ROLES}


@pytest.mark.parametrize(
    ("rows", "place", "what"),
    [
        (
            {"programs": lambda *each, **given: programs(*each, **given)[::-1]},
            "x-software, programs",
            "not in the order of their code points",
        ),
        (
            {"programs": lambda connection, contains, beyond: programs(connection, contains, beyond and "")},
            "x-software, programs",
            "all names after 'boot'",
        ),
        (
            {"versions": lambda *each, **given: versions(*each, **given)[:1]},
            "x-software, versions",
            "other versions of 'boot'",
        ),
        (
            {"holders": lambda *each, **given: holders(*each, **given)[:1]},
            "x-software, holders",
            "the assets [1] for 'boot' '1', of which there are 2",
        ),
        (
            {"holders": lambda *each, **given: holders(*each, **given)[::-1]},
            "x-software, holders",
            "the assets [2, 1] for 'boot' '1'",
        ),
        ({"versions": lambda *_, **__: []}, "x-software", "cannot be read: No asset of rack has"),
    ],
)
def test_reports_that_do_not_agree(sites: MakeSites, rows: dict[str, Rows], place: str, what: str) -> None:
    """The finding has the role, and the program at which readers would stop."""
    found = [
        *check_reports(sites(get_collector_schema=declared, get_reports=lambda: reports(**rows))),
    ]

    assert found[0].place == place
    assert what in found[0].what


def test_reports_that_agree(sites: MakeSites) -> None:
    """Nothing is found."""
    made = sites(get_collector_schema=declared, get_reports=reports)

    assert list(check_reports(made)) == []
