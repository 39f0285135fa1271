"""The collector declaration of computers (contract, section 1).

Names in the descriptions are structures of SMBIOS (DMTF DSP0134) and classes of Windows.
"""

from typing import Final

from shopdb_hookspecs import Json, JsonObject

MAX_PROGRAMS: Final = 5_000
MAX_NAME: Final = 400
MAX_VERSION: Final = 200
MAX_TEXT: Final = 255

FORM_FACTORS: Final = (
    "other",
    "unknown",
    "desktop",
    "lowprofiledesktop",
    "pizzabox",
    "minitower",
    "tower",
    "portable",
    "laptop",
    "notebook",
    "handheld",
    "dockingstation",
    "allinone",
    "subnotebook",
    "spacesaving",
    "lunchbox",
    "mainserverchassis",
    "expansionchassis",
    "subchassis",
    "busexpansionchassis",
    "peripheralchassis",
    "raidchassis",
    "rackmountchassis",
    "sealedcasepc",
    "multisystemchassis",
    "compactpci",
    "advancedtca",
    "blade",
    "bladeenclosure",
    "tablet",
    "convertible",
    "detachable",
    "iotgateway",
    "embeddedpc",
    "minipc",
    "stickpc",
)
"""The types of a chassis (SMBIOS, structure 3), in the order of their numbers from 1."""


def _text(max_length: int, title: str, description: str, **more: Json) -> JsonObject:
    return {"type": "string", "maxLength": max_length, "title": title, "description": description, **more}


def _optional(max_length: int, title: str, description: str, **more: Json) -> JsonObject:
    """Return the schema of a text inside an object, where null is a missing member."""
    return {**_text(max_length, title, description, **more), "type": ["string", "null"]}


def _instant(title: str, description: str, **more: Json) -> JsonObject:
    return _text(40, title, description, format="date-time", **more)


def _list(title: str, most: int, members: JsonObject, description: str, *required: str) -> JsonObject:
    """Return the schema of a list of objects.

    Further members are refused: otherwise a version that a pipeline calls `Version` or `DisplayVersion` would
    be lost without an error.
    """
    items = {"type": "object", "additionalProperties": False, "properties": members}
    if required:
        items["required"] = [*required]
    more = "The list replaces the stored one as a whole; its order and duplicates do not matter."
    return {
        "type": "array",
        "maxItems": most,
        "title": title,
        "items": items,
        "description": f"{description} {more}",
    }


def _any_case(word: str) -> str:
    """Return a pattern for a word in upper and lower case; not every validator has a flag for that."""
    return "".join(f"[{letter.upper()}{letter}]" for letter in word)


# What a computer is called before it has a name: by Linux, and by Windows PE, which images computers.
_UNNAMED: Final[JsonObject] = {
    "title": "what a computer is called before it has a name",
    "type": "string",
    "pattern": f"^(({_any_case('localhost')}|{_any_case('minwinpc')})([.].*)?|{_any_case('minint')}-.*)$",
}

_MAC: Final = "^([0-9A-F]{2}:){5}[0-9A-F]{2}$"

_ARCHITECTURE: Final = (
    "x86_64, x86 or arm64; names such as AMD64, i686 and aarch64 and the numbers of "
    "Win32_Processor become one of these, any other name stays as it is, any other number becomes unknown."
)

_ADDRESS: Final[JsonObject] = {
    "type": "string",
    "maxLength": 45,
    "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}],
}

_DISK: Final[JsonObject] = {
    "name": _optional(MAX_TEXT, "Name", "The system's name for it, such as sda or PhysicalDrive0."),
    "model": _optional(MAX_TEXT, "Model", "The maker's name for it."),
    "serialnumber": _optional(MAX_TEXT, "Serial number", "Its serial number."),
    "sizebytes": {
        "type": ["integer", "null"],
        "minimum": 0,
        "maximum": 2**63 - 1,
        "title": "Size",
        "x-unit": "B",
        "description": "Its size in bytes.",
    },
    "mediatype": _optional(
        40,
        "Kind",
        "hdd or ssd; the numbers of MSFT_PhysicalDisk (3, 4) become these, and any other number is left out.",
    ),
}

_INTERFACE: Final[JsonObject] = {
    "name": _optional(MAX_TEXT, "Name", "The system's name for it, such as eth0 or Ethernet."),
    "macaddress": _optional(
        17,
        "MAC address",
        "Its MAC address, in any usual spelling. What has eight or twenty octets (a tunnel, InfiniBand) is "
        "not a MAC address and is left out.",
        pattern=_MAC,
    ),
    "addresses": {
        "type": "array",
        "maxItems": 100,
        "items": _ADDRESS,
        "title": "Addresses",
        "description": "Its IPv4 and IPv6 addresses, without zone and length of the prefix.",
    },
}

_PROGRAM: Final[JsonObject] = {
    "name": _text(MAX_NAME, "Name", "The program's name as its installer shows it.", minLength=1),
    "version": _optional(MAX_VERSION, "Version", "The program's version; left out where it is unknown."),
    "publisher": _optional(MAX_TEXT, "Publisher", "Who published it."),
    "architecture": _optional(40, "Architecture", _ARCHITECTURE),
    "installdate": _optional(
        10,
        "Installed on",
        "The day on which it was installed; 20250317, as Windows has it, becomes 2025-03-17.",
        format="date",
    ),
    "source": _optional(100, "Source", "What lists it or installed it, such as msi, dpkg or rpm."),
}

DECLARATION: Final[JsonObject] = {
    "x-label": "Computer",
    "x-columns": ["hostname", "osname", "model", "serialnumber", "ipaddress"],
    "x-software": {
        "programs": "software",
        "versions": "software_versions",
        "holders": "software_on",
        "changes": "software_changes",
    },
    "identityfield": "hostname",
    "secondaryidentity": ["serialnumber", "uuid", "macaddress", "networkinterfaces/macaddress"],
    "fields": {
        "hostname": _text(
            63, "Name", "The computer's name; upper and lower case are one.", minLength=1, **{"not": _UNNAMED}
        ),
        "serialnumber": _text(
            MAX_TEXT, "Serial number", "The serial number of the computer (SMBIOS, structure 1)."
        ),
        "uuid": _text(
            100,
            "UUID",
            "The UUID of the computer (SMBIOS, structure 1), in lower case; a text that is not one, such as "
            "Not Settable, stays as it is.",
        ),
        "macaddress": _text(
            17,
            "MAC address",
            "The MAC address of the wired interface, such as 00:1A:2B:3C:4D:5E; other usual spellings "
            "are brought into this form.",
            pattern=_MAC,
        ),
        "manufacturer": _text(MAX_TEXT, "Manufacturer", "Who made the computer."),
        "model": _text(MAX_TEXT, "Model", "The maker's name for it."),
        "architecture": _text(40, "Architecture", _ARCHITECTURE),
        "formfactor": {
            "type": "string",
            "enum": [*FORM_FACTORS],
            "title": "Form factor",
            "description": "The type of its chassis (SMBIOS, structure 3). The numbers of "
            "Win32_SystemEnclosure.ChassisTypes may be submitted, also in a list, and unknown ones become "
            "unknown.",
        },
        "biosversion": _text(MAX_TEXT, "BIOS version", "The version of its firmware."),
        "osname": _text(200, "Operating system", "The operating system and its edition."),
        "osversion": _text(100, "OS version", "The version or build of the operating system."),
        "lastboottime": _instant("Last start", "When the computer last started.", **{"x-volatile": True}),
        "currentuser": _text(
            256, "Current user", "Who is logged in at the computer.", **{"x-volatile": True}
        ),
        "ipaddress": {
            **_ADDRESS,
            "title": "IP address",
            "description": "The computer's IPv4 or IPv6 address.",
        },
        "memorygb": {
            "type": "number",
            "minimum": 0,
            # More than any computer has, so that a size in bytes or MiB is refused.
            "maximum": 65_536,
            "title": "Memory",
            "x-unit": "GiB",
            "description": "The installed memory in GiB.",
        },
        "cputype": _text(200, "Processor", "The processor's model."),
        "imagename": _text(200, "Image", "The name of the image that the computer was set up with."),
        "imageappliedat": _instant("Imaged", "When that image was applied."),
        "disks": _list("Disks", 200, _DISK, "Every disk."),
        "networkinterfaces": _list(
            "Network interfaces", 200, _INTERFACE, "Every network interface with its addresses."
        ),
        "installedsoftware": {
            **_list("Installed software", MAX_PROGRAMS, _PROGRAM, "Every installed program.", "name"),
            "x-independent": True,
        },
    },
}
