"""The submission schema that a declaration implies: what an outside tool validates against."""

import copy
from typing import Any

from shopdb_hookspecs import Json, JsonObject

DIALECT = "https://json-schema.org/draft/2020-12/schema"

IDENTITY_LENGTH = 255
"""The most characters that an identity value may have: what its column holds."""

_ANNOTATIONS = frozenset(
    {"title", "description", "default", "examples", "deprecated", "$comment", "x-volatile"}
)
_COMPOSED = frozenset({"$ref", "allOf", "oneOf", "not", "if", "const"})


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
    """Bound the identity: an empty one counts as absent, a longer one has no room in its column."""
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
    """Extend what would refuse `null`; every other simple keyword speaks of other types alone."""
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
    """Keep the annotations where readers look for them, on the field itself."""
    annotations = {keyword: rules[keyword] for keyword in rules if keyword in _ANNOTATIONS}
    rest = {keyword: rules[keyword] for keyword in rules if keyword not in _ANNOTATIONS}
    return {**annotations, "anyOf": [rest, {"type": "null"}]}
