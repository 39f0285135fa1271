"""Assets of a collector's type that were entered by hand, and attributes that do not fit its declaration."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from shops import ORIGIN, Shop
from sqlalchemy import Connection

from shopdb_core.audit.prune import Expiry, expiries, prune
from shopdb_core.audit.verifying.verify import verify
from shopdb_core.edits.creating import ManualEntry
from shopdb_core.edits.edit import Editor
from shopdb_core.edits.relating import Relate
from shopdb_core.settings import PluginSelection, Settings
from shopdb_hookspecs import JsonObject, hookimpl

MakeShop = Callable[..., Shop]

UNFIT: JsonObject = {
    "serialnumber": 5,
    "pagecount": "many",
    "supplies": "none",
    "model": ["a", 1],
    "cell": "A",
    "location": "Hall 3",
}


class Broken:
    """A plugin that is quarantined."""

    @hookimpl
    def get_collector_schema(self) -> JsonObject:
        """Raise."""
        raise ValueError


def enter(shop: Shop, assettype: str, attributes: JsonObject, identity: str = "SN-1") -> int:
    """Enter an asset as the API did before it refused the types of plugins; return its id."""
    return int(
        shop.store.transaction(
            ManualEntry(assettype, identity, attributes, Editor(ORIGIN, shop.chain, shop.plugins))
        )["assetid"]
    )


@pytest.mark.parametrize(
    "blocked", [{"blocked": frozenset({"printers"})}, {"plugins": frozenset({"computers"})}]
)
def test_a_type_of_a_blocked_plugin_is_not_entered_by_hand(make_shop: MakeShop, blocked: Any) -> None:
    """The plugin may be served again, and then takes the asset for its own."""
    shop = make_shop(plugin_selection=PluginSelection(**blocked))

    answer = post(shop, "printers")

    assert (answer.status_code, shop.count("asset")) == (409, 0)
    assert "plugin printers" in answer.json["detail"]


def test_a_type_of_a_quarantined_plugin_is_not_entered_by_hand(make_shop: MakeShop) -> None:
    """Nor is one of an active collector."""
    shop = make_shop({"racks": Broken()})
    assert shop.plugins.all()[0].state == "quarantined"

    assert post(shop, "racks").status_code == 409


def post(shop: Shop, assettype: str) -> Any:
    """Enter an asset over HTTP."""
    body = {"assettype": assettype, "identityvalue": "SN-1"}
    return shop.client.simulate_post("/api/assets", json=body, headers=shop.bearer("editor"))


@pytest.mark.every_database
@pytest.mark.parametrize("attributes", [UNFIT, {}, {"serialnumber": "SN-1", "pagecount": 7}])
def test_an_asset_that_was_entered_by_hand_takes_submissions(shop: Shop, attributes: JsonObject) -> None:
    """The plugin's tables get the declared fields that fit; the others stay in the attributes."""
    assetid = enter(shop, "printers", attributes)

    answer = shop.post("printers", {"serialnumber": "SN-1", "pagecount": 7})

    assert (answer.status_code, answer.json["assetid"]) == (200, assetid)
    stored = shop.get(f"/api/assets/{assetid}").json["attributes"]
    assert stored == {**attributes, "serialnumber": "SN-1", "pagecount": 7}
    (row,) = shop.get("/api/reports/printers/pages").json["items"]
    assert (row["identityvalue"], row["pagecount"], row["model"]) == ("SN-1", 7, None)
    assert row["location"] == attributes.get("location")

    repaired = shop.post("printers", {"serialnumber": "SN-1", "supplies": [{"name": "black"}], "model": "M"})

    assert repaired.json["action"] == "updated"
    assert shop.get("/api/reports/printers/pages").json["items"][0]["model"] == "M"
    assert shop.count("printers_supply") == 1


@pytest.mark.every_database
def test_evidence_that_was_entered_by_hand_counts_once_it_is_submitted(shop: Shop) -> None:
    """A secondary identity is stored with the first submission, even if it does not change."""
    computer = {"hostname": "PC-1", "macaddress": "3C:52:82:11:22:33"}
    enter(shop, "computers", computer, "PC-1")
    assert _faults(shop) == []

    assert shop.post("computers", computer).json["action"] == "noop"
    assert shop.count("assetevidence") == 1
    assert shop.post("computers", computer).json["action"] == "noop"


def test_relationships_that_were_pruned_are_not_submissions(make_shop: MakeShop) -> None:
    """The plugin's tables get their rows with the first submission, also if older entries are gone."""
    shop = make_shop()
    assetid = enter(shop, "computers", {"macaddress": "3C:52:82:11:22:33"}, "PC-1")
    other = enter(shop, "cells", {}, "C-1")
    for kind in ("partof", "near"):
        shop.store.transaction(Relate(assetid, other, kind, Editor(ORIGIN, shop.chain, shop.plugins)))
    later = datetime.now(UTC) + timedelta(2)
    assert sum(batch.entries for batch in prune(shop.store, shop.chain, _expired(later), bool)) == 2
    assert _faults(shop) == []

    shop.post("computers", {"hostname": "PC-1", "macaddress": "3C:52:82:11:22:33"})

    assert shop.count("assetevidence") == 1
    assert _faults(shop) == []


def _expired(now: datetime) -> list[Expiry]:
    settings = Settings(secret_key="a-secret-key-for-tests-0123456789-abcdef", audit_retention_days=1)
    return expiries(settings, now, force=True)


def _faults(shop: Shop) -> list[str]:
    secondary = shop.plugins.secondary_identities()
    return [each.message for batch in verify(shop.store, shop.chain, secondary) for each in batch.faults]


def test_a_duplicate_is_found_when_the_secondary_identity_is_first_submitted(shop: Shop) -> None:
    """The submission changes nothing, warns once, and the finding is listed."""
    computer = {"hostname": "PC-1", "macaddress": "00:1A:2B:00:00:01"}
    shop.post("computers", {**computer, "hostname": "PC-2"})
    enter(shop, "computers", computer, "PC-1")

    answers = [shop.post("computers", computer).json for _ in range(3)]

    assert [answer["action"] for answer in answers] == ["noop"] * 3
    assert [len(answer["warnings"]) for answer in answers] == [1, 0, 0]
    assert [item["kind"] for item in shop.get("/api/duplicates").json["items"]] == ["swapped"]


def test_store_asset_gets_what_fits_the_present_declaration(make_shop: MakeShop) -> None:
    """A value that only an earlier declaration allowed is left out until the field is submitted again."""
    calls: list[tuple[JsonObject | None, JsonObject]] = []

    class Racks:
        @hookimpl
        def get_collector_schema(self) -> JsonObject:
            fields = {
                "serialnumber": {"type": "string", "pattern": "^[A-Z0-9]+$"},
                "height": {"type": "integer"},
                "row": {"type": "string"},
            }
            return {"identityfield": "serialnumber", "fields": fields}

        @hookimpl
        def normalize_submission(self, submission: JsonObject) -> JsonObject:
            return {**submission, "serialnumber": submission["serialnumber"].upper()}

        @hookimpl
        def store_asset(self, connection: Connection, before: JsonObject | None, after: JsonObject) -> None:
            assert not connection.closed
            calls.append((before, after))

    shop = make_shop({"racks": Racks()})
    shop.submit("racks", {"serialnumber": "r1", "height": 42, "row": "a"})
    with_old_height = '{"height": "42 units", "row": "a", "serialnumber": "r1", "gone": 1}'
    shop.store.transaction(
        lambda connection: connection.exec_driver_sql(
            "UPDATE assetattributes SET attributes = ?", (with_old_height,)
        )
    )
    calls.clear()

    shop.submit("racks", {"serialnumber": "R1", "row": "b"})
    shop.submit("racks", {"serialnumber": "R1", "height": 40})

    old, new = {"row": "a", "serialnumber": "r1"}, {"row": "b", "serialnumber": "r1"}
    assert calls == [(old, new), (new, {**new, "height": 40})]


class Labelled:
    """A plugin whose secondary identity has a pattern, which a later version may narrow."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern

    @hookimpl
    def get_collector_schema(self) -> JsonObject:
        label = {"type": "string", "pattern": self._pattern}
        fields = {"name": {"type": "string"}, "label": label, "room": {"type": "string"}}
        return {"identityfield": "name", "secondaryidentity": "label", "fields": fields}


@pytest.mark.every_database
@pytest.mark.parametrize(("label", "kept"), [("AB-2", ["ab-2"]), (None, []), ("Unknown-", [])])
def test_evidence_that_no_longer_fits_goes_with_its_value(
    make_shop: MakeShop, label: str | None, kept: list[str]
) -> None:
    """The row of a value that only an earlier declaration allowed does not stay beside that of the next."""
    earlier = make_shop({"racks": Labelled(".")})
    earlier.submit("racks", {"name": "R-1", "label": "old 1"})
    shop = make_shop({"racks": Labelled("-")}, database_url=earlier.settings.database_url)

    shop.submit("racks", {"name": "R-1", "room": "A"})
    assert _faults(shop) == []
    shop.submit("racks", {"name": "R-1", "label": label})

    assert [bytes(row[0]).decode() for row in shop.rows("SELECT value FROM assetevidence")] == kept
    assert _faults(shop) == []
