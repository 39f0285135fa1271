"""The kinds of JSON value, apart from each other: a number is an integer or a fraction."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from shopdb_hookspecs import Json

ALL_KINDS = frozenset({"array", "boolean", "fraction", "integer", "null", "object", "string"})
NUMBERS = frozenset({"fraction", "integer"})

LITERALS: Mapping[str, Sequence[Json]] = MappingProxyType({"boolean": (False, True), "null": (None,)})
"""The kinds of which every value can be listed."""

_PYTHON: Mapping[type, str] = MappingProxyType(
    {bool: "boolean", dict: "object", int: "integer", list: "array", str: "string", type(None): "null"}
)


def kinds_of(rules: Json) -> frozenset[str]:
    """Return the kinds that a subschema's own `type` leaves."""
    if isinstance(rules, bool):
        return ALL_KINDS if rules else frozenset()
    types = rules.get("type")
    return ALL_KINDS if types is None else of_types(types)


def of_types(types: Json) -> frozenset[str]:
    """Return the kinds that the value of `type` names."""
    named = frozenset([types] if isinstance(types, str) else types)
    return (named - {"number"}) | NUMBERS if "number" in named else named


def kind_of(value: Json) -> str:
    """Return a value's kind; 1.0 is an integer (JSON Schema Core, section 4.2.3)."""
    if isinstance(value, float):
        return "integer" if value.is_integer() else "fraction"
    return _PYTHON[type(value)]
