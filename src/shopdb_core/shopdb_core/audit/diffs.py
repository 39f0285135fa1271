"""Diffs of audit entries: an asset rebuilt from them one by one, and two that follow each other as one."""

from collections import Counter
from collections.abc import Iterator

from shopdb_core.assets.merge import change, list_difference, missing_from
from shopdb_core.json_text import canonical
from shopdb_hookspecs import Json, JsonObject


class Contradiction(ValueError):
    """The second diff does not begin where the first ended."""


def replay(attributes: dict[str, Json], diff: JsonObject) -> Iterator[str]:
    """Apply one entry's diff to `attributes`, in place; yield what does not follow from them."""
    for name, changed in diff.items():
        if "added" in changed:
            yield from _replay_list(attributes, name, changed)
            continue
        if not equal(attributes.get(name), changed["before"]):
            yield f"{name}: `before` is not the previous `after`"
        attributes[name] = changed["after"]
        if changed["after"] is None:
            del attributes[name]


def patched(items: list[Json], difference: JsonObject) -> list[Json]:
    """Return `items` without what the difference removed, and with what it added."""
    return [*missing_from(difference["removed"], items), *difference["added"]]


def equal(one: Json, other: Json) -> bool:
    """Whether two values are the same JSON; of lists, the history keeps the items and not their order."""
    if isinstance(one, list) and isinstance(other, list):
        return _counted(one) == _counted(other)
    return canonical(one) == canonical(other)


def _replay_list(attributes: dict[str, Json], name: str, difference: JsonObject) -> Iterator[str]:
    items = attributes.get(name)
    if not isinstance(items, list):
        yield f"{name}: items were added and removed, and there was no list"
        items = []
    if missing_from(items, difference["removed"]):
        yield f"{name}: an item was removed that was not there"
    attributes[name] = patched(items, difference)


def _counted(items: list[Json]) -> Counter[bytes]:
    return Counter(map(canonical, items))


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
