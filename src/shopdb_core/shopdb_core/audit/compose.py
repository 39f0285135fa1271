"""The diffs of two entries that follow each other, as one: what the second left of the first."""

from shopdb_core.assets.merge import change, list_difference, missing_from
from shopdb_core.audit.replay import equal, patched
from shopdb_hookspecs import Json, JsonObject


class Contradiction(ValueError):
    """The second diff does not begin where the first ended."""


def compose(first: JsonObject, second: JsonObject) -> JsonObject:
    """Return the diff that does what `first` and then `second` do; raises `Contradiction`.

    What was changed and then changed back does not stand in it.
    """
    changes = {**first, **second}
    for name in first.keys() & second.keys():
        composed = _composed(first[name], second[name])
        if _is_none(composed):
            del changes[name]
        else:
            changes[name] = composed
    return changes


def _composed(first: JsonObject, second: JsonObject) -> JsonObject:
    if "added" in first and "added" in second:
        removed, added = first["removed"] + second["removed"], first["added"] + second["added"]
        return list_difference(removed, added)
    if "added" in second:
        return change(first["before"], _patched(first["after"], second))
    if "added" in first:
        undone = {"added": first["removed"], "removed": first["added"]}
        return change(_patched(second["before"], undone), second["after"])
    if not equal(first["after"], second["before"]):
        raise Contradiction("`before` is not the previous `after`")
    return change(first["before"], second["after"])


def _patched(items: Json, difference: JsonObject) -> list[Json]:
    if not isinstance(items, list) or missing_from(items, difference["removed"]):
        raise Contradiction("an item was removed that was not there")
    return patched(items, difference)


def _is_none(composed: JsonObject) -> bool:
    if "added" in composed:
        return not (composed["added"] or composed["removed"])
    return equal(composed["before"], composed["after"])
