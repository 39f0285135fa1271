"""The collector declaration of computers (contract, section 1)."""

from typing import Final

from shopdb_hookspecs import Json, JsonObject

MAX_PROGRAMS: Final = 5_000
MAX_NAME: Final = 400
MAX_VERSION: Final = 200


def _text(max_length: int, description: str, **more: Json) -> JsonObject:
    return {"type": "string", "maxLength": max_length, "description": description, **more}


def _instant(description: str, **more: Json) -> JsonObject:
    return _text(40, description, format="date-time", **more)


def _any_case(word: str) -> str:
    """Return a pattern for a word in upper and lower case; not every validator has a flag for that."""
    return "".join(f"[{letter.upper()}{letter}]" for letter in word)


# What a computer is called before it has a name: by Linux, and by Windows PE, which images computers.
_UNNAMED: Final[JsonObject] = {
    "title": "what a computer is called before it has a name",
    "type": "string",
    "pattern": f"^(({_any_case('localhost')}|{_any_case('minwinpc')})([.].*)?|{_any_case('minint')}-.*)$",
}

# Further members are refused: otherwise a version that a pipeline calls `Version` or `DisplayVersion` would
# be lost without an error.
_PROGRAM: Final[JsonObject] = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": _text(MAX_NAME, "The program's name as its installer shows it.", minLength=1),
        "version": {
            "type": ["string", "null"],
            "maxLength": MAX_VERSION,
            "description": "The program's version; left out or null where it is unknown.",
        },
    },
}

DECLARATION: Final[JsonObject] = {
    "identityfield": "hostname",
    "secondaryidentity": "macaddress",
    "fields": {
        "hostname": _text(
            63, "The computer's name; upper and lower case are one.", minLength=1, **{"not": _UNNAMED}
        ),
        "macaddress": _text(
            17,
            "The MAC address of the wired interface, such as 00:1A:2B:3C:4D:5E; other usual spellings "
            "are brought into this form.",
            pattern="^([0-9A-F]{2}:){5}[0-9A-F]{2}$",
        ),
        "osname": _text(200, "The operating system and its edition."),
        "osversion": _text(100, "The version or build of the operating system."),
        "lastboottime": _instant("When the computer last started.", **{"x-volatile": True}),
        "currentuser": _text(256, "Who is logged in at the computer.", **{"x-volatile": True}),
        "ipaddress": _text(
            45, "The computer's IPv4 or IPv6 address.", anyOf=[{"format": "ipv4"}, {"format": "ipv6"}]
        ),
        "memorygb": {
            "type": "number",
            "minimum": 0,
            # More than any computer has, so that a size in bytes or MiB is refused.
            "maximum": 65_536,
            "description": "The installed memory in GiB.",
        },
        "cputype": _text(200, "The processor's model."),
        "imagename": _text(200, "The name of the image that the computer was set up with."),
        "imageappliedat": _instant("When that image was applied."),
        "installedsoftware": {
            "type": "array",
            "maxItems": MAX_PROGRAMS,
            "items": _PROGRAM,
            "description": "Every installed program. The list replaces the stored one as a whole; its "
            "order and duplicates do not matter.",
        },
    },
}
