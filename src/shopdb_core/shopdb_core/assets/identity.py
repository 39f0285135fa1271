"""Identities: which are equal, which are placeholders, and which values are evidence (contract 4)."""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeGuard, TypeVar

from shopdb_core.errors import Fault
from shopdb_core.store.statement import IDENTITY_KEY_BYTES
from shopdb_core.store.tables import IDENTITY_LENGTH
from shopdb_hookspecs import Json

RECENT = 4096

T = TypeVar("T")

# C0 and C1 controls, DEL, and the controls of the direction of text (Unicode Standard Annex 9).
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_MAC = re.compile(r"[0-9a-f]{2}([:-][0-9a-f]{2}){5}")
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]+")

# As makers leave them in SMBIOS, in the agents of printers, and in tools that report nothing by a word.
_DEFAULT_TEXTS = """
To be filled by O.E.M. | To be filled | Filled by OEM | TBD by OEM | TBD | O.E.M. | OEM serial
Default string | None | Null | Nil | N/A | Unknown | Unknow | Undefined | Invalid | Empty | Not defined
Not specified | Not available | Not applicable | Not present | Not set | Not settable | No serial
No serial number | Serial | Serial number | SerNum | System serial number | System product name
System manufacturer | System version | System UUID | Chassis serial number | Base board serial number
Mainboard serial number | Product serial number | Board serial number | Type1ProductConfigId
Type2 - Board serial number | Type3 - Chassis serial number | Asset tag | No asset tag | No asset information
Asset-1234567890 | SYS-1234567890 | MB-1234567890 | SSN12345678901234567 | BSN12345678901234567
CSN12345678901234567 | ATN12345678901234567 | 1234567 | 12345678 | 123456789 | 1234567890
0123456789 | 0123456789ABCDEF | 0x00000000 | 0xFFFFFFFF
03000200-0400-0500-0006-000700080009 | 00020003-0004-0005-0006-000700080009
"""


def _word(text: str) -> str:
    """Return a text case-folded and without white space and ASCII punctuation, unless it is nothing else."""
    folded = "".join(text.casefold().split())
    return _PUNCTUATION.sub("", folded) or folded


_PLACEHOLDERS = frozenset(map(_word, re.split("[|\n]", _DEFAULT_TEXTS)))

_LONGEST_NUMBER = 3
"""The digits of a number that people give a machine."""

# The first digits of MAC addresses that many devices have: RFC 9568 and the documentation of the makers.
_COMMON_MACS = (
    "00155d0000",  # a Hyper-V host that had no IPv4 address when its pool of addresses was made
    "00059a3c7800",  # Cisco VPN Client
    "00059a3c7a00",  # Cisco AnyConnect
    "00090faa0001",  # Fortinet SSL VPN
    "00090ffe0001",
    "005056c00001",  # VMware's host-only and NAT adapters
    "005056c00008",
    "001c42000008",  # Parallels' shared and host-only adapters
    "001c42000009",
    "005345000000",  # the adapters of Microsoft's dial-up, RAS and PPTP
    "204153594eff",
    "444553540000",
    "505054503030",
    "00005e0001",  # VRRP
    "00005e0002",
    "00000c07ac",  # HSRP
    "00000c9ff",
)


def _cached_if_short(function: Callable[[str], T]) -> Callable[[str], T]:
    """Keep the results of a function for the last texts, of which each is needed several times.

    Not for a text that is longer than any identity: thousands of these would take gigabytes.
    """
    cached = lru_cache(RECENT)(function)

    @wraps(function)
    def call(text: str) -> T:
        return cached(text) if len(text) <= IDENTITY_LENGTH else function(text)

    return call


@_cached_if_short
def identity_key(identity: str) -> bytes:
    """Return the key of an identity; two identities are equal if their keys are (contract 4).

    Trimmed, NFC, case-folded and NFC again, because case folding may return a string that is not in NFC.
    """
    folded = unicodedata.normalize("NFC", identity.strip()).casefold()
    return unicodedata.normalize("NFC", folded).encode()


def fits(key: bytes) -> bool:
    """Return whether a key is not empty and fits into its column."""
    return 0 < len(key) <= IDENTITY_KEY_BYTES


def has_control(identity: str) -> bool:
    """Return whether an identity has a character that controls a terminal or reorders the text around it."""
    return bool(_CONTROL.search(identity))


def readable_identity(value: Json) -> str | None:
    """Return a value, trimmed and in NFC, if it could be stored as an identity; else `None`.

    It may break a rule of its schema, or be a placeholder: then it is what a person has to look for.
    """
    trimmed = value.strip() if isinstance(value, str) else ""
    if len(trimmed) > IDENTITY_LENGTH or has_control(trimmed):
        return None
    try:
        trimmed.encode()
    except UnicodeEncodeError:
        return None
    identity = unicodedata.normalize("NFC", trimmed)
    return identity if len(identity) <= IDENTITY_LENGTH and fits(identity_key(identity)) else None


def control_fault(field: str) -> Fault:
    """Return the fault of an identity that has a control character."""
    return Fault(f"/{field}", "controlcharacter", "has a control character, which an identity cannot have")


@_cached_if_short
def is_placeholder(value: str) -> bool:
    """Return whether a value does not identify a device: a default text, or an address that is not unique.

    One repeated character is a placeholder, too. A single letter is not, nor is a number such as 7 or 22,
    because people give such names.
    """
    text = value.strip().casefold()
    if _MAC.fullmatch(text):
        return _is_shared_mac(re.sub("[:-]", "", text))
    word = _word(text)
    return word in _PLACEHOLDERS or (len(set(word)) <= 1 and not _is_short_name(word))


def is_evidence(value: Json) -> TypeGuard[str]:
    """Return whether a secondary identity may be compared with those of other assets.

    A string that fits its column, is not a placeholder, and has more than one character, not one repeated.
    """
    return isinstance(value, str) and len(value) <= IDENTITY_LENGTH and _identifies(value)


@_cached_if_short
def _identifies(value: str) -> bool:
    return len(set(_word(value))) > 1 and not is_placeholder(value)


def _is_short_name(word: str) -> bool:
    """Return whether one repeated character may be a name: `7`, `22`, `a`, but not `0`, `xx` or `1111`."""
    if word.isdecimal():
        return word[0] != "0" and len(word) <= _LONGEST_NUMBER
    return len(word) == 1 and not _PUNCTUATION.match(word)


def _is_shared_mac(digits: str) -> bool:
    """Return whether an address is not that of one device.

    All-zero; with the group or the local bit in the first octet (IEEE 802, 8); or one that many devices have.
    """
    first_octet = int(digits[:2], 16)
    return not int(digits, 16) or bool(first_octet & 0b11) or digits.startswith(_COMMON_MACS)
