"""A schema taken apart: each way to satisfy it, as one schema without references and alternatives."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import TypeAlias

from shopdb_core.plugins.references import referenced
from shopdb_hookspecs import Json, JsonObject

Merged: TypeAlias = JsonObject

_LARGER = frozenset({"minLength", "minItems", "minProperties", "minimum", "exclusiveMinimum"})
_SMALLER = frozenset({"maxLength", "maxItems", "maxProperties", "maximum", "exclusiveMaximum"})
_COMPOSING = frozenset({"$ref", "allOf", "anyOf", "oneOf", "if", "then", "else", "not"})


def merged(schema: Json, definitions: JsonObject) -> Iterator[Merged]:
    """Yield a schema for each choice among its alternatives; what is no schema of a value yields nothing.

    `not` and `if` are left to whoever filters; both outcomes of an `if` are tried.
    """
    if schema is False:
        return
    rules: JsonObject = schema if isinstance(schema, Mapping) else {}
    plain = {keyword: value for keyword, value in rules.items() if keyword not in _COMPOSING}
    for choice in product(*(_flat(group, definitions) for group in _groups(rules, definitions))):
        both: Json = plain
        for part in choice:
            both = _both(both, part)
        yield both


def _groups(rules: JsonObject, definitions: JsonObject) -> Iterator[list[Json]]:
    """Yield lists of schemas; the value satisfies one of each."""
    if "$ref" in rules:
        yield [referenced(rules["$ref"], {"$defs": definitions})]
    yield from ([part] for part in rules.get("allOf", ()))
    for keyword in ("anyOf", "oneOf"):
        if keyword in rules:
            yield rules[keyword]
    if "if" in rules:
        yield [{"allOf": [rules["if"], rules.get("then", True)]}, rules.get("else", True)]


def _flat(group: list[Json], definitions: JsonObject) -> list[Merged]:
    return [each for schema in group for each in merged(schema, definitions)]


def _both(one: JsonObject, other: JsonObject) -> JsonObject:
    """Return what asks for both, as far as that can be said in one schema."""
    result = {**one, **other}
    for keyword in one.keys() & other.keys():
        mine, theirs = one[keyword], other[keyword]
        if keyword in _LARGER:
            result[keyword] = max(mine, theirs)
        elif keyword in _SMALLER:
            result[keyword] = min(mine, theirs)
        elif keyword == "properties":
            result[keyword] = {
                **mine,
                **{name: _all(mine.get(name), rules) for name, rules in theirs.items()},
            }
        elif keyword == "required":
            result[keyword] = [*dict.fromkeys([*mine, *theirs])]
        elif keyword == "type":
            result[keyword] = [kind for kind in _listed(theirs) if _admits(mine, kind)]
        elif keyword == "enum":
            result[keyword] = [value for value in theirs if value in mine] or theirs
    return result


def _all(mine: Json, theirs: Json) -> Json:
    return theirs if mine is None else {"allOf": [mine, theirs]}


def _admits(kinds: Json, kind: str) -> bool:
    return kind in _listed(kinds) or (kind == "integer" and "number" in _listed(kinds))


def _listed(kinds: Json) -> list[str]:
    return [kinds] if isinstance(kinds, str) else kinds
