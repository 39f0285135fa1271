"""Strict JSON, fast: orjson reads, and is believed where it can be shown that the reference would agree.

orjson keeps the last of two equal names and turns integers beyond 64 bits into floats, both silently.
"""

import re

import orjson

from shopdb_core.intake.reference import DEEPEST, read_reference
from shopdb_core.intake.walk import levels, members_of
from shopdb_hookspecs import Json

_SPACED_COLON = re.compile(r'"[ \t\r\n]+:')
_BEYOND_INTEGERS = float(2**63)


def parse(text: str) -> dict[str, Json]:
    """Parse one strict JSON object of at most 20 levels; raises MalformedBody with the place of the fault."""
    document = _read_fast(text)
    return read_reference(text) if document is None else document


def _read_fast(text: str) -> dict[str, Json] | None:
    """Give the document where nothing can be wrong with it, `None` where the reference has to decide."""
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, dict) and _is_proven(document, text) else None


def _is_proven(document: dict[str, Json], text: str) -> bool:
    members = 0
    for depth, level in enumerate(levels(document), start=1):
        members += sum(map(len, level.objects))
        if depth > DEEPEST or any(abs(value) >= _BEYOND_INTEGERS for value in members_of(level, float)):
            return False
    return members == _most_names(text)


def _most_names(text: str) -> int:
    """Count the quotes before a colon: every name has one, so a document with fewer members lost a name."""
    return text.count('":') + len(_SPACED_COLON.findall(text))
