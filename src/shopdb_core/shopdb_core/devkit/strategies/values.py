"""`Values` translates the JSON Schemas of a declaration into Hypothesis strategies of JSON values.

Not every generated value fits its schema: the caller filters by the validator. docs/adr/0020 says why
existing generators are not used.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import product

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from shopdb_core.declarations.references import referenced
from shopdb_core.devkit.strategies.strings import strings
from shopdb_hookspecs import Json, JsonObject

MAX_ITEMS = 4
"""By how many items an array may exceed its shortest length."""

MAX_INTEGER = 2**53

_SCALARS: SearchStrategy[Json] = (
    st.none() | st.booleans() | st.integers(-100, 100) | st.floats(-1e3, 1e3) | st.text("abc xyz", max_size=6)
)
_NAMES = st.text("abcdefgh", min_size=1, max_size=4)
_ANYTHING: SearchStrategy[Json] = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_NAMES, inner, max_size=2),
    max_leaves=4,
)

_TYPE_KEYWORDS: Mapping[str, frozenset[str]] = {
    "string": frozenset({"minLength", "maxLength", "pattern", "format"}),
    "number": frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}),
    "array": frozenset({"items", "prefixItems", "minItems", "maxItems", "uniqueItems"}),
    "object": frozenset({"properties", "additionalProperties", "propertyNames", "required", "minProperties"}),
}
"""The keywords from which the type of a schema without `type` is derived."""


class Values:
    """The strategies for the schemas of one declaration, which refer to each other by its `$defs`."""

    def __init__(self, definitions: JsonObject) -> None:
        self._definitions = definitions
        # By the identity of the schema, which is kept alive here: this ends the recursion of recursive ones.
        self._strategies: dict[int, tuple[Json, SearchStrategy[Json]]] = {}
        self._by_type: Mapping[str, Callable[[JsonObject], SearchStrategy[Json]]] = {
            "null": lambda _: st.none(),
            "boolean": lambda _: st.booleans(),
            "integer": _integers,
            "number": lambda schema: _integers(schema) | _floats(schema),
            "string": strings,
            "array": self._arrays,
            "object": self._objects,
        }

    def of(self, schema: Json) -> SearchStrategy[Json]:
        """Return a strategy for a schema; it is empty if no alternative of the schema has values."""
        if id(schema) not in self._strategies:
            strategy = st.deferred(
                lambda: st.one_of([self._plain(each) for each in _merged(schema, self._definitions)])
            )
            self._strategies[id(schema)] = schema, strategy
        return self._strategies[id(schema)][1]

    def _plain(self, schema: JsonObject) -> SearchStrategy[Json]:
        """Return a strategy for a schema without references and alternatives."""
        if "const" in schema:
            return st.just(schema["const"])
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        types = _listed(schema.get("type", [])) or [
            name for name, keywords in _TYPE_KEYWORDS.items() if not keywords.isdisjoint(schema)
        ]
        return st.one_of([self._by_type[name](schema) for name in types]) if types else _ANYTHING

    def _arrays(self, schema: JsonObject) -> SearchStrategy[Json]:
        first = [self.of(each) for each in schema.get("prefixItems", [])]
        items = schema.get("items", True)
        if items is False:
            return st.tuples(*first).map(list)
        least = schema.get("minItems", 0)
        most = min(schema.get("maxItems", least + MAX_ITEMS), least + MAX_ITEMS)
        rest = st.lists(
            self.of(items), min_size=max(0, least - len(first)), max_size=max(0, most - len(first))
        )
        return st.tuples(st.tuples(*first), rest).map(lambda parts: [*parts[0], *parts[1]])

    def _objects(self, schema: JsonObject) -> SearchStrategy[Json]:
        properties, required = schema.get("properties", {}), _required(schema)
        declared = st.fixed_dictionaries(
            {name: self.of(properties.get(name, True)) for name in required},
            optional={name: self.of(rules) for name, rules in properties.items() if name not in required},
        )
        others = schema.get("additionalProperties", True)
        if others is False or (properties and others is True):
            return declared
        names = self.of({"type": "string", "maxLength": 8, **_rules(schema.get("propertyNames"))})
        undeclared = st.dictionaries(
            names, self.of(others), min_size=schema.get("minProperties", 0), max_size=3
        )
        return st.tuples(undeclared, declared).map(lambda parts: {**parts[0], **parts[1]})


def _required(schema: JsonObject) -> list[str]:
    """Return the required names of an object, with those that `dependentRequired` adds."""
    names = dict.fromkeys(schema.get("required", []))
    for name in [*names]:
        names.update(dict.fromkeys(schema.get("dependentRequired", {}).get(name, [])))
    return [*names]


def _rules(schema: Json) -> JsonObject:
    return schema if isinstance(schema, Mapping) else {}


def _listed(types: Json) -> list[str]:
    return [types] if isinstance(types, str) else types


def _integers(schema: JsonObject) -> SearchStrategy[Json]:
    step = schema.get("multipleOf", 1)
    least = max(schema.get("minimum", -MAX_INTEGER), schema.get("exclusiveMinimum", -MAX_INTEGER))
    most = min(schema.get("maximum", MAX_INTEGER), schema.get("exclusiveMaximum", MAX_INTEGER))
    low, high = -(-least // step), most // step
    return st.integers(int(low), int(high)).map(lambda number: number * step) if low <= high else st.nothing()


def _floats(schema: JsonObject) -> SearchStrategy[Json]:
    """Return a strategy of tenths: the core's own tests cover numbers that differ in a binary digit."""
    least = max(schema.get("minimum", -1e9), schema.get("exclusiveMinimum", -1e9))
    most = min(schema.get("maximum", 1e9), schema.get("exclusiveMaximum", 1e9))
    return st.integers(int(least * 10), int(most * 10)).map(lambda tenths: tenths / 10)


def _merged(schema: Json, definitions: JsonObject) -> Iterator[JsonObject]:
    """Yield a schema without references and alternatives for each choice among the alternatives.

    `False` yields nothing. `not` and `if` are left to the filter of the caller; both outcomes of an `if` are
    tried.
    """
    if schema is False:
        return
    rules = _rules(schema)
    composing = {"$ref", "allOf", "anyOf", "oneOf", "if", "then", "else", "not"}
    plain = {keyword: value for keyword, value in rules.items() if keyword not in composing}
    groups = (
        [each for alternative in group for each in _merged(alternative, definitions)]
        for group in _alternatives(rules, definitions)
    )
    for choice in product(*groups):
        combined: JsonObject = plain
        for part in choice:
            combined = _combined(combined, part)
        yield combined


def _alternatives(rules: JsonObject, definitions: JsonObject) -> Iterator[list[Json]]:
    """Yield lists of schemas; a value must satisfy one of each list."""
    if "$ref" in rules:
        yield [referenced(rules["$ref"], {"$defs": definitions})]
    yield from ([part] for part in rules.get("allOf", ()))
    for keyword in ("anyOf", "oneOf"):
        if keyword in rules:
            yield rules[keyword]
    if "if" in rules:
        yield [{"allOf": [rules["if"], rules.get("then", True)]}, rules.get("else", True)]


def _combined(one: JsonObject, other: JsonObject) -> JsonObject:
    """Return a schema for both, as far as one schema without `allOf` can express it."""
    common = one.keys() & other.keys() & _COMBINE.keys()
    return {
        **one,
        **other,
        **{keyword: _COMBINE[keyword](one[keyword], other[keyword]) for keyword in common},
    }


def _combine_properties(one: JsonObject, other: JsonObject) -> JsonObject:
    both = {name: {"allOf": [one[name], other[name]]} for name in one.keys() & other.keys()}
    return {**one, **other, **both}


def _combine_types(one: Json, other: Json) -> list[str]:
    types = _listed(one)
    return [name for name in _listed(other) if name in types or (name == "integer" and "number" in types)]


_COMBINE: Mapping[str, Callable[[Json, Json], Json]] = {
    **dict.fromkeys(("minLength", "minItems", "minProperties", "minimum", "exclusiveMinimum"), max),
    **dict.fromkeys(("maxLength", "maxItems", "maxProperties", "maximum", "exclusiveMaximum"), min),
    "properties": _combine_properties,
    "required": lambda one, other: [*dict.fromkeys([*one, *other])],
    "type": _combine_types,
    "enum": lambda one, other: [value for value in other if value in one] or other,
}
"""How two values of a keyword are combined; of other keywords the second value counts."""
