"""Which identities are equal, and which values are no evidence of anything."""

import re
import unicodedata

from shopdb_core.store.tables import IDENTITY_LENGTH
from shopdb_core.store.types import IDENTITY_KEY_BYTES

_MAC = re.compile(r"[0-9A-F]{2}([:-]?[0-9A-F]{2}){5}", re.IGNORECASE)
_PLACEHOLDERS = frozenset(
    {"to be filled by o.e.m.", "default string", "system serial number", "not specified", "none"}
)


def identity_key(identity: str) -> bytes:
    """Return the bytes that decide whether two identities are one (contract 4).

    Trimmed, NFC, case-folded and NFC again, because folding can take a string out of that form.
    """
    folded = unicodedata.normalize("NFC", identity.strip()).casefold()
    return unicodedata.normalize("NFC", folded).encode()


def fits(key: bytes) -> bool:
    """Whether the database has room for `key`."""
    return 0 < len(key) <= IDENTITY_KEY_BYTES


def is_placeholder(value: str) -> bool:
    """Whether many devices carry `value`, or none could: then it tells nothing of any one of them."""
    if len(value) > IDENTITY_LENGTH:
        return True
    text = value.strip().casefold()
    if len(set(text)) <= 1 or text in _PLACEHOLDERS:
        return True
    return bool(_MAC.fullmatch(text)) and _is_shared_mac(bytes.fromhex(re.sub("[:-]", "", text)))


def _is_shared_mac(address: bytes) -> bool:
    """All-zero, or with the group or the local bit in the first octet (IEEE 802, clause 8)."""
    return not any(address) or bool(address[0] & 0b11)
