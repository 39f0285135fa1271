"""`shopdb refusals` and `shopdb counts`: what a server recorded, for people and for scripts."""

import json
from datetime import date, timedelta
from typing import Any

import pytest

pytestmark = [pytest.mark.every_database, pytest.mark.usefixtures("today")]


@pytest.fixture
def stocked(site: Any) -> Any:
    """Return a site that stored a computer, and refused two and a printer."""
    server = site.serve()
    assert server.submit("computers", {"hostname": "PC-1"}).status_code == 201
    assert server.submit("computers", {"hostname": "PC-2", "osname": 7, "memorygb": "x"}).status_code == 422
    assert server.submit("printers", {"model": "LaserJet"}).status_code == 422
    assert server.submit("nosuch", {}).status_code == 404
    server.stop()
    return site


def test_the_newest_refusals_are_shown(stocked: Any) -> None:
    """A table with the first fault for people; JSON with all for scripts; of a plugin, a status, and few."""

    def listed(*options: str) -> list[int]:
        rows = json.loads(stocked.run("refusals", "--json", *options).stdout)
        return [row["status"] for row in rows]

    table = stocked.run("refusals").stdout.splitlines()
    first, *_ = json.loads(stocked.run("refusals", "--json").stdout)

    assert [line.split()[3:] for line in table[1:]] == [
        ["computers", "-", "422", "/osname", "type", "(+1)", "PC-2", "127.0.0.1"],
        ["printers", "-", "422", "/serialnumber", "required", "-", "127.0.0.1"],
        ["-", "-", "404", "-", "-", "127.0.0.1"],
    ]
    assert [error["pointer"] for error in first["errors"]] == ["/osname", "/memorygb"]
    assert listed() == [422, 422, 404]
    assert listed("--limit", "2") == [422, 404]
    assert listed("--plugin", "computers") == [422]
    assert listed("--status", "404") == [404]
    assert listed("--source", "pxe") == []


def test_the_counts_of_a_week_are_shown(today: date, stocked: Any) -> None:
    """Or those of other days; an older one is not shown unless it is asked for."""
    for days, number in ((8, 1000), (1, 2000)):
        stocked.database.query(
            "INSERT INTO submissioncount (countid, day, plugin, source, outcome, count) "
            "VALUES (:id, :day, 'computers', '', 'noop', :number)",
            id=number,
            day=(today - timedelta(days=days)).isoformat(),
            number=number,
        )

    table = [line.split() for line in stocked.run("counts").stdout.splitlines()]
    older = stocked.run("counts", "--from", "2026-01-01", "--to", f"{today - timedelta(days=2)}", "--json")

    day = today.isoformat()
    assert table[0] == ["day", "plugin", "source", "outcome", "count"]
    assert sorted(table[1:]) == sorted(
        [
            [(today - timedelta(days=1)).isoformat(), "computers", "-", "noop", "2000"],
            [day, "computers", "-", "created", "1"],
            [day, "computers", "-", "422", "type", "1"],
            [day, "printers", "-", "422", "required", "1"],
            [day, "-", "-", "404", "1"],
        ]
    )
    assert [row["countid"] for row in json.loads(older.stdout)] == [1000]
    assert stocked.run("counts", "--after", "2000").stdout == "no counts\n"
    assert stocked.run("counts", "--from", "22.11.2026").returncode == 2
