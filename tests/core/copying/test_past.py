"""A copy as of a time answers for the past, and its audit verifies."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from databases import Database
from editing import patch
from fleet import MACS, Fleet
from shops import Failing

from shopdb_core.audit.prune import Expiry, prune
from shopdb_core.audit.verifying.head import Head, keep_head
from shopdb_core.errors import ConfigurationError
from shopdb_printers import plugin as printers

SEVEN, VIM = {"name": "7-Zip", "version": "24.09"}, {"name": "Vim", "version": "9"}


def now() -> datetime:
    """Return a moment between what was done before and after."""
    time.sleep(0.002)
    moment = datetime.now(UTC)
    time.sleep(0.002)
    return moment


def shown(fleet: Fleet, assetid: int, at: datetime | None = None) -> Any:
    """Return an asset as the API shows it, without what a copy of it does not keep."""
    moment = "" if at is None else f"?at={at.isoformat().replace('+', '%2B')}"
    asset = fleet.shop.get(f"/api/assets/{assetid}{moment}").json
    return {
        name: value
        for name, value in asset.items()
        if name not in ("at", "unknown", "sources", "relationships")
    }


def programs(fleet: Fleet) -> Any:
    """Return the report of installed programs."""
    items = fleet.shop.get("/api/reports/computers/software").json["items"]
    return {item["name"]: item["installations"] for item in items}


def prune_all(fleet: Fleet, kind: str) -> None:
    """Prune every entry of one kind."""
    later = datetime.now(UTC) + timedelta(2)
    list(prune(fleet.shop.store, fleet.shop.chain, [Expiry(kind, later, later)], bool))


@pytest.mark.every_database
def test_the_site_is_as_it_was(fleet: Fleet, copies: Any, database_kind: str) -> None:
    """Assets, fields, states, merges, relationships and reports; what came since is not there."""
    shop = fleet.shop
    first = fleet.computer("PC-1", installedsoftware=[VIM, SEVEN], osname="Debian", macaddress=MACS[1])
    second, cell = fleet.computer("PC-2", installedsoftware=[SEVEN]), fleet.cell("Cell 7", hall="3")
    retired, gone = fleet.computer("PC-3"), fleet.computer("PC-4", macaddress=MACS[4])
    fleet.relate(first, cell)
    patch(shop, {"sitefields": {"owner": "Ann"}}, assetid=first)
    merge = fleet.merge(second, gone)["mergeid"]
    fleet.release(merge)
    fleet.post(f"/api/assets/{retired}/retire", {"reason": "lost"})
    erased = fleet.computer("SECRET")
    head = shop.store.read(lambda connection: Head.of(connection, datetime.now(UTC)))
    shop.store.transaction(lambda connection: keep_head(connection, head, datetime.now(UTC)))
    before = {assetid: shown(fleet, assetid) for assetid in (first, second, cell, retired, gone)}
    reported, relationships = programs(fleet), fleet.relationships()
    at = now()
    fleet.computer("PC-1", installedsoftware=[], osname=None, macaddress=MACS[9])
    fleet.computer("PC-2")
    fleet.undo(merge)  # which takes the released identity back
    patch(shop, {"identityvalue": "Cell 8", "attributes": {"hall": "4"}, "sitefields": {"owner": "Bo"}}, cell)
    fleet.post(f"/api/assets/{retired}/restore")
    fleet.undo(fleet.merge(first, second)["mergeid"])
    fleet.erase(erased)
    shop.edit("DELETE", f"/api/assets/{first}/relationships/1")

    with copies.copied(shop, database_kind, at) as copy:
        assert {assetid: shown(copy, assetid) for assetid in before} == before
        assert {assetid: shown(fleet, assetid, at) for assetid in before} == before
        assert (programs(copy), copy.relationships()) == (reported, relationships)
        assert copy.shop.count("asset") == 6
        assert copy.state(erased) == ("erased", None)
        assert copy.faults() == fleet.faults() == []
        assert copy.shop.store.read(lambda connection: list(head.faults(connection))) == []
        assert copy.computer("PC-4") == 7  # the identity was free then
        assert copy.computer("PC-1", osname="Windows") == first
        assert copy.faults() == []


@pytest.mark.every_database
def test_what_has_not_changed_since_is_copied_as_it_is(fleet: Fleet, copies: Any, database_kind: str) -> None:
    """With its hashes and without a further entry; another asset gets one that seals its row."""
    same, other = fleet.computer("PC-1", lastboottime="2026-01-01T00:00:00Z"), fleet.computer("PC-2")
    at = now()
    fleet.computer("PC-2", osname="Debian")
    row = "SELECT submissionhash, chainhash, version FROM asset WHERE assetid = 1"

    with copies.copied(fleet.shop, database_kind, at) as copy:
        assert copy.shop.rows(row) == fleet.shop.rows(row)
        assert (copy.actions(same), copy.actions(other)) == (["created"], ["created", "copied"])
        entry = copy.shop.get(f"/api/assets/{other}/history").json["items"][-1]
        assert (entry["actor"], entry["auditid"], entry["diff"]) == ("cli:tester", 4, {})


def test_a_volatile_field_that_was_pruned_is_left_out(fleet: Fleet, copies: Any) -> None:
    """Its value of then is not known; the entry of the copy says that it was removed."""
    times = []
    for day in (1, 2, 3):
        fleet.computer("PC-1", lastboottime=f"2026-01-0{day}T00:00:00Z", osname="Debian")
        times.append(now())
    for osname in ("Debian", "Fedora"):
        fleet.computer("PC-1", osname=osname)
    prune_all(fleet, "noop")

    with copies.copied(fleet.shop, at=times[1]) as copy:
        assert copy.attributes(1) == {"hostname": "PC-1", "osname": "Debian"}
        assert [
            *orjson.loads(copy.shop.rows("SELECT diff FROM auditentry WHERE action = 'copied'")[0][0])
        ] == ["lastboottime"]
        assert copy.faults() == []


def test_a_time_within_pruned_changes_is_refused(
    fleet: Fleet, copies: Any, make_database: Callable[[str], Database]
) -> None:
    """With the first time that is possible, as of which the copy then is."""
    times = []
    for name in ("A", "B", "C", "D"):
        fleet.computer("PC-1", osname=name)
        times.append(now())
    prune_all(fleet, "change")
    url = make_database("sqlite").url

    with pytest.raises(
        ConfigurationError, match=r"were pruned; it can be copied as of (\S+), or later"
    ) as refused:
        copies.into(fleet.shop, url, times[1])
    possible = datetime.fromisoformat(str(refused.value).split("as of ")[1].split(",")[0])

    assert times[1] < possible < times[2]
    copies.into(fleet.shop, url, possible)
    with copies.opened(fleet.shop, url) as copy:
        assert copy.attributes(1)["osname"] == "C"
        assert copy.faults() == []


def test_a_time_before_the_site_or_in_the_future_is_refused(
    fleet: Fleet, copies: Any, make_database: Callable[[str], Database]
) -> None:
    """Before anything is written into the target."""
    url, early = make_database("sqlite").url, now()
    with pytest.raises(ConfigurationError, match="the site has no asset"):
        copies.into(fleet.shop, url, early)
    fleet.computer("PC-1")

    with pytest.raises(ConfigurationError, match="the first asset was created at"):
        copies.into(fleet.shop, url, early)
    with pytest.raises(ConfigurationError, match="in the future"):
        copies.into(fleet.shop, url, datetime.now(UTC) + timedelta(1))
    assert Database("sqlite", url).query("SELECT count(*) FROM sqlite_master") == [(0,)]


def test_an_asset_that_the_plugin_cannot_store_is_reported(
    make_shop: Any, copies: Any, make_database: Callable[[str], Database]
) -> None:
    """The others have their rows."""
    failing = Failing()
    fleet = Fleet(make_shop({"printers": printers, "failing": failing}))
    for serialnumber in "AB":
        fleet.shop.submit("printers", {"serialnumber": serialnumber, "model": serialnumber})
    failing.assetid, url = 2, make_database("sqlite").url

    copied = copies.into(fleet.shop, url, now())

    assert [assetid for assetid, _ in copied.failures] == [2]
    assert Database("sqlite", url).query("SELECT model FROM printers_device") == [("A",)]
