"""Bring a submission into canonical form: SNMP numbers become the names of the declaration."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Final

from shopdb_hookspecs import Json, JsonObject
from shopdb_printers.declaration import LEVEL_STATES, STATUSES

_OPTIONAL: Final = ("colorant", "levelpercent", "levelstate")

_STATUS_OF_NUMBER: Final = dict(enumerate(STATUSES, start=1))


def canonical_macaddress(text: str) -> str:
    """Return six octets in the form `00:1A:2B:3C:4D:5E`, and any other text unchanged.

    Accepted are digits alone, and groups separated by colons, hyphens, dots or blanks; net-snmp omits the
    leading zero of an octet (`0:1a:...`).
    """
    digits = "".join(group.zfill(2) for group in re.split("[:. -]", text))
    if not re.fullmatch("[0-9A-Fa-f]{12}", digits):
        return text
    return ":".join(re.findall("..", digits.upper()))


def canonical_supplies(supplies: list[Json]) -> list[Json]:
    """Return the supplies in canonical form, sorted by name.

    Equal items are kept, since a printer may have two equal supplies. A list with an item that is not a named
    object is returned unchanged, so that validation reports the item's place in the submitted list.
    """
    if not all(isinstance(supply, dict) and isinstance(supply.get("name"), str) for supply in supplies):
        return supplies
    return sorted(map(canonical_supply, supplies), key=_order)


def canonical_supply(supply: JsonObject) -> JsonObject:
    """Return a supply without null members, and with a levelstate for the special levels of RFC 3805.

    These values of prtMarkerSuppliesLevel are not percentages: -1 is without limit, -2 is unknown, -3 means
    that some remains.
    """
    canonical = {key: value for key, value in supply.items() if value is not None or key not in _OPTIONAL}
    level = canonical.get("levelpercent")
    if isinstance(level, int | float) and level in (-1, -2, -3):
        del canonical["levelpercent"]
        canonical["levelstate"] = LEVEL_STATES[-int(level) - 1]
    return canonical


def _order(supply: JsonObject) -> tuple[str, str]:
    return supply["name"], json.dumps(supply, sort_keys=True)


def canonical_status(number: int) -> Json:
    """Return the name of an hrPrinterStatus (RFC 2790), and any other number unchanged."""
    return _STATUS_OF_NUMBER.get(number, number)


def normalized(submission: JsonObject) -> JsonObject:
    """Return the submission with each known field canonical; a value of another type stays as it is."""
    canonical = dict(submission)
    for field, (expected, canonicalize) in _CANONICAL_FORMS.items():
        if type(value := submission.get(field)) is expected:
            canonical[field] = canonicalize(value)
    return canonical


_CANONICAL_FORMS: Final[Mapping[str, tuple[type, Callable[[Json], Json]]]] = {
    "macaddress": (str, canonical_macaddress),
    "status": (int, canonical_status),
    "supplies": (list, canonical_supplies),
}
