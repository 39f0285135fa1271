"""`SchemaComparison` finds the rules of one schema that do not follow from another one, keyword by keyword.

A rule that cannot be decided, such as another `pattern`, counts as one that does not follow (ADR 0021).
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from operator import ge, le
from types import MappingProxyType
from typing import Any

from jsonschema_rs import Validator

from shopdb_core.declarations.references import referenced
from shopdb_core.declarations.submission_schema import ANNOTATIONS
from shopdb_core.declarations.validation.compiled import accepts, compile_schema
from shopdb_core.declarations.validation.messages import shortened
from shopdb_core.json_text import canonical, pointer, pointer_keys
from shopdb_hookspecs import Json, JsonObject

MOST_COMPARISONS, DEEPEST = 5_000, 60
"""The limits of one comparison: schemas may branch without end, and Python's stack is limited."""

_TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})
_ABSENT = object()

_ORDERED: Mapping[str, tuple[str, Callable[[Any, Any], bool], Json]] = MappingProxyType(
    {
        **dict.fromkeys(("minimum", "exclusiveMinimum"), ("integer", ge, None)),
        **dict.fromkeys(("maximum", "exclusiveMaximum"), ("integer", le, None)),
        "multipleOf": ("integer", lambda had, rule: had % rule == 0, None),
        "minLength": ("string", ge, 0),
        "maxLength": ("string", le, None),
        "minItems": ("array", ge, 0),
        "maxItems": ("array", le, None),
        "uniqueItems": ("array", ge, False),
        "minProperties": ("object", ge, 0),
        "maxProperties": ("object", le, None),
        "required": ("object", lambda had, rule: set(had) >= set(rule), ()),
    }
)
"""The type that a keyword applies to, whether one value of it implies another, and its default."""

_DESCENDED = frozenset({*ANNOTATIONS, "properties", "additionalProperties", "then", "else"})
_DEPENDENT = ("if", "then", "else", "items", "prefixItems")
"""Keywords whose meaning depends on each other."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A rule of one schema that does not follow from the other schema, which has `had` instead."""

    place: str
    had: Any = None
    rule: Any = None

    def sentence(self, was: object, now: object) -> str:
        """Return what the rule was and what it is now."""
        if was is None and now is None:
            return "is too large to be compared"
        before, after = ("absent" if each is _ABSENT else shortened(json.dumps(each)) for each in (was, now))
        changed = f"was {before} and is now {after}" if before != after else "depends on a rule that changed"
        return f"{pointer_keys(self.place)[-1]} {changed}"

    def converts(self) -> bool:
        """Whether this rule may make the server convert date-times or single values (contract, section 2)."""
        return any(text in canonical(self.rule) for text in (b'"array"', b'"date-time"'))


class SchemaComparison:
    """Finds the rules of the reader's declaration that a value valid for the writer's may violate."""

    def __init__(self, writer: JsonObject, reader: JsonObject) -> None:
        self._writer, self._reader = writer, reader
        self._same_definitions = canonical(writer.get("$defs", {})) == canonical(reader.get("$defs", {}))
        self._left = MOST_COMPARISONS
        self._open: set[tuple[int, int]] = set()

    def gaps(self, writer: Json, reader: Json, place: str) -> list[Gap]:
        """Return the rules of the reader's subschema that do not follow from the writer's.

        The list is empty only if all rules follow. A recursive schema reaches the same pair of subschemas
        again, one level deeper in the value; that pair is assumed to follow, since values are finite.
        """
        writer, _ = _resolved(writer, self._writer, place)
        reader, place = _resolved(reader, self._reader, place)
        pair = (id(writer), id(reader))
        if reader is True or writer is False or pair in self._open or self._same(writer, reader):
            return []
        if reader is False:
            return [Gap(place, writer, reader)]
        if self._left == 0 or len(self._open) == DEEPEST:
            return [Gap(place)]
        self._left -= 1
        self._open.add(pair)
        found = list(self._found({} if writer is True else writer, reader, place))
        self._open.discard(pair)
        return found

    def _found(self, writer: JsonObject, reader: JsonObject, place: str) -> Iterator[Gap]:
        if self._accepts_listed(writer, reader):
            return
        for keyword, rule in reader.items():
            if keyword not in _DESCENDED and not self._follows(writer, reader, keyword):
                yield Gap(f"{place}/{keyword}", writer.get(keyword, _ABSENT), rule)
        for path, had, rule in _inner(writer, reader):
            yield from self.gaps(had, rule, place + path)

    def _accepts_listed(self, writer: JsonObject, reader: JsonObject) -> bool:
        """Whether `writer` lists its values and `reader` accepts all valid ones of these."""
        values = writer.get("enum", [writer["const"]] if "const" in writer else [])
        if not values:
            return False
        before, after = _compiled(writer, self._writer), _compiled(reader, self._reader)
        return all(accepts(after, each) for each in values if accepts(before, each))

    def _follows(self, writer: JsonObject, reader: JsonObject, keyword: str) -> bool:
        """Whether the reader's rule follows; a keyword without an order follows from equal text alone."""
        if keyword == "type":
            return _types(writer) <= _types(reader)
        if keyword in _ORDERED:
            about, implies, absent = _ORDERED[keyword]
            had = writer.get(keyword, absent)
            return about not in _types(writer) or (had is not None and implies(had, reader[keyword]))
        if keyword in {"$ref", "allOf", "anyOf"}:
            return self._branches_follow(keyword, writer, reader)
        plain = keyword == "items" and "prefixItems" not in {**writer, **reader}
        return plain or self._same(writer, reader, *(_DEPENDENT if keyword in _DEPENDENT else (keyword,)))

    def _branches_follow(self, keyword: str, writer: JsonObject, reader: JsonObject) -> bool:
        had, rules = _branches(writer, keyword), _branches(reader, keyword)
        if keyword == "anyOf":
            return all(any(not self.gaps(each, rule, "") for rule in rules) for each in had or [writer])
        return all(any(not self.gaps(each, rule, "") for each in [*had, writer]) for rule in rules)

    def _same(self, writer: Json, reader: Json, *keywords: str) -> bool:
        """Whether both (or these keywords of both) have equal text and refer to equal definitions."""
        if keywords:
            writer, reader = (
                {key: each[key] for key in keywords if key in each} for each in (writer, reader)
            )
        text = canonical(writer)
        return text == canonical(reader) and (self._same_definitions or b'"$ref"' not in text)


def _resolved(rules: Json, declaration: JsonObject, place: str) -> tuple[Json, str]:
    """Return a subschema and its place; one that is only a reference is replaced by its target."""
    while isinstance(rules, dict) and "$ref" in rules and rules.keys() <= {"$ref", *ANNOTATIONS}:
        place = rules["$ref"].removeprefix("#")
        rules = referenced(rules["$ref"], declaration)
    return rules, place


def _compiled(rules: JsonObject, declaration: JsonObject) -> Validator:
    return compile_schema({**rules, "$defs": declaration.get("$defs", {})})


def _types(rules: JsonObject) -> frozenset[str]:
    """Return the types that `type` allows; `number` includes `integer`."""
    named = rules.get("type", _TYPES)
    types = frozenset([named] if isinstance(named, str) else named)
    return types | {"integer"} if "number" in types else types


def _inner(writer: JsonObject, reader: JsonObject) -> Iterator[tuple[str, Json, Json]]:
    """Yield the path and both schemas of a value's parts: named members, other members, items."""
    names = sorted({**writer.get("properties", {}), **reader.get("properties", {})})
    if "object" in _types(writer):
        for name in names:
            yield pointer(["properties", name]), _member(writer, name), _member(reader, name)
        others = (each.get("additionalProperties", True) for each in (writer, reader))
        yield "/additionalProperties", *others
    if "array" in _types(writer):
        yield "/items", writer.get("items", True), reader.get("items", True)


def _branches(rules: JsonObject, keyword: str) -> list[Json]:
    found = rules.get(keyword, [])
    return found if isinstance(found, list) else [{keyword: found}]


def _member(rules: JsonObject, name: str) -> Json:
    return rules.get("properties", {}).get(name, rules.get("additionalProperties", True))
