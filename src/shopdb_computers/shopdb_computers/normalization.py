"""Bring a submission into canonical form, so that another spelling does not count as a change."""

import json
import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from itertools import chain
from operator import itemgetter
from typing import Final, TypeAlias

from shopdb_computers.declaration import FORM_FACTORS
from shopdb_hookspecs import Json, JsonObject

Program: TypeAlias = tuple[str, str]
"""A program's name and version; the version is empty where it is unknown."""

_MEMBERS: Final = ("name", "version", "publisher", "architecture", "installdate", "source")
_KEY_MEMBERS: Final = 2
_NAME_AND_VERSION: Final = itemgetter(*_MEMBERS[:_KEY_MEMBERS])

_SPELLINGS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("amd64", "x64", "x86_64", "x86-64"), "x86_64"),
    **dict.fromkeys(("i386", "i486", "i586", "i686", "ia32", "x86"), "x86"),
    **dict.fromkeys(("aarch64", "arm64"), "arm64"),
}
_ARCHITECTURE_OF_NUMBER: Final[Mapping[Json, str]] = {0: "x86", 5: "arm", 6: "ia64", 9: "x86_64", 12: "arm64"}
"""Win32_Processor.Architecture."""

_MEDIATYPE_OF_NUMBER: Final[Mapping[Json, str]] = {3: "hdd", 4: "ssd"}
"""MSFT_PhysicalDisk.MediaType."""

_DIGITS: Final = len("20250317")
_MAC: Final = re.compile("([0-9A-F]{2}:){5}[0-9A-F]{2}")
_UUID: Final = re.compile("([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})")
_LONG_ADDRESS: Final = re.compile("([0-9A-Fa-f]{2}[:-]?){8}|([0-9A-Fa-f]{2}[:-]?){20}")
"""An EUI-64, as tunnels of Windows have, or an address of InfiniBand."""


def canonical_macaddress(text: str) -> str:
    """Return six octets in the form `00:1A:2B:3C:4D:5E`, and any other text unchanged.

    Accepted are digits alone, and groups separated by colons, hyphens, dots or blanks; net-snmp omits the
    leading zero of an octet (`0:1a:...`).
    """
    if _MAC.fullmatch(text):
        return text
    digits = "".join(group.zfill(2) for group in re.split("[:. -]", text))
    if not re.fullmatch("[0-9A-Fa-f]{12}", digits):
        return text
    return ":".join(re.findall("..", digits.upper()))


def canonical_programs(programs: list[Json]) -> list[Json]:
    """Sort and deduplicate a list of programs whose strings are trimmed.

    A list with an item that is not a program is returned unchanged, so that validation reports the item's
    place in the submitted list.
    """
    if (plain := _plain_programs(programs)) is not None:
        return [plain[pair] for pair in sorted(plain)]
    try:
        # Unlike a set, a dict keeps the order, and a sorted list sorts four times as fast.
        distinct = dict.fromkeys(map(_as_program, programs))
    except ValueError:
        return programs
    return [
        _program(values)
        if len(values) > _KEY_MEMBERS
        else {"name": values[0], "version": values[1]}
        if values[1]
        else {"name": values[0]}
        for values in sorted(distinct)
    ]


def _plain_programs(programs: list[Json]) -> dict[Program, Json] | None:
    """Return programs by name and version, or `None` if one of them does not have these two alone.

    Most lists have no other programs, and then no function is called for each of them.
    """
    try:
        pairs = [*map(_NAME_AND_VERSION, programs)]
    except (KeyError, TypeError):
        return None
    values = [*chain.from_iterable(pairs)]
    has_two = {*map(type, programs)} == {dict} and {*map(len, programs)} == {_KEY_MEMBERS}
    return dict(zip(pairs, programs, strict=True)) if has_two and _are_texts(values) else None


def _are_texts(values: list[Json]) -> bool:
    """Return whether all are strings that are not empty."""
    return {*map(type, values)} == {str} and all(values)


def _as_program(item: Json) -> tuple[str, ...]:
    """Read one item of the list; raises `ValueError` if it is not a program.

    The tuple has two members unless the item has more; a missing member is empty.
    """
    if isinstance(item, dict) and isinstance(name := item.get("name"), str):
        version = item.get("version")
        if isinstance(version, str) and len(item) == _KEY_MEMBERS:
            return name, version
        if item.keys() <= _MEMBER_SET and (values := _further(item)) is not None:
            return name, version or "", *(values if any(values) else ())
    raise ValueError("not a program")


_MEMBER_SET: Final = frozenset(_MEMBERS)


def _further(item: JsonObject) -> tuple[str, ...] | None:
    """Return the members beside the name and the version, `None` if one is neither a string nor null."""
    architecture, installdate = item.get("architecture"), item.get("installdate")
    if architecture is not None:
        architecture = canonical_architecture(architecture)
    if installdate is not None:
        installdate = canonical_day(installdate)
    values = (item.get("publisher"), architecture, installdate, item.get("source"))
    for value in (item.get("version"), *values):
        if value is not None and not isinstance(value, str):
            return None
    return tuple([value or "" for value in values])


def _program(values: tuple[str, ...]) -> JsonObject:
    return {name: value for name, value in zip(_MEMBERS, values, strict=True) if value or name == "name"}


def canonical_architecture(value: Json) -> Json:
    """Return the usual name of an architecture; a number is that of Windows, or unknown; else the value."""
    if type(value) is int:
        return _ARCHITECTURE_OF_NUMBER.get(value, "unknown")
    return _SPELLINGS.get(value.lower(), value) if isinstance(value, str) else value


def canonical_day(value: Json) -> Json:
    """Return a day in eight digits, as Windows has it, as a date (RFC 3339); any other value unchanged."""
    if isinstance(value, str) and len(value) == _DIGITS and value.isascii() and value.isdecimal():
        return f"{value[:4]}-{value[4:6]}-{value[6:]}"
    return value


def canonical_formfactor(value: Json) -> Json:
    """Return the name of a type of chassis, given by its number, or by its name in any spelling.

    Of a list, as in Win32_SystemEnclosure.ChassisTypes, the first one counts. Above 128 a chassis has a lock.
    """
    if isinstance(value, list) and value:
        return canonical_formfactor(value[0]) if all(map(_is_number, value)) else value
    if _is_number(value):
        number = value % 128
        return FORM_FACTORS[number - 1] if 0 < number <= len(FORM_FACTORS) else "unknown"
    if isinstance(value, str):
        word = re.sub("[^a-z]", "", value.lower())
        return next((name for name in (word, f"{word}chassis") if name in FORM_FACTORS), value)
    return value


def _is_number(value: Json) -> bool:
    return type(value) is int and value >= 0


def canonical_uuid(text: str) -> str:
    """Return a UUID in lower case with hyphens (RFC 9562), and any other text unchanged."""
    digits = re.sub("^urn:uuid:|[{}-]", "", text.lower())
    found = _UUID.fullmatch(digits)
    return "-".join(found.groups()) if found else text


def canonical_disks(disks: list[Json]) -> list[Json]:
    """Return the disks in canonical form, sorted; a list with an item of another type unchanged."""
    return _canonical_objects(disks, _disk)


def _disk(disk: JsonObject) -> JsonObject:
    mediatype = disk.get("mediatype")
    if type(mediatype) is int:
        mediatype = _MEDIATYPE_OF_NUMBER.get(mediatype)
    elif isinstance(mediatype, str):
        mediatype = mediatype.lower()
    return {**disk, "mediatype": mediatype}


def canonical_interfaces(interfaces: list[Json]) -> list[Json]:
    """Return the interfaces in canonical form, sorted; a list with an item of another type unchanged."""
    return _canonical_objects(interfaces, _interface)


def _interface(interface: JsonObject) -> JsonObject:
    canonical = dict(interface)
    if isinstance(mac := interface.get("macaddress"), str):
        canonical["macaddress"] = None if _LONG_ADDRESS.fullmatch(mac) else canonical_macaddress(mac)
    addresses = interface.get("addresses")
    if isinstance(addresses, list) and all(isinstance(address, str) for address in addresses):
        canonical["addresses"] = sorted(set(map(canonical_address, addresses)))
    return canonical


def canonical_address(text: str) -> str:
    """Return an IP address in its usual form, without zone and length of the prefix; other text unchanged."""
    try:
        return str(ip_address(re.split("[%/]", text)[0]))
    except ValueError:
        return text


def _canonical_objects(items: list[Json], canonicalize: Callable[[JsonObject], JsonObject]) -> list[Json]:
    """Return objects without members that are null, each once, sorted by their names; none that is empty."""
    if not all(isinstance(item, dict) for item in items):
        return items
    canonical = filter(None, map(_without_nulls, map(canonicalize, items)))
    distinct = {json.dumps(item, sort_keys=True): item for item in canonical}
    return [item for _, item in sorted(distinct.items(), key=_order)]


def _without_nulls(item: JsonObject) -> JsonObject:
    return {name: value for name, value in item.items() if value is not None}


def _order(entry: tuple[str, JsonObject]) -> tuple[str, str]:
    text, item = entry
    return str(item.get("name", "")), text


def canonical_hostname(text: str) -> str:
    """Return a host name without the dot at the end of an absolute name (RFC 1034, section 3.1).

    The domain is kept, since two domains may each have a `pc-1`. The core ignores case.
    """
    return text.rstrip(".") or text


def normalized(submission: JsonObject) -> JsonObject:
    """Return the submission with each known field canonical; a value of another type stays as it is."""
    canonical = dict(submission)
    for field, (expected, canonicalize) in _CANONICAL_FORMS.items():
        if isinstance(value := submission.get(field), expected):
            canonical[field] = canonicalize(value)
    return canonical


_CANONICAL_FORMS: Final[Mapping[str, tuple[type | tuple[type, ...], Callable[[Json], Json]]]] = {
    "hostname": (str, canonical_hostname),
    "macaddress": (str, canonical_macaddress),
    "uuid": (str, canonical_uuid),
    "architecture": ((str, int), canonical_architecture),
    "formfactor": ((str, int, list), canonical_formfactor),
    "disks": (list, canonical_disks),
    "networkinterfaces": (list, canonical_interfaces),
    "installedsoftware": (list, canonical_programs),
}
