"""Whether a Python object is JSON of a bounded size, so that every later check may rely on it."""

import math
from collections import deque
from collections.abc import Iterator

from shopdb_core.plugins.declarationfault import DeclarationFault
from shopdb_core.plugins.pointers import step

DEPTH = 20
"""The most levels of objects and lists that a declaration may have."""

VALUES = 10_000
"""The most values that a declaration may have: each scalar, object and list counts."""

CHARACTERS = 10_000
"""The most characters that a name or a string of a declaration may have."""

_INTEGERS = range(-(2**63), 2**63)


def bound_faults(declaration: object) -> list[DeclarationFault]:
    """Find what is not JSON or beyond the bounds; ends for any object, a cyclic one included."""
    faults = []
    pending = deque([("", 1, declaration)])
    seen = 0
    while pending:
        place, depth, value = pending.popleft()
        reason = _reason(value, depth)
        if reason:
            faults.append(DeclarationFault(place, reason))
            continue
        pending.extend((place + step(key), depth + 1, member) for key, member in _members(value))
        seen += 1
        if seen + len(pending) > VALUES:
            return [*faults, DeclarationFault("", f"has more than {VALUES} values: declare less")]
    return faults


def _members(value: object) -> Iterator[tuple[str | int, object]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)


def _reason(value: object, depth: int) -> str:
    if isinstance(value, dict | list):
        return _container_reason(value, depth)
    if isinstance(value, str):
        return _text_reason(value)
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, int):
        return (
            "" if value in _INTEGERS else "is an integer beyond 64 bits: no database here holds such values"
        )
    if isinstance(value, float):
        return "" if math.isfinite(value) else "is no number of JSON: NaN and Infinity have no spelling there"
    return f"is a Python {type(value).__name__}, which JSON does not have: use dict, list, str or a number"


def _container_reason(value: dict[object, object] | list[object], depth: int) -> str:
    if depth > DEPTH:
        return f"lies deeper than {DEPTH} levels: move inner parts to $defs"
    if len(value) > VALUES:
        return f"has more than {VALUES} members: declare less"
    reasons = (_name_reason(name) for name in value) if isinstance(value, dict) else ()
    return next(filter(None, reasons), "")


def _name_reason(name: object) -> str:
    if not isinstance(name, str):
        return f"has a name that is a Python {type(name).__name__}: names are strings in JSON"
    return _text_reason(name)


def _text_reason(text: str) -> str:
    if len(text) > CHARACTERS:
        return f"has more than {CHARACTERS} characters"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "holds half a surrogate pair, which UTF-8 cannot encode"
    return ""
