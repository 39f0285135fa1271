"""Submissions of pipelines that divide each level by its capacity, with what real printers report.

The facts are those of recorded walks of the Printer MIB, and of the reports of users of other tools.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from shops import Shop, make_shop

from shopdb_hookspecs import Json, JsonObject

__all__ = ["make_shop"]

PRINTERS: dict[str, tuple[JsonObject, dict[str, Json]]] = {
    "Brother MFC-L2710DW": (
        {
            "serialnumber": "000A5J431816",
            "macaddress": "3C2AF4BFF51B",
            "ipaddress": "192.168.2.253",
            "status": "",
            "supplies": [
                {"name": "Black Toner Cartridge", "levelpercent": 100 * -3 / -2},
                {"name": "Drum Unit", "levelpercent": 100 * 11501 / 12000},
            ],
        },
        {"Black Toner Cartridge": "someremaining", "Drum Unit": 100 * 11501 / 12000},
    ),
    "EPSON WF-C5790BA": (
        {
            "serialnumber": "X3B8022793",
            "macaddress": "9c:ae:d3:aa:d6:c5",
            "status": 0,
            "supplies": [
                {"name": "Black Ink Supply Unit T9441/T9451/T9461", "levelpercent": 1},
                {"name": "Cyan Ink Supply Unit T9442/T9452", "levelpercent": 1},
            ],
        },
        {"Black Ink Supply Unit T9441/T9451/T9461": 1, "Cyan Ink Supply Unit T9442/T9452": 1},
    ),
    "Kyocera FS-4200DN": (
        {
            "serialnumber": "N6B4Z00001",
            "pagecount": 4,
            "supplies": [
                {"name": "TK-3130", "levelpercent": 100 * 6500 / 25000},
                {"name": "Waste Toner Box", "levelpercent": 100 * -3 / -2},
            ],
        },
        {"TK-3130": 26, "Waste Toner Box": "someremaining"},
    ),
    "SHARP MX-3570N": (
        {
            "serialnumber": "6509415X00",
            "macaddress": "243184c8466a",
            "pagecount": 121104,
            "supplies": [
                {"name": "Cyan Toner", "levelpercent": 55},
                {"name": "Waste Toner", "levelpercent": 100 * 100 / -2},
                {"name": "Fusing Unit", "levelpercent": -2},
            ],
        },
        {"Cyan Toner": 55, "Waste Toner": "unknown", "Fusing Unit": "unknown"},
    ),
    "Xerox AltaLink C8045": (
        {
            "serialnumber": "3717000001\x00\x00\x00",
            "status": 3,
            "supplies": [
                {"name": "Black Toner, PN 006R01509;SN48178080E0000481\x00", "levelpercent": 20},
                {"name": "Fuser, PN unknown;SNunknown", "colorant": "\x00", "levelpercent": 90},
            ],
        },
        {"Black Toner, PN 006R01509;SN48178080E0000481": 20, "Fuser, PN unknown;SNunknown": 90},
    ),
    "Zebra 140Xi4": (
        {"serialnumber": "ZTC140XI4-1", "firmwareversion": "V53.17.22Z", "location": "", "supplies": []},
        {},
    ),
    "Ricoh MP C2051": (
        {
            "serialnumber": "V1405300001",
            "supplies": [
                {"name": "Black Toner", "levelpercent": -3},
                {"name": "Cyan Toner", "levelpercent": -100},
            ],
        },
        {"Black Toner": "someremaining", "Cyan Toner": 0},
    ),
}


SUPPLIES, TRAYS = "1.3.6.1.2.1.43.11.1.1", "1.3.6.1.2.1.43.8.2.1"
SUPPLY_COLUMNS = {4: "class", 5: "type", 6: "name", 7: "unit", 8: "capacity", 9: "level"}
TRAY_COLUMNS = {2: "type", 8: "unit", 9: "capacity", 10: "level", 12: "medianame", 13: "name"}


def _table(recording: Path, table: str, columns: Mapping[int, str]) -> list[JsonObject]:
    """Return the rows of a table in a recorded walk, with the numbers as the printer gave them."""
    rows: dict[str, JsonObject] = {}
    for line in recording.read_text(encoding="latin-1").splitlines():
        oid, kind, value = line.split("|", 2)
        if oid.startswith(f"{table}."):
            column, _, index = oid.removeprefix(f"{table}.").partition(".")
            if name := columns.get(int(column)):
                rows.setdefault(index, {})[name] = int(value) if kind == "2" else value
    return [*rows.values()]


def _with_percent(supply: JsonObject) -> JsonObject:
    """Return a supply as a simple pipeline sends it: the level divided by the capacity."""
    members = {name: value for name, value in supply.items() if name != "level"}
    return {**members, "levelpercent": 100 * supply["level"] / supply["capacity"]}


@pytest.mark.every_database
def test_recorded_printers_are_stored_with_every_number(
    make_shop: Callable[..., Shop], testdata: Path
) -> None:
    """Types, classes, units, capacities and trays as each printer reports them; again, it is a noop."""
    shop = make_shop()
    stored = {}
    for recording in sorted(testdata.glob("snmp/*.snmprec")):
        submission = {
            "serialnumber": recording.stem,
            "supplies": [_with_percent(each) for each in _table(recording, SUPPLIES, SUPPLY_COLUMNS)],
            "trays": _table(recording, TRAYS, TRAY_COLUMNS),
        }
        first, again = (shop.post("printers", submission) for _ in range(2))
        assert (first.status_code, again.json["action"]) == (201, "noop"), first.json
        stored[recording.stem] = shop.get(first.headers["location"]).json["attributes"]

    assert stored["kyocera-fs-4200dn"]["supplies"] == [
        {
            "name": "TK-3130",
            "class": "supplythatisconsumed",
            "type": "toner",
            "unit": "impressions",
            "capacity": 25000,
            "levelpercent": 26,
        },
        {
            "name": "Waste Toner Box",
            "class": "receptaclethatisfilled",
            "type": "wastetoner",
            "unit": "impressions",
            "levelstate": "someremaining",
        },
    ]
    assert stored["sharp-mx-3570n"]["trays"] == [
        {"name": "Bypass Tray", "capacity": 100, "level": 0},
        {"name": "Tray 1", "capacity": 550, "level": 181},
    ]
    assert stored["brother-mfc-l2710dw"]["trays"] == [
        {"name": "AUTO", "capacity": 250, "levelstate": "someremaining"}
    ]
    assert len(stored) == 6


def _levels(attributes: JsonObject) -> dict[str, Json]:
    supplies = attributes.get("supplies") or []
    return {each["name"]: each.get("levelpercent", each.get("levelstate")) for each in supplies}


@pytest.mark.every_database
def test_no_printer_is_refused_for_an_odd_value(make_shop: Callable[..., Shop]) -> None:
    """Each printer is stored with its levels, as a percentage or as a state; again, it is a noop."""
    shop = make_shop()
    for model, (submission, levels) in PRINTERS.items():
        first = shop.post("printers", {**submission, "model": model})
        again = shop.post("printers", {**submission, "model": model})

        assert (first.status_code, again.json["action"]) == (201, "noop"), first.json
        stored = shop.get(first.headers["location"]).json
        assert stored["identityvalue"] == submission["serialnumber"].rstrip("\x00")
        assert _levels(stored["attributes"]) == levels


def test_an_unknown_status_replaces_the_known_one(make_shop: Callable[..., Shop]) -> None:
    """A printer that reports the status 0 is no longer stored as printing; an empty one is left out."""
    shop = make_shop()
    statuses = []
    for status in (4, "", 0):
        answer = shop.post("printers", {"serialnumber": "D9J", "status": status})
        statuses.append(shop.get(f"/api/assets/{answer.json['assetid']}").json["attributes"]["status"])

    assert statuses == ["printing", "printing", "unknown"]


def test_detected_errors_follow_the_printer(make_shop: Callable[..., Shop]) -> None:
    """The octets of one poll replace those of the one before; an empty text in the list is no error.

    The octets are those of a Sharp MX-3570N, an EPSON WF-C5790BA and a Brother MFC-L2710DW.
    """
    shop = make_shop()
    states = []
    for octets in (["2000"], [""], "2000", ["00"]):
        answer = shop.post("printers", {"serialnumber": "D9J", "errorstate": octets})
        assert answer.status_code in (200, 201), answer.json
        stored = shop.get(f"/api/assets/{answer.json['assetid']}").json
        states.append(stored["attributes"]["errorstate"])

    assert states == [["lowtoner"], [], ["lowtoner"], []]
    newest = shop.get(f"/api/assets/{stored['assetid']}/history?limit=1000").json["items"][-1]
    assert newest["volatileonly"]
