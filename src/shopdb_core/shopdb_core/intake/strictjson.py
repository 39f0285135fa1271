"""Strict JSON, fast: orjson reads, and is believed where it can be shown that the reference would agree.

orjson keeps the last of two equal names and turns integers beyond 64 bits into floats, both silently.
"""

import re
from dataclasses import dataclass

import orjson

from shopdb_core.intake.contents import Contents, contents_of
from shopdb_core.intake.reference import DEEPEST, read_reference
from shopdb_hookspecs import Json

_SPACED_COLON = re.compile(r'"[ \t\r\n]+:')
_BEYOND_INTEGERS = float(2**63)


@dataclass(frozen=True, slots=True)
class Parsed:
    """An object, and what was found in it on the way."""

    document: dict[str, Json]
    contents: Contents


def parse(text: str) -> dict[str, Json]:
    """Parse one strict JSON object of at most 20 levels; raises MalformedBody with the place of the fault."""
    return parse_with_contents(text).document


def parse_with_contents(text: str) -> Parsed:
    """Parse as `parse` does, and spare the next step its walk through the document."""
    parsed = _read_fast(text)
    if parsed is None:
        document = read_reference(text)
        return Parsed(document, contents_of(document))
    return parsed


def _read_fast(text: str) -> Parsed | None:
    """Give the document where nothing can be wrong with it, `None` where the reference has to decide."""
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(document, dict):
        return None
    contents = contents_of(document)
    return Parsed(document, contents) if _is_proven(contents, text) else None


def _is_proven(contents: Contents, text: str) -> bool:
    rounded = any(isinstance(value, float) and abs(value) >= _BEYOND_INTEGERS for value in contents.numbers)
    return contents.depth <= DEEPEST and not rounded and _has_every_name(contents, text)


def _has_every_name(contents: Contents, text: str) -> bool:
    """Compare with the quotes in the text: whatever was lost had some, so too many are left over.

    A text with escaped quotes has too many, too: there only those before a colon are counted, one a name.
    """
    names = len(contents.names)
    if text.count('"') == 2 * (names + len(contents.strings)):
        return True
    return names == text.count('":') + len(_SPACED_COLON.findall(text))
