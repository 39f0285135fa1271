"""Bring a submission into canonical form: SNMP numbers and bits become the names of the declaration.

Printers report numbers that the MIBs do not define. Each becomes the nearest value that the declaration
has, so that one odd number does not refuse the printer.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from shopdb_hookspecs import Json, JsonObject
from shopdb_printers.declaration import ERRORS, LEVEL_STATES, STATUSES

_OPTIONAL: Final = ("colorant", "levelpercent", "levelstate")

_STATUS_OF_NUMBER: Final = dict(enumerate(STATUSES, start=1))

_OCTETS: Final = re.compile(r"(0x)?([0-9a-f]{2}[: ]?)*")
"""Octets in hexadecimal, as libraries of SNMP (`0x2000`, `2000`) and net-snmp (`20 00 `) write them."""

_UNKNOWN: Final = "unknown"

_STATE_OF_LEVEL: Final[Mapping[float, str]] = {
    **{-number: state for number, state in enumerate(LEVEL_STATES, start=1)},
    # A level of -3 (some remains) in percent of a capacity of -2 (unknown), as Brother and Kyocera report.
    150: "someremaining",
}

_FULL: Final = 100

_RICOH_EMPTY: Final = -100
"""What Ricoh reports for an empty toner; -3 is any other level."""


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
    """Return a supply without null members, and with a levelstate if its level is not a percentage.

    The special values of prtMarkerSuppliesLevel (RFC 3805) are -1 (without limit), -2 (unknown) and -3 (some
    remains). Any other level below 0 or above 100 is unknown, except for Ricoh's -100, which is 0 percent.
    """
    canonical = {key: value for key, value in supply.items() if value is not None or key not in _OPTIONAL}
    level: Json = canonical.get("levelpercent")
    if not _is_number(level) or 0 <= level <= _FULL:
        return canonical
    if level == _RICOH_EMPTY:
        return {**canonical, "levelpercent": 0}
    del canonical["levelpercent"]
    return {**canonical, "levelstate": _STATE_OF_LEVEL.get(level, _UNKNOWN)}


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _order(supply: JsonObject) -> tuple[str, str]:
    return supply["name"], json.dumps(supply, sort_keys=True)


def canonical_status(number: int) -> Json:
    """Return the name of an hrPrinterStatus (RFC 2790); any other number, such as 0, is `unknown`."""
    return _STATUS_OF_NUMBER.get(number, _UNKNOWN)


def canonical_errors(errors: list[Json]) -> list[Json]:
    """Return the names of an hrPrinterDetectedErrorState (RFC 2790), each once, in the order of its bits.

    An item is a name of the MIB in any case, or the octets in hexadecimal, of which an empty text is none.
    Bits without a name are dropped. A list with another item is returned unchanged, as with supplies.
    """
    found: set[str] = set()
    for item in errors:
        text = item.lower() if isinstance(item, str) else None
        if text in ERRORS:
            found.add(text)
        elif text is not None and _OCTETS.fullmatch(text):
            found.update(_named_bits(bytes.fromhex(re.sub("[: ]", "", text.removeprefix("0x")))))
        else:
            return errors
    return [name for name in ERRORS if name in found]


def _named_bits(octets: bytes) -> Iterator[str]:
    """Yield the names of the bits that are set; bit 0 is the highest one of the first octet."""
    for number, name in enumerate(ERRORS[: 8 * len(octets)]):
        if octets[number // 8] & (0x80 >> number % 8):
            yield name


def normalized(submission: JsonObject) -> JsonObject:
    """Return the submission with each known field canonical; a value of another type stays as it is."""
    canonical = dict(submission)
    for field, (expected, canonicalize) in _CANONICAL_FORMS.items():
        if type(value := submission.get(field)) is expected:
            canonical[field] = canonicalize(value)
    return canonical


_CANONICAL_FORMS: Final[Mapping[str, tuple[type, Callable[[Json], Json]]]] = {
    "errorstate": (list, canonical_errors),
    "macaddress": (str, canonical_macaddress),
    "status": (int, canonical_status),
    "supplies": (list, canonical_supplies),
}
