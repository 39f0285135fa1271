"""Bring a submission into canonical form: SNMP numbers and bits become the names of the declaration.

Printers report numbers that the MIBs do not define. Each becomes the nearest value that the declaration
has, so that one odd number does not refuse the printer.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias

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

_Terms: TypeAlias = tuple[Mapping[int, str], str]
"""The names of numbers, and the name of a number that the MIB does not define."""

_OCTETS: Final = re.compile(r"(0x)?([0-9a-f]{2}[: ]?)*")
"""Octets in hexadecimal, as libraries of SNMP (`0x2000`, `2000`) and net-snmp (`20 00 `) write them."""

_UNKNOWN: Final = "unknown"

_STATE_OF_LEVEL: Final[Mapping[float, str]] = {
    **{float(number): state for number, state in LEVEL_STATES.items()},
    # A level of -3 (some remains) in percent of a capacity of -2 (unknown), as Brother and Kyocera report.
    150: "someremaining",
}

_SUPPLY_TERMS: Final[Mapping[str, _Terms]] = {
    "type": (SUPPLY_TYPES, "unknown"),
    "class": (SUPPLY_CLASSES, "other"),
    "unit": (UNITS, "unknown"),
}
_TRAY_TERMS: Final[Mapping[str, _Terms]] = {"type": (TRAY_TYPES, "unknown"), "unit": (UNITS, "unknown")}
_ALERT_TERMS: Final[Mapping[str, _Terms]] = {
    "severity": (SEVERITIES, "other"),
    "training": (TRAININGS, "unknown"),
    "group": (ALERT_GROUPS, "other"),
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
    canonical = _canonical_members(supply, _SUPPLY_TERMS, "capacity")
    level: Json = canonical.get("levelpercent")
    if not _is_number(level) or 0 <= level <= _FULL:
        return canonical
    if level == _RICOH_EMPTY:
        return {**canonical, "levelpercent": 0}
    return {**_without(canonical, "levelpercent"), "levelstate": _STATE_OF_LEVEL.get(level, _UNKNOWN)}


def canonical_trays(trays: list[Json]) -> list[Json]:
    """Return the trays in canonical form, sorted by name; two may be equal, as with supplies."""
    if not all(isinstance(tray, dict) for tray in trays):
        return trays
    return sorted(map(_tray, trays), key=_order)


def _tray(tray: JsonObject) -> JsonObject:
    canonical = _canonical_members(tray, _TRAY_TERMS, "capacity")
    level: Json = canonical.get("level")
    if not _is_number(level) or level >= 0:
        return canonical
    return {**_without(canonical, "level"), "levelstate": LEVEL_STATES.get(level, _UNKNOWN)}


def canonical_alerts(alerts: list[Json]) -> list[Json]:
    """Return the alerts in canonical form, each once, sorted."""
    if not all(isinstance(alert, dict) for alert in alerts):
        return alerts
    canonical = (_canonical_members(alert, _ALERT_TERMS, "code") for alert in alerts)
    return [alert for _, alert in sorted({_order(alert): alert for alert in canonical if alert}.items())]


def canonical_counters(counters: list[Json]) -> list[Json]:
    """Return the counters sorted by kind, the highest of each kind."""
    highest: dict[str, JsonObject] = {}
    for counter in counters:
        kind, count = (
            (counter.get("kind"), counter.get("count")) if isinstance(counter, dict) else (None, None)
        )
        if not isinstance(kind, str) or not _is_number(count):
            return counters
        named = {**counter, "kind": _word(kind) or kind}
        if named["kind"] not in highest or count > highest[named["kind"]]["count"]:
            highest[named["kind"]] = named
    return [highest[kind] for kind in sorted(highest)]


def _without(item: JsonObject, name: str) -> JsonObject:
    return {member: value for member, value in item.items() if member != name}


def _canonical_members(item: JsonObject, terms: Mapping[str, _Terms], amount: str) -> JsonObject:
    """Return an object without nulls, without an amount below 0, and with the names of its terms."""
    canonical = {name: value for name, value in item.items() if value is not None}
    if _is_number(canonical.get(amount)) and canonical[amount] < 0:
        del canonical[amount]
    for name, (names, otherwise) in terms.items():
        if name in canonical:
            canonical[name] = _term(canonical[name], names, otherwise)
    return canonical


def _term(value: Json, names: Mapping[int, str], otherwise: str) -> Json:
    """Return the name of a number, or a name in any spelling as the declaration has it; else the value."""
    if type(value) is int:
        return names.get(value, otherwise)
    if isinstance(value, str) and (word := _word(value)) in names.values():
        return word
    return value


def _word(text: str) -> str:
    return re.sub("[^a-z0-9]", "", text.lower())


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _order(item: JsonObject) -> tuple[str, str]:
    return str(item.get("name", "")), json.dumps(item, sort_keys=True)


def canonical_status(number: int) -> Json:
    """Return the name of an hrPrinterStatus (RFC 2790); any other number, such as 0, is `unknown`."""
    return STATUSES.get(number, _UNKNOWN)


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
    "alerts": (list, canonical_alerts),
    "counters": (list, canonical_counters),
    "errorstate": (list, canonical_errors),
    "macaddress": (str, canonical_macaddress),
    "status": (int, canonical_status),
    "supplies": (list, canonical_supplies),
    "trays": (list, canonical_trays),
}
