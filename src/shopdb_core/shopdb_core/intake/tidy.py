"""Trimming: strings lose the blanks around them, and what is empty then is absent (contract, section 3)."""

from shopdb_core.intake.notes import Notes
from shopdb_core.intake.quoting import Path
from shopdb_hookspecs import Json

_EMPTY = "an empty string counts as absent"


def are_tidy(strings: list[str]) -> bool:
    """Tell whether there is nothing to trim and nothing empty."""
    return all(strings) and list(map(str.strip, strings)) == strings


def tidied_object(members: dict[str, Json], notes: Notes, path: Path = ()) -> dict[str, Json]:
    """Give an object with trimmed strings everywhere, without its empty members; each is noted."""
    kept = {}
    for name, value in members.items():
        tidied = _tidied(value, notes, (*path, name))
        if tidied != "":
            kept[name] = tidied
    return kept


def _tidied_array(items: list[Json], notes: Notes, path: Path) -> list[Json]:
    tidied = [_tidied(item, notes, (*path, position)) for position, item in enumerate(items)]
    return [item for item in tidied if item != ""]


def _tidied(value: Json, notes: Notes, path: Path) -> Json:
    if isinstance(value, str):
        trimmed = value.strip()
        if not trimmed:
            notes.add(path, _EMPTY)
        return trimmed
    if isinstance(value, dict):
        return tidied_object(value, notes, path)
    if isinstance(value, list):
        return _tidied_array(value, notes, path)
    return value
