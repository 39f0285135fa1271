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
    "supplies": [
        {"name": "Black Cartridge HP W2030X", "colorant": "black", "levelpercent": 62},
        {"name": "Cyan Cartridge HP W2031X", "colorant": "cyan", "levelpercent": 8},
        {"name": "Waste Toner Box", "levelstate": "someremaining"},
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
