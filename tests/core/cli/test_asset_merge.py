"""`shopdb asset merge` and its like: assets of a site's own database that are merged, and erased."""

import json
from typing import Any

import pytest


@pytest.fixture
def stocked(site: Any) -> Any:
    """A site with two computers."""
    server = site.serve()
    server.submit("computers", {"hostname": "PC-1", "osname": "Debian 12"})
    server.submit("computers", {"hostname": "PC-2"})
    server.stop()
    return site


def lines(site: Any, *arguments: str) -> list[str]:
    """Return what a command printed; it must succeed."""
    done = site.run("asset", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_assets_are_merged_and_parted(stocked: Any) -> None:
    """By id or by identity; a dry run shows the effect; the merges are listed."""
    changed = "    osname: - → Debian 12"
    assert lines(stocked, "merge", "computers/pc-2", "1", "--dry-run") == [
        "asset 2 (PC-2) would have version 2",
        changed,
    ]
    assert lines(stocked, "merges") == ["no merges"]
    assert lines(stocked, "merge", "2", "computers/PC-1") == ["asset 2 (PC-2) has version 2", changed]
    (merge,) = json.loads(stocked.run("asset", "merges", "--asset", "1", "--json").stdout)
    assert (merge["assetid"], merge["goneassetid"], merge["released"]) == (2, 1, False)
    assert lines(stocked, "merges")[1].split()[:5] == ["1", "2", "PC-2", "1", "PC-1"]

    assert lines(stocked, "release", "1") == ["the identity PC-1 is free"]
    assert lines(stocked, "unmerge", "1") == [
        "merge 1 is undone: asset 1 is PC-1",
        "    osname: Debian 12 → -",
    ]
    again = stocked.run("asset", "unmerge", "1")
    assert (again.returncode, "was undone at" in again.stderr) == (1, True)


def test_the_history_of_merged_assets_is_one(stocked: Any) -> None:
    """The kept asset's has the entries of both."""
    stocked.run("asset", "merge", "2", "1", "--actor", "robot")
    entries = json.loads(stocked.run("asset", "history", "2", "--json").stdout)
    assert [(each["assetid"], each["action"]) for each in entries] == [
        (1, "created"),
        (2, "created"),
        (1, "merged"),
        (2, "merged"),
    ]
    assert entries[-1]["actor"] == "robot"


def test_erasing_must_be_confirmed(stocked: Any) -> None:
    """A dry run shows what would go; the audit verifies afterwards."""
    refused = stocked.run("asset", "erase", "1")
    assert (refused.returncode, "--yes" in refused.stderr) == (1, True)
    assert lines(stocked, "erase", "1", "--dry-run") == [
        "asset 1 would be erased, with 1 entry and 0 relationships"
    ]
    assert lines(stocked, "erase", "computers/PC-1", "--yes") == [
        "asset 1 is erased, with 1 entry and 0 relationships"
    ]
    shown = stocked.run("asset", "show", "1")
    assert (shown.returncode, shown.stderr) == (1, "shopdb: Asset 1 was erased.\n")
    assert stocked.run("audit", "verify", "--plugins").returncode == 0
