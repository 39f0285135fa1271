"""The collector declaration of printers (contract, section 1).

Names in the descriptions are objects of the Printer MIB (RFC 3805), the Host Resources MIB (RFC 2790)
and MIB-II (RFC 1213); their strings have at most 255 characters.
"""

from collections.abc import Mapping
from typing import Final

from shopdb_hookspecs import Json, JsonObject
from shopdb_printers.terms import (
    ALERT_GROUPS,
    ERRORS,
    LEVEL_STATES,
    SEVERITIES,
    STATUSES,
    SUPPLY_CLASSES,
    SUPPLY_TYPES,
    TRAININGS,
    TRAY_TYPES,
    UNITS,
)

MAX_TEXT: Final = 255
COUNTER32_MAX: Final = 2**32 - 1


def _text(max_length: int, title: str, description: str, **more: Json) -> JsonObject:
    return {"type": "string", "maxLength": max_length, "title": title, "description": description, **more}


def _optional(title: str, description: str) -> JsonObject:
    """Return the schema of a text inside an object, where null is a missing member."""
    return {**_text(MAX_TEXT, title, description), "type": ["string", "null"]}


def _named(title: str, terms: Mapping[int, str], description: str) -> JsonObject:
    """Return the schema of one of the names of a MIB, inside an object."""
    return {"enum": [*terms.values(), None], "title": title, "description": description}


def _amount(title: str, description: str, most: int = COUNTER32_MAX) -> JsonObject:
    return {
        "type": ["integer", "null"],
        "minimum": 0,
        "maximum": most,
        "title": title,
        "description": description,
    }


def _counter(title: str, description: str) -> JsonObject:
    # Volatile: the counters of a printer in use change at every poll, which would hide the changes that
    # matter (a moved printer, a new cartridge) in the history.
    return {
        "type": "integer",
        "minimum": 0,
        "maximum": COUNTER32_MAX,
        "title": title,
        "x-unit": "pages",
        "description": description,
        "x-volatile": True,
    }


def _list(title: str, most: int, members: JsonObject, description: str, *required: str) -> JsonObject:
    items = {
        "type": "object",
        "additionalProperties": False,
        "properties": members,
        **({"required": [*required]} if required else {}),
    }
    more = "The list replaces the stored one as a whole; its order does not matter."
    return {
        "type": "array",
        "maxItems": most,
        "title": title,
        "items": items,
        "description": f"{description} {more}",
    }


_SUPPLY: Final[JsonObject] = {
    "name": _text(MAX_TEXT, "Name", "What the supply is (prtMarkerSuppliesDescription).", minLength=1),
    "colorant": _optional("Colour", "Its colour (prtMarkerColorantValue), such as black or cyan."),
    "type": _named("Type", SUPPLY_TYPES, "What it consists of (prtMarkerSuppliesType)."),
    "class": _named(
        "Class",
        SUPPLY_CLASSES,
        "Whether it is consumed, or a receptacle that is filled (prtMarkerSuppliesClass).",
    ),
    "levelpercent": {
        "type": ["number", "null"],
        "minimum": 0,
        "maximum": 100,
        "title": "Level",
        "x-unit": "%",
        "description": "What is left: prtMarkerSuppliesLevel in percent of prtMarkerSuppliesMaxCapacity. "
        "With the class receptaclethatisfilled, how full it is: if a printer reports the room that is left, "
        "as RFC 3805 has it, submit 100 less that. The special values -1, -2 and -3 may be submitted and "
        "become a levelstate; other numbers beyond 0 to 100 become unknown.",
    },
    "levelstate": _named(
        "Level",
        LEVEL_STATES,
        "Why there is no levelpercent: the supply is not limited (other, -1), the level is unknown (-2), or "
        "all that is known is that some remains (someremaining, -3).",
    ),
    "capacity": _amount(
        "Capacity", "How much it holds (prtMarkerSuppliesMaxCapacity); a negative number is left out."
    ),
    "unit": _named("Unit", UNITS, "The unit of the capacity (prtMarkerSuppliesSupplyUnit)."),
    "serialnumber": _optional(
        "Serial number", "The serial number of the cartridge, of which no MIB has one."
    ),
}

_TRAY: Final[JsonObject] = {
    "name": _optional("Name", "What is written on it (prtInputName, else prtInputDescription)."),
    "type": _named("Type", TRAY_TYPES, "What it is (prtInputType)."),
    "medianame": _optional("Media", "The paper in it (prtInputMediaName), such as A4."),
    "capacity": _amount(
        "Capacity", "How much it holds (prtInputMaxCapacity); a negative number is left out."
    ),
    "level": _amount(
        "Level",
        "How much is in it (prtInputCurrentLevel); -1, -2 and -3 may be submitted and become a levelstate, "
        "and other negative numbers become unknown.",
    ),
    "levelstate": _named("Level", LEVEL_STATES, "Why there is no level, as for supplies."),
    "unit": _named("Unit", UNITS, "The unit of level and capacity (prtInputCapacityUnit)."),
}

_ALERT: Final[JsonObject] = {
    "severity": _named("Severity", SEVERITIES, "How grave it is (prtAlertSeverityLevel)."),
    "training": _named("Training", TRAININGS, "Who can resolve it (prtAlertTrainingLevel)."),
    "group": _named("Group", ALERT_GROUPS, "The part of the printer (prtAlertGroup)."),
    "code": _amount(
        "Code",
        "What happened (prtAlertCode), a number of the Printer MIB such as 3 for an open cover; a negative "
        "number is left out.",
        2**31 - 1,
    ),
    "description": _optional("Description", "What the printer says about it (prtAlertDescription)."),
}

_KIND_COUNT: Final[JsonObject] = {
    "kind": _text(
        64,
        "Kind",
        "What is counted, such as print, copy, scan, fax, duplex, mono, color or a3; stored in lower case, "
        "letters and digits alone.",
        pattern="^[a-z0-9]+$",
    ),
    "count": {
        "type": "integer",
        "minimum": 0,
        "maximum": 2**63 - 1,
        "title": "Count",
        "description": "How many in the printer's life; of two counts of one kind the higher one is stored.",
    },
}

DECLARATION: Final[JsonObject] = {
    "x-label": "Printer",
    "x-columns": ["serialnumber", "model", "location", "ipaddress", "status"],
    "identityfield": "serialnumber",
    "secondaryidentity": "macaddress",
    "fields": {
        "serialnumber": _text(
            MAX_TEXT, "Serial number", "The serial number (prtGeneralSerialNumber).", minLength=1
        ),
        "macaddress": _text(
            17,
            "MAC address",
            "The MAC address (ifPhysAddress), such as 00:1A:2B:3C:4D:5E; other usual spellings are "
            "brought into this form.",
            pattern="^([0-9A-F]{2}:){5}[0-9A-F]{2}$",
        ),
        "hostname": _text(MAX_TEXT, "Name", "The printer's name in the network (sysName)."),
        "ipaddress": _text(
            45,
            "IP address",
            "The printer's IPv4 or IPv6 address.",
            anyOf=[{"format": "ipv4"}, {"format": "ipv6"}],
        ),
        "manufacturer": _text(MAX_TEXT, "Manufacturer", "Who made the printer."),
        "model": _text(MAX_TEXT, "Model", "The printer's model (hrDeviceDescr)."),
        "firmwareversion": _text(MAX_TEXT, "Firmware", "The version of the printer's firmware."),
        "location": _text(MAX_TEXT, "Location", "Where the printer stands (sysLocation)."),
        "status": {
            "enum": [*STATUSES.values()],
            "title": "Status",
            "description": "What the printer does (hrPrinterStatus); its numbers 1 to 5 may be submitted, "
            "and other numbers become unknown.",
            "x-volatile": True,
        },
        "errorstate": {
            "type": "array",
            "items": {"enum": list(ERRORS)},
            "uniqueItems": True,
            "title": "Errors",
            "description": "What the printer has detected (hrPrinterDetectedErrorState); empty where it has "
            "no error. The octets may be submitted as hexadecimal text in the list, such as 2000.",
            "x-volatile": True,
        },
        "pagecount": _counter("Pages", "Pages printed in the printer's life (prtMarkerLifeCount)."),
        "colorpagecount": _counter("Colour pages", "How many of these pages were in colour."),
        "counters": {
            **_list("Counters", 100, _KIND_COUNT, "Further counters, by kind.", "kind", "count"),
            "x-volatile": True,
        },
        "supplies": _list("Supplies", 200, _SUPPLY, "Every toner, ink, drum and receptacle.", "name"),
        # Volatile: what is in a tray changes at nearly every poll, and so do alerts.
        "trays": {**_list("Trays", 100, _TRAY, "Every tray for paper."), "x-volatile": True},
        "alerts": {
            **_list("Alerts", 200, _ALERT, "What the printer reports now (prtAlertTable); empty if nothing."),
            "x-volatile": True,
        },
    },
}
