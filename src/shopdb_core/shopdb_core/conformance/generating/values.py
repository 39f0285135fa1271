"""Values that a schema of our closed vocabulary asks for.

hypothesis-jsonschema and the generator of schemathesis read other drafts, or rest on what others keep
private (docs/adr/0020). What this one makes need not fit: whoever asks filters by the one verdict.
"""

from collections.abc import Callable, Mapping
from functools import reduce

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from shopdb_core.conformance.generating.merging import Merged, merged
from shopdb_core.conformance.generating.texts import texts
from shopdb_hookspecs import Json, JsonObject

MOST_ITEMS = 4
LARGEST = 2**53
_NAMES = st.text("abcdefgh", min_size=1, max_size=4)
_SCALARS: SearchStrategy[Json] = (
    st.none() | st.booleans() | st.integers(-100, 100) | st.floats(-1e3, 1e3) | st.text("abc xyz", max_size=6)
)
ANYTHING: SearchStrategy[Json] = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_NAMES, inner, max_size=2),
    max_leaves=4,
)


class Values:
    """The strategies of one declaration's schemas, which refer to each other by its `$defs`."""

    def __init__(self, definitions: JsonObject) -> None:
        self._definitions = definitions
        # By the identity of the schema, which is kept beside: it ends the recursion of recursive ones.
        self._known: dict[int, tuple[Json, SearchStrategy[Json]]] = {}
        self._makers: Mapping[str, Callable[[JsonObject], SearchStrategy[Json]]] = {
            "null": lambda _: st.none(),
            "boolean": lambda _: st.booleans(),
            "integer": _integers,
            "number": lambda schema: _integers(schema) | _floats(schema),
            "string": texts,
            "array": self._arrays,
            "object": self._objects,
        }

    def of(self, schema: Json) -> SearchStrategy[Json]:
        """Return values for a schema."""
        if id(schema) not in self._known:
            self._known[id(schema)] = schema, st.deferred(lambda: self._new(schema))
        return self._known[id(schema)][1]

    def _new(self, schema: Json) -> SearchStrategy[Json]:
        alternatives = [self._plain(each) for each in merged(schema, self._definitions)]
        return reduce(lambda one, other: one | other, alternatives, st.nothing())

    def _plain(self, schema: Merged) -> SearchStrategy[Json]:
        """Return values for a schema without references and alternatives."""
        if "const" in schema:
            return st.just(schema["const"])
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        kinds = schema.get("type")
        if kinds is None:
            kinds = list(_kinds_spoken_of(schema))
        if not kinds:
            return ANYTHING
        return reduce(
            lambda one, other: one | other,
            [self._makers[kind](schema) for kind in ([kinds] if isinstance(kinds, str) else kinds)],
        )

    def _arrays(self, schema: JsonObject) -> SearchStrategy[Json]:
        leading, least = schema.get("prefixItems", []), schema.get("minItems", 0)
        most = min(schema.get("maxItems", least + MOST_ITEMS), least + MOST_ITEMS)
        rest = schema.get("items", True)
        if rest is False:
            return st.tuples(*map(self.of, leading)).map(list)
        more = st.lists(
            self.of(rest), min_size=max(0, least - len(leading)), max_size=max(0, most - len(leading))
        )
        return st.tuples(st.tuples(*map(self.of, leading)), more).map(lambda parts: [*parts[0], *parts[1]])

    def _objects(self, schema: JsonObject) -> SearchStrategy[Json]:
        properties, required = schema.get("properties", {}), _required(schema)
        fixed = st.fixed_dictionaries(
            {name: self.of(properties.get(name, True)) for name in required},
            optional={name: self.of(rules) for name, rules in properties.items() if name not in required},
        )
        others = schema.get("additionalProperties", True)
        if others is False or (properties and others is True):
            return fixed
        names = self.of({"type": "string", "maxLength": 8, **_rules(schema.get("propertyNames"))})
        extra = st.dictionaries(names, self.of(others), min_size=schema.get("minProperties", 0), max_size=3)
        return st.tuples(extra, fixed).map(lambda parts: {**parts[0], **parts[1]})


def _required(schema: JsonObject) -> list[str]:
    """Return the names that a simple object has, with those that they ask for in turn."""
    names = dict.fromkeys(schema.get("required", []))
    for name in [*names]:
        names.update(dict.fromkeys(schema.get("dependentRequired", {}).get(name, [])))
    return [*names]


def _integers(schema: JsonObject) -> SearchStrategy[Json]:
    step = schema.get("multipleOf", 1)
    least = max(schema.get("minimum", -LARGEST), schema.get("exclusiveMinimum", -LARGEST))
    most = min(schema.get("maximum", LARGEST), schema.get("exclusiveMaximum", LARGEST))
    low, high = -(-least // step), most // step
    return st.integers(int(low), int(high)).map(lambda number: number * step) if low <= high else st.nothing()


def _floats(schema: JsonObject) -> SearchStrategy[Json]:
    least = max(schema.get("minimum", -1e9), schema.get("exclusiveMinimum", -1e9))
    most = min(schema.get("maximum", 1e9), schema.get("exclusiveMaximum", 1e9))
    # Tenths, as gauges tell them: what only binary digits tell apart is for the tests of the core.
    return st.integers(int(least * 10), int(most * 10)).map(lambda tenths: tenths / 10)


def _kinds_spoken_of(schema: JsonObject) -> list[str]:
    """Guess the types from the keywords, where a schema names none."""
    spoken = {
        "string": {"minLength", "maxLength", "pattern", "format"},
        "number": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
        "array": {"items", "prefixItems", "minItems", "maxItems", "uniqueItems"},
        "object": {"properties", "additionalProperties", "propertyNames", "required", "minProperties"},
    }
    return [kind for kind, keywords in spoken.items() if not keywords.isdisjoint(schema)]


def _rules(schema: Json) -> JsonObject:
    return schema if isinstance(schema, Mapping) else {}
