"""Differences between JSON values as text for findings: the JSON pointer and both values of each."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from shopdb_core.json_text import JsonPath, canonical_text, pointer
from shopdb_hookspecs import Json, JsonObject

LONGEST_VALUE = 200
MOST_DIFFERENCES = 10
CONTEXT = 40
"""Characters that are shown before the first one that differs, in a value that is longer than the limit."""


class _Nothing:
    """A member or an item that is not there."""


_NOTHING: Final = _Nothing()


def difference(before: Json, after: Json) -> str:
    """Return the values that differ, as `/place: "a" -> "b"`; empty if none does."""
    found = [
        f"{pointer(path) or '/'}: {' -> '.join(_shown_both(old, new))}"
        for path, old, new in _differences(before, after, ())
    ]
    return _joined(found)


def changes(diff: JsonObject) -> str:
    """Return the changes of a submission's diff, in the form of `difference`."""
    found = []
    for field, change in diff.items():
        if "added" not in change:
            found.append(difference({field: change["before"]}, {field: change["after"]}))
        elif len(change["added"]) == len(change["removed"]) == 1:
            inner = difference(change["removed"][0], change["added"][0])
            found.append(f"{pointer([field])}: an item's {inner}")
        else:
            gone, new = (", ".join(map(shown, change[name])) for name in ("removed", "added"))
            found.append(f"{pointer([field])}: {gone or 'nothing'} -> {new or 'nothing'}")
    return _joined(found)


def members(document: JsonObject) -> str:
    """Return the members of an object, each with its JSON pointer, as `/place "a"`."""
    return _joined([f"{pointer([name])} {shown(value)}" for name, value in document.items()])


def shown(value: Json) -> str:
    """Return canonical JSON; of a long value the beginning and the end, and how long it is."""
    text = canonical_text(value)
    if len(text) <= LONGEST_VALUE:
        return text
    half = LONGEST_VALUE // 2
    return f"{text[:half]}…{text[-half:]} ({len(text)} characters)"


def _joined(found: Sequence[str]) -> str:
    more = [f"and {len(found) - MOST_DIFFERENCES} more"] if len(found) > MOST_DIFFERENCES else []
    return ", ".join([*found[:MOST_DIFFERENCES], *more])


def _differences(before: Json, after: Json, path: JsonPath) -> Iterator[tuple[JsonPath, Json, Json]]:
    """Yield the path and both values of each difference; containers are compared member by member."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted({*before, *after}):
            yield from _differences(before.get(name, _NOTHING), after.get(name, _NOTHING), (*path, name))
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            old, new = (each[index] if index < len(each) else _NOTHING for each in (before, after))
            yield from _differences(old, new, (*path, index))
    elif _text(before) != _text(after):
        yield path, before, after


def _text(value: Json) -> str:
    return "nothing" if value is _NOTHING else canonical_text(value)


def _shown_both(before: Json, after: Json) -> tuple[str, str]:
    """Return both values; of long ones the part around the first character that differs."""
    if _NOTHING in (before, after):
        return _shown_or_nothing(before), _shown_or_nothing(after)
    old, new = canonical_text(before), canonical_text(after)
    if max(len(old), len(new)) <= LONGEST_VALUE:
        return old, new
    equal = next(
        (index for index, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]),
        min(len(old), len(new)),
    )
    return _around(old, equal), _around(new, equal)


def _shown_or_nothing(value: Json) -> str:
    return "nothing" if value is _NOTHING else shown(value)


def _around(text: str, place: int) -> str:
    start = max(0, place - CONTEXT)
    end = start + LONGEST_VALUE
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"
