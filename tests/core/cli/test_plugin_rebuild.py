"""`shopdb plugin rebuild` and `shopdb audit verify --plugins`: a plugin's tables follow from its assets."""

import json
from typing import Any

import pytest

ROWS = {
    "printers_device": "SELECT assetid, model, pagecount FROM printers_device ORDER BY assetid",
    "printers_supply": "SELECT assetid, position, name FROM printers_supply ORDER BY assetid, position",
    "computers_inventory": "SELECT computerid, softwareids FROM computers_inventory ORDER BY computerid",
}
SPOILING = {
    "printers": (
        "DELETE FROM printers_device WHERE assetid = 1",
        "UPDATE printers_device SET pagecount = 7 WHERE assetid = 2",
        "INSERT INTO printers_supply (assetid, position, name) VALUES (2, 9, 'forged')",
    ),
    "computers": ("DELETE FROM computers_inventory WHERE computerid = 120",),
}
PRINTERS, COMPUTERS = 119, 2


@pytest.fixture
def stocked(site: Any) -> Any:
    """Return a site with printers and computers, more than one group holds."""
    server = site.serve()
    printers = [
        {"serialnumber": f"D9J{number}", "pagecount": number, "supplies": [{"name": "Drum"}, {"name": "Ink"}]}
        for number in range(PRINTERS)
    ]
    computers = [
        {"hostname": f"pc-{number}", "installedsoftware": [{"name": "7-Zip"}, {"name": f"Own {number}"}]}
        for number in range(COMPUTERS)
    ]
    with server.client() as client:
        for plugin, submissions in (("printers", printers), ("computers", computers)):
            body = b"".join(json.dumps(each).encode() + b"\n" for each in submissions)
            headers = {"Content-Type": "application/x-ndjson"}
            answer = client.post(f"/api/collector/{plugin}/_batch", content=body, headers=headers)
            assert answer.text.count('"created"') == len(submissions)
    server.stop()
    return site


def _rows(site: Any) -> dict[str, list[Any]]:
    return {table: site.database.query(query) for table, query in ROWS.items()}


@pytest.mark.every_database
def test_spoilt_rows_are_counted_and_written_anew(stocked: Any) -> None:
    """A dry run counts what is missing and wrong, and writes nothing; then the rows are as they were."""
    whole = _rows(stocked)
    for statement in (*SPOILING["printers"], *SPOILING["computers"]):
        stocked.database.query(statement)
    spoilt = _rows(stocked)

    compared = {
        plugin: json.loads(stocked.run("plugin", "rebuild", plugin, "--dry-run", "--json").stdout)
        for plugin in SPOILING
    }

    assert compared == {
        "printers": {
            "assets": PRINTERS,
            "failures": 0,
            "missing": {"printers_device": 2},
            "wrong": {"printers_device": 1, "printers_supply": 1},
            "shown": [],
        },
        "computers": {
            "assets": COMPUTERS,
            "failures": 0,
            "missing": {"computers_inventory": 1},
            "wrong": {},
            "shown": [],
        },
    }
    assert _rows(stocked) == spoilt

    for plugin, assets in (("printers", PRINTERS), ("computers", COMPUTERS)):
        done = stocked.run("plugin", "rebuild", plugin)
        assert (done.returncode, done.stdout) == (0, f"rebuilt {assets} assets, 0 failures\n"), done.stderr
    assert _rows(stocked) == whole
    assert stocked.run("plugin", "rebuild", "printers", "--dry-run").stdout == (
        f"compared {PRINTERS} assets, 0 failures\n"
    )
    assert stocked.run("audit", "verify").returncode == 0


@pytest.mark.every_database
def test_verify_names_the_rows_that_differ(stocked: Any) -> None:
    """With --plugins each fault names plugin, table and asset; without it the tables are not looked at."""
    assert stocked.run("audit", "verify", "--plugins").returncode == 0
    for statement in (*SPOILING["printers"], *SPOILING["computers"]):
        stocked.database.query(statement)

    done = stocked.run("audit", "verify", "--plugins", "--json")

    found = json.loads(done.stdout)
    assert (done.returncode, found["assets"], found["faults"]) == (1, PRINTERS + COMPUTERS, 4)
    assert {(each["assetid"], " ".join(each["message"].split()[1:5])) for each in found["shown"]} == {
        (1, "printers: the table printers_device"),
        (2, "printers: the table printers_device"),
        (2, "printers: the table printers_supply"),
        (120, "computers: the table computers_inventory"),
    }
    assert stocked.run("audit", "verify").returncode == 0
    assert stocked.run("plugin", "rebuild", "printers").returncode == 0
    assert "asset 120: plugin computers: the table" in stocked.run("audit", "verify", "--plugins").stdout


def test_a_plugin_that_is_not_there_is_refused(site: Any, refused: Any) -> None:
    """One line names the plugin."""
    assert "There is no collector named 'gone'" in refused(site.run("plugin", "rebuild", "gone"))
