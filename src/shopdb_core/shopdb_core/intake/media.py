"""Which media types, charsets and content codings are read."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from shopdb_core.errors import UnsupportedMedia
from shopdb_core.intake.quoting import shown

JSON = "application/json"
NDJSON = "application/x-ndjson"

_CODECS: Mapping[str, str] = MappingProxyType(
    {
        "utf-8": "utf-8",
        "utf8": "utf-8",
        "utf-16": "utf-16",
        "utf-16le": "utf-16-le",
        "utf-16be": "utf-16-be",
        "iso-8859-1": "iso-8859-1",
        "windows-1252": "windows-1252",
        "us-ascii": "ascii",
    },
)
_CHARSET = re.compile(r';\s*charset\s*=\s*"?([^\s";]+)', re.IGNORECASE)


def check_mediatype(content_type: str | None, expected: str = JSON) -> None:
    """Raise UnsupportedMedia where the `Content-Type` header names anything but `expected`."""
    arrived = (content_type or "").partition(";")[0].strip()
    if arrived.lower() != expected:
        name = shown(arrived) if arrived else "something without a media type"
        raise UnsupportedMedia(
            f"The body arrived as {name}; send `Content-Type: {expected}`"
            f" (in PowerShell: -ContentType '{expected}')."
        )


def declared_codec(content_type: str | None) -> str | None:
    """Give Python's name of the charset that the `Content-Type` header declares, `None` without one.

    Raises UnsupportedMedia for a charset that is not read.
    """
    declared = _CHARSET.search(content_type or "")
    if declared is None:
        return None
    codec = _CODECS.get(declared[1].lower())
    if codec is None:
        raise UnsupportedMedia(f"The charset {shown(declared[1])} is not read; send the body as UTF-8.")
    return codec


def declared_line_codec(content_type: str | None) -> str | None:
    """Give what `declared_codec` gives; raises UnsupportedMedia for UTF-16 as well."""
    codec = declared_codec(content_type)
    if codec is not None and codec.startswith("utf-16"):
        raise UnsupportedMedia("NDJSON is not read as UTF-16; send it as UTF-8.")
    return codec


def is_gzip(content_encoding: str | None) -> bool:
    """Tell whether the body is compressed; raises UnsupportedMedia for any coding but gzip.

    `x-gzip` is the same coding (RFC 9110, section 8.4.1.3).
    """
    coding = (content_encoding or "identity").strip().lower()
    if coding not in {"identity", "gzip", "x-gzip"}:
        raise UnsupportedMedia(
            f"The content coding {shown(coding)} is not read; send the body plain or as gzip."
        )
    return coding != "identity"
