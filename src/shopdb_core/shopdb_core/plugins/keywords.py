"""Where a schema of ours holds further schemas."""

from collections.abc import Iterator

from shopdb_core.plugins.pointers import step
from shopdb_hookspecs import Json

IN_PLACE = frozenset({"allOf", "anyOf", "oneOf", "not", "if", "then", "else"})
"""The keywords whose subschemas are applied to the very value that the schema is applied to."""

_ONE = ("items", "additionalProperties", "propertyNames", "not", "if", "then", "else")
_LISTED = ("allOf", "anyOf", "oneOf", "prefixItems")
_NAMED = ("properties", "$defs")


def children(schema: Json, place: str) -> Iterator[tuple[str, str, Json]]:
    """Yield keyword, place and schema of the direct subschemas of the schema at `place`."""
    if not isinstance(schema, dict):
        return
    for keyword, value in schema.items():
        for path, child in _held(keyword, value):
            yield keyword, place + step(keyword) + path, child


def walk(schema: Json, place: str) -> Iterator[tuple[str, Json]]:
    """Yield place and schema of `schema` and of everything below it."""
    yield place, schema
    for _, childplace, child in children(schema, place):
        yield from walk(child, childplace)


def _held(keyword: str, value: Json) -> Iterator[tuple[str, Json]]:
    if keyword in _ONE:
        yield "", value
    elif keyword in _LISTED:
        yield from ((step(index), child) for index, child in enumerate(value))
    elif keyword in _NAMED:
        yield from ((step(name), child) for name, child in value.items())
