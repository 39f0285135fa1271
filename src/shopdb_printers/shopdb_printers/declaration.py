"""The collector declaration of printers (contract, section 1).

Names in the descriptions are objects of the Printer MIB (RFC 3805), the Host Resources MIB (RFC 2790)
and MIB-II (RFC 1213); their strings have at most 255 characters.
"""

from typing import Final

from shopdb_hookspecs import Json, JsonObject

MAX_TEXT: Final = 255
COUNTER32_MAX: Final = 2**32 - 1

STATUSES: Final = ("other", "unknown", "idle", "printing", "warmup")
"""hrPrinterStatus 1 to 5, in the order of its numbers."""

ERRORS: Final = (
    "lowpaper",
    "nopaper",
    "lowtoner",
    "notoner",
    "dooropen",
    "jammed",
    "offline",
    "servicerequested",
    "inputtraymissing",
    "outputtraymissing",
    "markersupplymissing",
    "outputnearfull",
    "outputfull",
    "inputtrayempty",
    "overduepreventmaint",
)
"""The bits of hrPrinterDetectedErrorState, in the order of their numbers from 0."""

LEVEL_STATES: Final = ("other", "unknown", "someremaining")
"""prtMarkerSuppliesLevel -1 to -3, in the order of its numbers."""


def _text(max_length: int, description: str, **more: Json) -> JsonObject:
    return {"type": "string", "maxLength": max_length, "description": description, **more}


def _counter(description: str) -> JsonObject:
    # Volatile: the counters of a printer in use change at every poll, which would hide the changes that
    # matter (a moved printer, a new cartridge) in the history.
    return {
        "type": "integer",
        "minimum": 0,
        "maximum": COUNTER32_MAX,
        "description": description,
        "x-volatile": True,
    }


_SUPPLY: Final[JsonObject] = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": _text(MAX_TEXT, "What the supply is (prtMarkerSuppliesDescription).", minLength=1),
        "colorant": {
            "type": ["string", "null"],
            "maxLength": MAX_TEXT,
            "description": "Its colour (prtMarkerColorantValue), such as black or cyan.",
        },
        "levelpercent": {
            "type": ["number", "null"],
            "minimum": 0,
            "maximum": 100,
            "description": "What is left, or the room that is left where the supply is a receptacle: "
            "prtMarkerSuppliesLevel in percent of prtMarkerSuppliesMaxCapacity. Its special values -1, -2 "
            "and -3 may be submitted and become a levelstate; other numbers beyond 0 to 100 become unknown.",
        },
        "levelstate": {
            "enum": [*LEVEL_STATES, None],
            "description": "Why there is no levelpercent: the supply is not limited (other, -1), the level "
            "is unknown (-2), or all that is known is that some remains (someremaining, -3).",
        },
    },
}

DECLARATION: Final[JsonObject] = {
    "identityfield": "serialnumber",
    "secondaryidentity": "macaddress",
    "fields": {
        "serialnumber": _text(MAX_TEXT, "The serial number (prtGeneralSerialNumber).", minLength=1),
        "macaddress": _text(
            17,
            "The MAC address (ifPhysAddress), such as 00:1A:2B:3C:4D:5E; other usual spellings are "
            "brought into this form.",
            pattern="^([0-9A-F]{2}:){5}[0-9A-F]{2}$",
        ),
        "hostname": _text(MAX_TEXT, "The printer's name in the network (sysName)."),
        "ipaddress": _text(
            45, "The printer's IPv4 or IPv6 address.", anyOf=[{"format": "ipv4"}, {"format": "ipv6"}]
        ),
        "manufacturer": _text(MAX_TEXT, "Who made the printer."),
        "model": _text(MAX_TEXT, "The printer's model (hrDeviceDescr)."),
        "firmwareversion": _text(MAX_TEXT, "The version of the printer's firmware."),
        "location": _text(MAX_TEXT, "Where the printer stands (sysLocation)."),
        "status": {
            "enum": list(STATUSES),
            "description": "What the printer does (hrPrinterStatus); its numbers 1 to 5 may be submitted, "
            "and other numbers become unknown.",
            "x-volatile": True,
        },
        "errorstate": {
            "type": "array",
            "items": {"enum": list(ERRORS)},
            "uniqueItems": True,
            "description": "What the printer has detected (hrPrinterDetectedErrorState); empty where it has "
            "no error. The octets may be submitted as hexadecimal text in the list, such as 2000.",
            "x-volatile": True,
        },
        "pagecount": _counter("Pages printed in the printer's life (prtMarkerLifeCount)."),
        "colorpagecount": _counter("How many of these pages were in colour."),
        "supplies": {
            "type": "array",
            "maxItems": 200,
            "items": _SUPPLY,
            "description": "Every toner, ink, drum and receptacle. The list replaces the stored one as a "
            "whole; its order does not matter.",
        },
    },
}
