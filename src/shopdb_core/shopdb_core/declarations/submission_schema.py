"""`submission_schema` builds the JSON Schema of submissions from a declaration.

`walk` and `children` yield the subschemas of a schema.
"""

import copy
from collections.abc import Iterator
from typing import Any

from shopdb_core.json_text import pointer_token
from shopdb_hookspecs import Json, JsonObject

DIALECT = "https://json-schema.org/draft/2020-12/schema"

IDENTITY_LENGTH = 255
"""The most characters that an identity value may have: what its column holds."""

IN_PLACE = frozenset({"allOf", "anyOf", "oneOf", "not", "if", "then", "else"})
"""The keywords whose subschemas apply to the same value as the schema itself."""

ANNOTATIONS = (
    "title",
    "description",
    "$comment",
    "default",
    "examples",
    "deprecated",
    "x-volatile",
    "x-independent",
    "x-unit",
)
"""The keywords that no validator reads."""

_COMPOSED = frozenset({"$ref", "allOf", "oneOf", "not", "if", "const"})
_ONE = ("items", "additionalProperties", "propertyNames", "not", "if", "then", "else")
_LISTED = ("allOf", "anyOf", "oneOf", "prefixItems")
_NAMED = ("properties", "$defs")
"""The keywords whose value is one schema, a list of schemas, an object of schemas."""


def children(schema: Json, place: str) -> Iterator[tuple[str, str, Json]]:
    """Yield keyword, place and schema of the direct subschemas of the schema at `place`."""
    if not isinstance(schema, dict):
        return
    for keyword, value in schema.items():
        for path, child in _held(keyword, value):
            yield keyword, place + pointer_token(keyword) + path, child


def walk(schema: Json, place: str) -> Iterator[tuple[str, Json]]:
    """Yield place and schema of `schema` and of everything below it."""
    yield place, schema
    for _, childplace, child in children(schema, place):
        yield from walk(child, childplace)


def subschemas(declaration: JsonObject) -> dict[str, Json]:
    """Return every subschema in the fields and `$defs` of a declaration, by its place."""
    return {
        place: schema
        for key in ("$defs", "fields")
        for name, top in declaration.get(key, {}).items()
        for place, schema in walk(top, f"/{key}" + pointer_token(name))
    }


def _held(keyword: str, value: Json) -> Iterator[tuple[str, Json]]:
    if keyword in _ONE:
        yield "", value
    elif keyword in _LISTED:
        yield from ((pointer_token(index), child) for index, child in enumerate(value))
    elif keyword in _NAMED:
        yield from ((pointer_token(name), child) for name, child in value.items())


def submission_schema(name: str, declaration: JsonObject) -> dict[str, Any]:
    """Derive the schema of one submission to the collector `name` from a sound declaration.

    The result is a self-contained Draft 2020-12 document that shares nothing with the declaration.
    Every optional field also admits `null`, which clears it (contract, section 3).
    """
    identity = declaration["identityfield"]
    required = [identity, *(field for field in declaration.get("required", ()) if field != identity)]
    schema = {
        "$schema": DIALECT,
        "title": f"A submission to the collector {name}",
        "type": "object",
        "required": required,
        "properties": {
            field: rules if field in required else _nullable(rules)
            for field, rules in declaration["fields"].items()
        },
        "additionalProperties": declaration.get("additionalfields", "warn") == "warn",
    }
    schema["properties"][identity] = identity_rules(declaration["fields"][identity])
    if "$defs" in declaration:
        schema["$defs"] = declaration["$defs"]
    return copy.deepcopy(schema)


def identity_rules(rules: JsonObject) -> dict[str, Json]:
    """Limit the identity's length: an empty value counts as absent, a longer one does not fit its column."""
    return {
        **rules,
        "minLength": max(rules.get("minLength", 0), 1),
        "maxLength": min(rules.get("maxLength", IDENTITY_LENGTH), IDENTITY_LENGTH),
    }


def _nullable(rules: JsonObject) -> dict[str, Json]:
    if rules.keys() & _COMPOSED:
        return _either_null(rules)
    return {keyword: _with_null(keyword, value) for keyword, value in rules.items()}


def _with_null(keyword: str, value: Json) -> Json:
    """Extend a keyword that refuses `null`; the other simple keywords apply to other types only."""
    if keyword == "type":
        return _including([value] if isinstance(value, str) else value, "null")
    if keyword == "enum":
        return _including(value, None)
    if keyword == "anyOf":
        return _including(value, {"type": "null"})
    return value


def _including(values: list[Json], extra: Json) -> list[Json]:
    return values if extra in values else [*values, extra]


def _either_null(rules: JsonObject) -> dict[str, Json]:
    """Keep the annotations on the field itself, where readers look for them."""
    annotations = {keyword: rules[keyword] for keyword in rules if keyword in ANNOTATIONS}
    rest = {keyword: rules[keyword] for keyword in rules if keyword not in ANNOTATIONS}
    return {**annotations, "anyOf": [rest, {"type": "null"}]}
