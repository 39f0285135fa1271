"""Example submissions for authors of pipelines."""

from collections.abc import Sequence
from typing import Final

from shopdb_hookspecs import JsonObject

_COLOR_PRINTER: Final[JsonObject] = {
    "serialnumber": "CNB8G5D2XY",
    "macaddress": "00:1B:A9:12:11:F2",
    "hostname": "prn-hall3",
    "ipaddress": "10.75.230.125",
    "manufacturer": "HP",
    "model": "HP Color LaserJet MFP M479fdw",
    "firmwareversion": "002_2310A",
    "location": "Hall 3, column B7",
    "status": "idle",
    "errorstate": ["lowtoner"],
    "pagecount": 94344,
    "colorpagecount": 20117,
    "counters": [{"kind": "copy", "count": 8120}, {"kind": "duplex", "count": 30112}],
    "supplies": [
        {
            "name": "Black Cartridge HP W2030X",
            "colorant": "black",
            "type": "tonercartridge",
            "class": "supplythatisconsumed",
            "levelpercent": 62,
            "capacity": 7500,
            "unit": "impressions",
            "serialnumber": "16910273",
        },
        {"name": "Cyan Cartridge HP W2031X", "colorant": "cyan", "levelpercent": 8},
        {"name": "Waste Toner Box", "class": "receptaclethatisfilled", "levelpercent": 5},
    ],
    "trays": [
        {
            "name": "Tray 2",
            "type": "sheetfeedautoremovabletray",
            "medianame": "A4",
            "capacity": 250,
            "level": 100,
            "unit": "sheets",
        },
    ],
    "alerts": [
        {
            "severity": "warning",
            "training": "untrained",
            "group": "markersupplies",
            "code": 1104,
            "description": "Cyan cartridge low",
        },
    ],
}

_MONOCHROME_PRINTER: Final[JsonObject] = {
    "serialnumber": "D9J230159",
    "macaddress": "00:1B:A9:12:11:F3",
    "manufacturer": "Brother",
    "model": "Brother HL-5350DN series",
    "location": "Shipping",
    "pagecount": 1802,
    "supplies": [{"name": "Drum Unit", "levelpercent": 71.5}],
}

_POLL: Final[JsonObject] = {
    "serialnumber": "D9J230159",
    "status": "printing",
    "errorstate": [],
    "pagecount": 1811,
}

EXAMPLES: Final[Sequence[JsonObject]] = (_COLOR_PRINTER, _MONOCHROME_PRINTER, _POLL)
