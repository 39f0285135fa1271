"""The pure heart of an upsert: what a submission makes of the stored attributes, and the difference."""

from collections import Counter
from collections.abc import Iterable

from shopdb_core.json_text import canonical, canonical_objects
from shopdb_hookspecs import Json, JsonObject


def merge(stored: JsonObject, submission: JsonObject) -> dict[str, Json]:
    """Apply a submission as a JSON Merge Patch (RFC 7396) at the top level: `null` clears a field."""
    merged = {**stored, **submission}
    return {name: value for name, value in merged.items() if value is not None}


def diff(before: JsonObject, after: JsonObject) -> dict[str, Json]:
    """Return what changed, by field (contract 6).

    `{"before": …, "after": …}`, or `{"added": […], "removed": […]}` where both are lists of objects:
    of those, the history keeps what is in the list and not its order.
    """
    changes = {}
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if not same(old, new):
            changes[name] = change(old, new)
    return changes


def same(one: Json, other: Json) -> bool:
    """Whether two values are the same JSON; in Python alone `True == 1` and `1 == 1.0`."""
    if one is other:
        return True
    return one == other and canonical(one) == canonical(other)


def change(old: Json, new: Json) -> JsonObject:
    """Return what became of one field, in the form that fits its two values."""
    if _is_list_of_objects(old) and _is_list_of_objects(new):
        return list_difference(old, new)
    return {"before": old, "after": new}


def _is_list_of_objects(value: Json) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def list_difference(old: list[Json], new: list[Json]) -> dict[str, list[Json]]:
    """Return the objects that came and those that went, each as often as it did."""
    old_forms, new_forms = canonical_objects(old), canonical_objects(new)
    return {"added": _lacking(old_forms, new_forms, new), "removed": _lacking(new_forms, old_forms, old)}


def missing_from(reference: list[Json], items: list[Json]) -> list[Json]:
    """Return the items that `reference` lacks, each as often as it lacks it."""
    return _lacking(map(canonical, reference), map(canonical, items), items)


def _lacking(reference: Iterable[bytes], forms: Iterable[bytes], items: Iterable[Json]) -> list[Json]:
    """Return the items that `reference` lacks; it holds canonical forms, and `forms` are those of `items`."""
    known = Counter(reference)
    missing = []
    for form, item in zip(forms, items, strict=True):
        if known[form]:
            known[form] -= 1
        else:
            missing.append(item)
    return missing
