"""The fields of a submission: the collector declaration.

Only the identity field is required. Every other field keeps its stored value if a submission leaves it
out, and is cleared by null. Names in the descriptions are objects of SNMPv2-MIB (RFC 3418), IF-MIB
(RFC 2863), BRIDGE-MIB (RFC 4188), Q-BRIDGE-MIB (RFC 4363) and ENTITY-MIB (RFC 6933).
"""

from typing import Final

from shopdb_hookspecs import JsonObject

MAX_TEXT: Final = 255

ADMIN_STATUSES: Final = ("up", "down", "testing")
"""ifAdminStatus 1 to 3, in the order of its numbers."""

OPER_STATUSES: Final = ("up", "down", "testing", "unknown", "dormant", "notpresent", "lowerlayerdown")
"""ifOperStatus 1 to 7, in the order of its numbers."""


def _text(title: str, description: str) -> JsonObject:
    return {"type": "string", "maxLength": MAX_TEXT, "title": title, "description": description}


def _count(title: str, description: str, least: int, most: int) -> JsonObject:
    return {
        "type": "integer",
        "minimum": least,
        "maximum": most,
        "title": title,
        "description": description,
    }


_PORT: Final[JsonObject] = {
    "type": "object",
    "required": ["ifindex"],
    "additionalProperties": False,
    "properties": {
        "ifindex": _count("Index", "The device's own number for the port (ifIndex).", 1, 2**31 - 1),
        "name": _text("Name", "What is written on it (ifName, else ifDescr)."),
        "adminstatus": {"enum": [*ADMIN_STATUSES], "description": "What it should be (ifAdminStatus)."},
        "operstatus": {"enum": [*OPER_STATUSES], "description": "What it is (ifOperStatus)."},
        "speedmbps": {
            **_count("Speed", "Megabits a second (ifHighSpeed).", 0, 2**32 - 1),
            "x-unit": "Mbit/s",
        },
        "vlan": _count("VLAN", "The VLAN of untagged frames (dot1qPvid).", 1, 4094),
    },
}

DECLARATION: Final[JsonObject] = {
    "x-label": "Network device",
    "x-columns": ["macaddress", "sysname", "model", "managementaddress", "location"],
    "identityfield": "macaddress",
    "secondaryidentity": "serialnumber",
    "fields": {
        "macaddress": {
            "type": "string",
            "title": "MAC address",
            "pattern": "^([0-9A-F]{2}:){5}[0-9A-F]{2}$",
            "description": "The device's own address (dot1dBaseBridgeAddress), such as 00:1A:2B:3C:4D:5E; "
            "other usual spellings are converted to this form.",
        },
        "serialnumber": _text("Serial number", "The serial number of the chassis (entPhysicalSerialNum)."),
        "sysname": _text("Name", "Its name in the network (sysName)."),
        "managementaddress": {
            "type": "string",
            "title": "Management address",
            "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}],
            "maxLength": 45,
            "description": "The IPv4 or IPv6 address at which it is managed.",
        },
        "devicetype": {
            "enum": ["switch", "accesspoint"],
            "title": "Type of device",
            "description": "What it is.",
        },
        "vendor": _text("Vendor", "Who made it (entPhysicalMfgName)."),
        "model": _text("Model", "The maker's name for it (entPhysicalModelName)."),
        "firmware": _text("Firmware", "The version of its software (entPhysicalSoftwareRev)."),
        "location": _text("Location", "Where the device is (sysLocation)."),
        # Volatile: it differs in every submission, and would hide other changes in the history.
        "uptimeseconds": {
            **_count("Uptime", "Seconds since it was started (a hundredth of sysUpTime).", 0, 2**32 - 1),
            "x-unit": "s",
            "x-volatile": True,
        },
        "ports": {
            "type": "array",
            "title": "Ports",
            "maxItems": 1000,
            "items": _PORT,
            "description": "Every port. The list replaces the stored one; its order does not matter.",
        },
    },
}
