"""Merging a submission into the stored attributes, and the diff of the two; pure functions."""

from collections import Counter
from collections.abc import Iterable

from shopdb_core.json_text import canonical, canonical_objects
from shopdb_hookspecs import Json, JsonObject


def merge(stored: JsonObject, submission: JsonObject) -> dict[str, Json]:
    """Apply a submission as a JSON Merge Patch (RFC 7396) at the top level: `null` clears a field."""
    merged = {**stored, **submission}
    return {name: value for name, value in merged.items() if value is not None}


def patched(value: Json, patch: Json) -> Json:
    """Apply a JSON Merge Patch (RFC 7396) to one value at every depth."""
    if not isinstance(patch, dict):
        return patch
    members = dict(value) if isinstance(value, dict) else {}
    for name, change_ in patch.items():
        if change_ is None:
            members.pop(name, None)
        else:
            members[name] = patched(members.get(name), change_)
    return members


def diff(before: JsonObject, after: JsonObject) -> dict[str, Json]:
    """Return what changed, by field (contract 6).

    `{"before": …, "after": …}`, or `{"added": […], "removed": […]}` if both are lists of objects, whose
    order the history does not keep.
    """
    changes = {}
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if not same(old, new):
            changes[name] = change(old, new)
    return changes


def same(one: Json, other: Json) -> bool:
    """Return whether two values are the same JSON; Python's `True == 1` and `1 == 1.0` are not."""
    if one is other:
        return True
    return one == other and canonical(one) == canonical(other)


def change(old: Json, new: Json) -> JsonObject:
    """Return the change of one field, in the form of `diff` that fits its two values."""
    if _is_list_of_objects(old) and _is_list_of_objects(new):
        return list_difference(old, new)
    return {"before": old, "after": new}


def _is_list_of_objects(value: Json) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def list_difference(old: list[Json], new: list[Json]) -> dict[str, list[Json]]:
    """Return the objects that were added and those that were removed; duplicates are counted."""
    old_forms, new_forms = canonical_objects(old), canonical_objects(new)
    return {"added": _missing(old_forms, new_forms, new), "removed": _missing(new_forms, old_forms, old)}


def missing_from(reference: list[Json], items: list[Json]) -> list[Json]:
    """Return the items that are not in `reference`; duplicates are counted."""
    return _missing(map(canonical, reference), map(canonical, items), items)


def _missing(reference: Iterable[bytes], forms: Iterable[bytes], items: Iterable[Json]) -> list[Json]:
    """Return the items whose canonical forms, `forms`, are not in `reference`."""
    counts = Counter(reference)
    missing = []
    for form, item in zip(forms, items, strict=True):
        if counts[form]:
            counts[form] -= 1
        else:
            missing.append(item)
    return missing
