"""Reverting an asset to one of its entries, and what it was as of an entry or a time."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from editing import MAC, PC, faults, patch
from shops import Shop

from shopdb_core.audit.past import Past, as_of_cut, as_of_entry, cut_at
from shopdb_core.audit.prune import Expiry, prune
from shopdb_core.errors import Gone, NotFound
from shopdb_hookspecs import JsonObject, hookimpl

pytestmark = pytest.mark.every_database


def revert(shop: Shop, auditid: int, assetid: int = 1, version: int | None = None, query: str = "") -> Any:
    """Revert an asset as an editor."""
    current = shop.get(f"/api/assets/{assetid}").json["version"] if version is None else version
    path, headers = f"/api/assets/{assetid}/revert{query}", {"If-Match": f'"{current}"'}
    return shop.edit("POST", path, {"auditid": auditid}, **headers)


def audited(shop: Shop, assetid: int = 1) -> list[int]:
    """Return the ids of an asset's entries."""
    return [each["auditid"] for each in shop.get(f"/api/assets/{assetid}/history").json["items"]]


def past(shop: Shop, assetid: int, auditid: int) -> Past:
    """Return an asset as of an entry."""
    return shop.store.read(lambda connection: as_of_entry(connection, assetid, auditid))


def prune_all(shop: Shop, kind: str = "change") -> None:
    """Prune every entry of one kind."""
    later = datetime.now(UTC) + timedelta(2)
    list(prune(shop.store, shop.chain, [Expiry(kind, later, later)], bool))


def test_an_asset_gets_the_attributes_that_it_had(stocked: Shop) -> None:
    """As a new entry, with the rows of the plugin; the next submission is compared with them."""
    stocked.submit("computers", {**PC, "osname": "Debian", "installedsoftware": [{"name": "Vim"}]})
    stocked.submit("computers", {"hostname": "PC-1", "macaddress": None})
    first, *_ = audited(stocked)

    answer = revert(stocked, first)

    assert answer.json["attributes"] == PC
    assert (answer.json["version"], answer.headers["etag"]) == (4, '"4"')
    assert stocked.get("/api/assets/1/history").json["items"][-1]["action"] == "updated"
    assert stocked.get("/api/reports/computers/software").json["items"][0]["installations"] == 2
    assert stocked.submit("computers", PC).action == "noop"
    assert faults(stocked) == []


def test_the_identity_and_the_fields_of_people_stay(stocked: Shop) -> None:
    """Reverting concerns what was collected."""
    stocked.submit("computers", {"hostname": "PC-1", "osname": "Debian"})
    patch(stocked, {"identityvalue": "PC-9"})
    first, *_ = audited(stocked)

    answer = revert(stocked, first)

    assert (answer.json["identityvalue"], answer.json["attributes"]["hostname"]) == ("PC-9", "PC-9")
    assert "osname" not in answer.json["attributes"]
    assert faults(stocked) == []


def test_reverting_to_what_is_changes_nothing(stocked: Shop) -> None:
    """No entry and the same version."""
    answer = revert(stocked, audited(stocked)[-1])

    assert (answer.status_code, answer.json["version"], answer.json["diff"]) == (200, 1, {})
    assert len(audited(stocked)) == 1


def test_the_order_of_a_list_is_that_of_the_plugin(stocked: Shop) -> None:
    """The history does not keep it: what differs in the order alone is no change."""
    one, two = {"name": "Ant"}, {"name": "Bison"}
    for programs in ([two], [one, two]):
        stocked.submit("computers", {"hostname": "PC-1", "installedsoftware": programs})
    both = audited(stocked)[-1]
    assert past(stocked, 1, both).attributes["installedsoftware"] == [two, one]

    assert revert(stocked, both).json["diff"] == {}

    stocked.submit("computers", {"hostname": "PC-1", "installedsoftware": []})
    assert revert(stocked, both).json["attributes"]["installedsoftware"] == [one, two]
    made = {"assettype": "cell", "identityvalue": "C1", "attributes": {"parts": [two]}}
    cell = stocked.edit("POST", "/api/assets", made).json["assetid"]
    patch(stocked, {"attributes": {"parts": [one, two]}}, cell)
    assert revert(stocked, audited(stocked, cell)[-1], cell).json["diff"] == {}
    assert faults(stocked) == []


def test_reverting_needs_the_version_and_an_entry_of_the_asset(stocked: Shop) -> None:
    """428, 412; 404 for an entry of another asset or of none, 422 for what is not an id."""
    (first,), (other,) = audited(stocked), audited(stocked, 2)

    assert stocked.edit("POST", "/api/assets/1/revert", {"auditid": first}).status_code == 428
    assert revert(stocked, first, version=7).status_code == 412
    assert revert(stocked, other).status_code == revert(stocked, 999).status_code == 404
    assert revert(stocked, 0).status_code == 422


def test_a_dry_run_shows_what_reverting_would_change(stocked: Shop) -> None:
    """And writes nothing."""
    stocked.submit("computers", {"hostname": "PC-1", "osname": "Debian"})

    shown = revert(stocked, audited(stocked)[0], query="?dryrun=true")

    assert shown.json["diff"] == {"osname": {"before": "Debian", "after": None}}
    assert stocked.get("/api/assets/1").json["attributes"]["osname"] == "Debian"


def test_entries_that_were_pruned_are_gone(stocked: Shop) -> None:
    """410 inside of a checkpoint; what its last entry left is known."""
    for name in ("A", "B", "C", "D"):
        stocked.submit("computers", {"hostname": "PC-1", "osname": name})
    before = audited(stocked)
    prune_all(stocked)

    assert audited(stocked) == before[-1:]
    assert revert(stocked, before[1]).status_code == 410
    assert revert(stocked, before[3]).json["attributes"]["osname"] == "C"
    assert faults(stocked) == []


def test_every_entry_has_a_past(stocked: Shop) -> None:
    """Noops, site fields and states among them; it follows from the entries alone."""
    for name in ("A", "A", "B"):
        stocked.submit("computers", {"hostname": "PC-1", "osname": name})
    stocked.edit("POST", "/api/assets/1/retire", {"reason": "old"})
    entries = audited(stocked)

    names = [past(stocked, 1, each).attributes.get("osname") for each in entries]

    assert names == [None, "A", "A", "B", "B"]
    assert past(stocked, 1, entries[-1]).values["@state"] == "retired"
    with pytest.raises(NotFound):
        past(stocked, 2, entries[1])


def test_an_asset_is_known_as_of_a_time(stocked: Shop) -> None:
    """Not before it was created, and not where the entries of then were pruned."""
    created = datetime.now(UTC)
    for name in ("A", "B", "C", "D"):
        stocked.submit("computers", {"hostname": "PC-1", "osname": name})

    def of(at: datetime) -> JsonObject:
        return stocked.store.read(
            lambda connection: as_of_cut(connection, 1, cut_at(connection, 1, at))
        ).attributes

    times = [
        datetime.fromisoformat(each["at"]) for each in stocked.get("/api/assets/1/history").json["items"]
    ]
    assert [of(at).get("osname") for at in times] == [None, "A", "B", "C", "D"]
    assert of(created) == PC
    with pytest.raises(NotFound):
        of(times[0] - timedelta(seconds=1))
    prune_all(stocked)
    with pytest.raises(Gone):
        of(times[1])
    assert of(times[3])["osname"] == "C"


class Racks:
    """A plugin whose declaration can be given."""

    def __init__(self, required: list[str], **fields: object) -> None:
        self.declaration = {
            "identityfield": "number",
            "required": required,
            "fields": {"number": {"type": "string"}, **fields},
        }

    @hookimpl
    def get_collector_schema(self) -> JsonObject:
        """Return it."""
        return self.declaration


def test_a_value_that_no_longer_fits_is_not_restored(make_shop: Callable[..., Shop]) -> None:
    """The field keeps its value, also one that is required now, and the warnings name it."""
    text, number = {"type": "string"}, {"type": "integer"}
    shop = make_shop({"racks": Racks([], hall=text, units=number, row=text, side=text)})
    shop.submit("racks", {"number": "R1", "units": 42, "row": "A"})
    shop.submit("racks", {"number": "R1", "units": 12, "row": "B", "hall": "3", "side": "west"})
    shop.plugins = make_shop(
        {"racks": Racks(["hall"], hall=text, units={**number, "maximum": 20}, side=text)}
    ).plugins

    answer = revert(shop, audited(shop)[0])

    assert answer.json["attributes"] == {"number": "R1", "units": 12, "row": "B", "hall": "3"}
    assert answer.json["warnings"] == [
        "hall: is required, and had no value as of entry 1; it was kept",
        "row: does not fit the declaration with its value as of entry 1; it was kept",
        "units: does not fit the declaration with its value as of entry 1; it was kept",
    ]


def test_site_fields_have_a_past(make_shop: Callable[..., Shop], tmp_path: Path) -> None:
    """Apart from the attributes."""
    file = tmp_path / "fields.json"
    file.write_text(json.dumps({"properties": {"owner": {}}}))
    shop = make_shop(site_fields=str(file))
    shop.submit("computers", {"hostname": "PC-1", "macaddress": MAC})
    for owner in ("ann", "bob"):
        patch(shop, {"sitefields": {"owner": owner}})

    found = past(shop, 1, audited(shop)[1])

    assert (found.sitefields, found.attributes) == ({"owner": "ann"}, {"hostname": "PC-1", "macaddress": MAC})
    assert revert(shop, audited(shop)[0]).json["sitefields"] == {"owner": "bob"}
