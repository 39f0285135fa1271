"""A declaration that uses what the contract offers."""

import copy
from typing import Any

import pytest

_DECLARATION = {
    "identityfield": "hostname",
    "secondaryidentity": "macaddress",
    "required": ["osname"],
    "fields": {
        "hostname": {"type": "string", "minLength": 1, "maxLength": 63},
        "macaddress": {"type": "string", "pattern": "^([0-9A-F]{2}:){5}[0-9A-F]{2}$"},
        "osname": {"type": "string"},
        "lastboottime": {"type": "string", "format": "date-time", "x-volatile": True},
        "ipaddress": {"type": "string", "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]},
        "memorygb": {"type": "number", "minimum": 0},
        "role": {"enum": ["cell", "office"]},
        "mainboard": {"$ref": "#/$defs/part", "description": "What everything sits on."},
        "installedsoftware": {"type": "array", "items": {"$ref": "#/$defs/part"}, "uniqueItems": True},
    },
    "$defs": {
        "part": {
            "type": "object",
            "required": ["name"],
            "properties": {"name": {"type": "string"}, "version": {"type": "string", "maxLength": 200}},
            "additionalProperties": False,
        }
    },
}


@pytest.fixture
def declaration() -> dict[str, Any]:
    """A copy of a valid declaration, which a test may change."""
    return copy.deepcopy(_DECLARATION)
