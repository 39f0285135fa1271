"""A declaration as a table that people read: a row for each field, and for each member of objects."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from shopdb_core.console.framework.pages import N_
from shopdb_core.declarations.references import referenced
from shopdb_core.json_text import canonical_text
from shopdb_hookspecs import Json, JsonObject

DEEPEST = 4
"""Levels of members that are shown; a declaration may refer to itself."""

MOST_VALUES = 8
"""How many of the values of an `enum` are shown; the JSON Schema has all."""


@dataclass(frozen=True, slots=True)
class Words:
    """A text of the catalogue with its values, and what follows it as code."""

    text: str
    values: Mapping[str, object] = field(default_factory=dict)
    codes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A field, or a member of it: `path` are the names that lead to it."""

    path: tuple[str, ...]
    title: str
    types: Sequence[Words]
    rules: Sequence[Words]
    unit: str
    description: str
    required: bool
    volatile: bool
    deprecated: bool


_TYPES = {
    "string": N_("text"),
    "number": N_("number"),
    "integer": N_("whole number"),
    "boolean": N_("true or false"),
    "array": N_("list"),
    "object": N_("object"),
}

_FORMATS = {
    "date": N_("day"),
    "date-time": N_("date and time"),
    "time": N_("time of day"),
    "email": N_("e-mail address"),
    "hostname": N_("host name"),
    "ipv4": N_("IPv4 address"),
    "ipv6": N_("IPv6 address"),
    "uri": N_("address (URI)"),
    "uuid": N_("UUID"),
}

_LISTS = {
    "string": N_("list of texts"),
    "number": N_("list of numbers"),
    "integer": N_("list of whole numbers"),
    "object": N_("list of objects"),
}

_BOUNDS = {
    "minLength": N_("length: at least %(number)s"),
    "maxLength": N_("length: at most %(number)s"),
    "minimum": N_("at least %(number)s"),
    "maximum": N_("at most %(number)s"),
    "exclusiveMinimum": N_("more than %(number)s"),
    "exclusiveMaximum": N_("less than %(number)s"),
    "multipleOf": N_("a multiple of %(number)s"),
    "minItems": N_("items: at least %(number)s"),
    "maxItems": N_("items: at most %(number)s"),
    "minProperties": N_("members: at least %(number)s"),
    "maxProperties": N_("members: at most %(number)s"),
}


def contract_rows(declaration: JsonObject) -> list[Row]:
    """Return the rows of a checked declaration, in its order; members follow their field."""
    required = {declaration["identityfield"], *declaration.get("required", ())}
    return [*_rows(declaration["fields"], required, (), declaration)]


def _rows(
    schemas: Mapping[str, Json], required: set[str], path: tuple[str, ...], declaration: JsonObject
) -> Iterator[Row]:
    for name, schema in schemas.items():
        rules = _resolved(schema, declaration)
        items = _resolved(rules.get("items", {}), declaration)
        yield Row(
            (*path, name),
            str(rules.get("title", "")),
            _types(rules, items),
            [*_rules(rules, items)],
            str(rules.get("x-unit", "")),
            str(rules.get("description", "")),
            name in required,
            bool(rules.get("x-volatile")),
            bool(rules.get("deprecated")),
        )
        for holder in (rules, items):
            if len(path) + 1 < DEEPEST and isinstance(members := holder.get("properties"), dict):
                yield from _rows(members, {*holder.get("required", ())}, (*path, name), declaration)


def _types(rules: JsonObject, items: JsonObject) -> list[Words]:
    """Return what a value may be, in words; nothing where only rules say it. Null is left out."""
    formats = [_FORMATS[each] for each in _formats(rules) if each in _FORMATS]
    found = []
    for name in _names_of_types(rules):
        if name == "string" and formats:
            found += formats
        elif name == "array":
            (first, *others) = _names_of_types(items) or [""]
            found.append(_LISTS.get(first, _TYPES[name]) if not others else _TYPES[name])
        else:
            found.append(_TYPES[name])
    return [Words(each) for each in found]


def _names_of_types(rules: JsonObject) -> list[str]:
    named = rules.get("type", [])
    return [name for name in ([named] if isinstance(named, str) else named) if name != "null"]


def _formats(rules: JsonObject) -> list[str]:
    """Return the format of a text, or those of which it may have one."""
    branches = [rules, *(branch for branch in rules.get("anyOf", ()) if isinstance(branch, dict))]
    return [branch["format"] for branch in branches if "format" in branch]


def _rules(rules: JsonObject, items: JsonObject) -> Iterator[Words]:
    for keyword, text in _BOUNDS.items():
        if keyword in rules:
            yield Words(text, {"number": rules[keyword]})
    if rules.get("uniqueItems"):
        yield Words(N_("no item twice"))
    if values := rules.get("enum"):
        yield _values(values)
    if "pattern" in rules:
        yield Words(N_("matches the pattern"), codes=(rules["pattern"],))
    if "const" in rules:
        yield Words(N_("always"), codes=(canonical_text(rules["const"]),))
    yield from _rules_of_items(items)
    if isinstance(refused := rules.get("not"), dict):
        yield Words(N_("must not be: %(what)s"), {"what": refused.get("title", canonical_text(refused))})
    if rules.get("additionalProperties") is False or items.get("additionalProperties") is False:
        yield Words(N_("no other members"))


def _rules_of_items(items: JsonObject) -> Iterator[Words]:
    """Yield the rules of the items of a list; those of their members have rows of their own."""
    if values := items.get("enum"):
        yield Words(N_("for each item:"))
        yield _values(values)
    if "pattern" in items:
        yield Words(N_("each item matches the pattern"), codes=(items["pattern"],))
    if "maxLength" in items:
        yield Words(N_("length of each item: at most %(number)s"), {"number": items["maxLength"]})


def _values(values: Sequence[Json]) -> Words:
    """Return the words for an `enum`, with its first values."""
    codes = [each if isinstance(each, str) else canonical_text(each) for each in values]
    if len(codes) > MOST_VALUES:
        text = N_("one of %(count)s values, such as")
        return Words(text, {"count": len(codes)}, codes[:MOST_VALUES])
    return Words(N_("one of"), codes=codes)


def _resolved(rules: Json, declaration: JsonObject) -> JsonObject:
    """Return a schema that is not a reference; what stands beside the reference remains."""
    for _ in range(DEEPEST):
        if not (isinstance(rules, dict) and "$ref" in rules):
            break
        beside = {keyword: value for keyword, value in rules.items() if keyword != "$ref"}
        target = referenced(rules["$ref"], declaration)
        rules = {**target, **beside} if isinstance(target, dict) else beside
    return rules if isinstance(rules, dict) else {}
