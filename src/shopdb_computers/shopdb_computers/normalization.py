"""Bring a submission into canonical form, so that another spelling does not count as a change."""

import re
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from shopdb_hookspecs import Json, JsonObject

Program: TypeAlias = tuple[str, str]
"""A program's name and version; the version is empty where it is unknown."""

_MEMBERS: Final = frozenset({"name", "version"})


def canonical_macaddress(text: str) -> str:
    """Return six octets in the form `00:1A:2B:3C:4D:5E`, and any other text unchanged.

    Accepted are digits alone, and groups separated by colons, hyphens, dots or blanks; net-snmp omits the
    leading zero of an octet (`0:1a:...`).
    """
    digits = "".join(group.zfill(2) for group in re.split("[:. -]", text))
    if not re.fullmatch("[0-9A-Fa-f]{12}", digits):
        return text
    return ":".join(re.findall("..", digits.upper()))


def canonical_programs(programs: list[Json]) -> list[Json]:
    """Sort and deduplicate a list of programs whose strings are trimmed.

    A list with an item that is not a program is returned unchanged, so that validation reports the item's
    place in the submitted list.
    """
    try:
        # Unlike a set, a dict keeps the order, and a sorted list sorts four times as fast.
        distinct = dict.fromkeys(map(_as_program, programs))
    except ValueError:
        return programs
    return [
        {"name": name, "version": version} if version else {"name": name}
        for name, version in sorted(distinct)
    ]


def _as_program(item: Json) -> Program:
    """Read one item of the list; raises `ValueError` if it is not a program."""
    if isinstance(item, dict) and isinstance(name := item.get("name"), str):
        version = item.get("version")
        if isinstance(version, str) and len(item) == len(_MEMBERS):
            return name, version
        if version is None and item.keys() <= _MEMBERS:
            return name, ""
    raise ValueError("not a program")


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


_CANONICAL_FORMS: Final[Mapping[str, tuple[type, Callable[[Json], Json]]]] = {
    "hostname": (str, canonical_hostname),
    "macaddress": (str, canonical_macaddress),
    "installedsoftware": (list, canonical_programs),
}
