"""JSON in a finding: whole where it is short, for its reader has to see what happened."""

from collections.abc import Iterable

from shopdb_core.canonical import canonical_text
from shopdb_hookspecs import Json

LONGEST = 200


def shown(value: Json) -> str:
    """Return canonical JSON, cut at 200 characters."""
    text = canonical_text(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def shown_in_turn(values: Iterable[Json]) -> str:
    """Return several documents as what came one after the other."""
    return ", then ".join(map(shown, values))
