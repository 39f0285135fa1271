"""JSON in a finding: whole where it is short, for its reader has to see what happened."""

from collections.abc import Iterable

from shopdb_core.canonical import canonical_text
from shopdb_core.plugins.pointers import pointer
from shopdb_hookspecs import Json, JsonObject

LONGEST = 200


def shown(value: Json) -> str:
    """Return canonical JSON, cut at 200 characters."""
    text = canonical_text(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def shown_change(before: JsonObject, after: JsonObject) -> str:
    """Return the fields that differ, each with its pointer, as `/place: "a" -> "b"`."""
    names = sorted(
        name for name in before.keys() | after.keys() if _whole(before, name) != _whole(after, name)
    )
    return ", ".join(f"{pointer([name])}: {_text(before, name)} -> {_text(after, name)}" for name in names)


def _text(document: JsonObject, name: str) -> str:
    return shown(document[name]) if name in document else "nothing"


def _whole(document: JsonObject, name: str) -> str:
    return canonical_text(document[name]) if name in document else "nothing"


def shown_in_turn(values: Iterable[Json]) -> str:
    """Return several documents as what came one after the other."""
    return ", then ".join(map(shown, values))
