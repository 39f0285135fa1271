"""Diffs of audit entries: replaying them to rebuild an asset, and composing two into one."""

from collections import Counter
from collections.abc import Iterator

from shopdb_core.assets.merge import change, list_difference, missing_from
from shopdb_core.audit.entries import RELATIONSHIPS, SITE_FIELD
from shopdb_core.json_text import canonical
from shopdb_hookspecs import Json, JsonObject


def beginning() -> dict[str, Json]:
    """Return what an asset has before its first entry, by the names of diffs."""
    return {RELATIONSHIPS: [], "@state": "active"}


def attributes_of(values: JsonObject) -> dict[str, Json]:
    """Return the attributes among values by the names of diffs, of which those of others begin with `@`."""
    return {name: value for name, value in values.items() if not name.startswith("@")}


def site_fields_of(values: JsonObject) -> dict[str, Json]:
    """Return the fields of people among values by the names of diffs."""
    return {
        name.removeprefix(SITE_FIELD): value for name, value in values.items() if name.startswith(SITE_FIELD)
    }


def between(before: JsonObject, after: JsonObject) -> dict[str, Json]:
    """Return what differs between two rebuilt assets, by the names of diffs; lists without their order."""
    names = sorted({*before, *after})
    return {
        name: change(before.get(name), after.get(name))
        for name in names
        if not equal(before.get(name), after.get(name))
    }


class Contradiction(ValueError):
    """The second diff does not follow from the first."""


def replay(attributes: dict[str, Json], diff: JsonObject) -> Iterator[str]:
    """Apply one entry's diff to `attributes`, in place; yield a message for each contradiction."""
    for name, changed in diff.items():
        if "added" in changed:
            yield from _replay_list(attributes, name, changed)
            continue
        if not equal(attributes.get(name), changed["before"]):
            yield f"{name}: `before` is not the previous `after`"
        attributes[name] = changed["after"]
        if changed["after"] is None:
            del attributes[name]


def equal(one: Json, other: Json) -> bool:
    """Return whether two values are the same JSON; lists are compared without their order."""
    if isinstance(one, list) and isinstance(other, list):
        return Counter(map(canonical, one)) == Counter(map(canonical, other))
    return canonical(one) == canonical(other)


def _replay_list(attributes: dict[str, Json], name: str, difference: JsonObject) -> Iterator[str]:
    items = attributes.get(name)
    if not isinstance(items, list):
        yield f"{name}: items were added or removed, but the previous value is not a list"
        items = []
    if missing_from(items, difference["removed"]):
        yield f"{name}: an item was removed that the previous value does not have"
    attributes[name] = _apply(items, difference)


def compose(first: JsonObject, second: JsonObject) -> JsonObject:
    """Return the diff that has the effect of `first` and then `second`; raises `Contradiction`.

    A field that was changed and changed back is not in it.
    """
    changes = {**first, **second}
    for name in first.keys() & second.keys():
        composed = _composed(first[name], second[name])
        if _is_empty(composed):
            del changes[name]
        else:
            changes[name] = composed
    return changes


def _composed(first: JsonObject, second: JsonObject) -> JsonObject:
    if "added" in first and "added" in second:
        removed, added = first["removed"] + second["removed"], first["added"] + second["added"]
        return list_difference(removed, added)
    if "added" in second:
        return change(first["before"], _apply_checked(first["after"], second))
    if "added" in first:
        inverse = {"added": first["removed"], "removed": first["added"]}
        return change(_apply_checked(second["before"], inverse), second["after"])
    if not equal(first["after"], second["before"]):
        raise Contradiction("`before` is not the previous `after`")
    return change(first["before"], second["after"])


def _apply(items: list[Json], difference: JsonObject) -> list[Json]:
    """Return `items` without what was removed, and with what was added."""
    return [*missing_from(difference["removed"], items), *difference["added"]]


def _apply_checked(items: Json, difference: JsonObject) -> list[Json]:
    if not isinstance(items, list) or missing_from(items, difference["removed"]):
        raise Contradiction("an item was removed that the previous value does not have")
    return _apply(items, difference)


def _is_empty(composed: JsonObject) -> bool:
    if "added" in composed:
        return not (composed["added"] or composed["removed"])
    return equal(composed["before"], composed["after"])
