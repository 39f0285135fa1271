"""A newer declaration without a major change accepts every value that the older one accepted."""

import copy
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from shopdb_core.declarations.compatibility import Step, compare_declarations, step_of
from shopdb_core.declarations.references import reference_faults
from shopdb_core.declarations.submission_schema import submission_schema, walk
from shopdb_core.declarations.validation.compiled import accepts, compile_schema
from shopdb_core.json_text import canonical

Json = Any

NAMES = ("a", "b", "c")
COUNTS = st.integers(0, 3)
SCALARS = (None, True, False, 0, 1, 2, 3, 1.5, "", "a", "ab", "b", "abcd", "1.2.3.4")
TYPES = st.sampled_from(["array", "boolean", "integer", "null", "number", "object", "string"])


def keywords(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    """Return subschemas of a few keywords."""
    name, scalar = st.sampled_from(NAMES), st.sampled_from(SCALARS)
    several = st.lists(inner, min_size=1, max_size=2)
    members = st.dictionaries(name, inner, max_size=2)
    names = st.lists(name, unique=True, max_size=2)
    rules: dict[str, st.SearchStrategy[Json]] = {
        "type": TYPES | st.lists(TYPES, min_size=1, max_size=3, unique=True),
        "enum": st.lists(scalar, min_size=1, max_size=3, unique_by=repr),
        "const": scalar,
        "$ref": st.sampled_from(["#/$defs/one", "#/$defs/two"]),
        **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), COUNTS),
        **dict.fromkeys(("minProperties", "maxProperties"), COUNTS),
        **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), COUNTS),
        "multipleOf": st.integers(1, 3),
        "pattern": st.sampled_from(["^a", "b"]),
        "format": st.sampled_from(["ipv4", "hostname", "date-time"]),
        "uniqueItems": st.booleans(),
        **dict.fromkeys(("items", "additionalProperties", "propertyNames", "not"), inner),
        **dict.fromkeys(("if", "then", "else"), inner),
        **dict.fromkeys(("prefixItems", "allOf", "anyOf", "oneOf"), several),
        "properties": members,
        "required": names,
        "dependentRequired": st.dictionaries(name, names, max_size=1),
    }
    chosen = st.lists(st.sampled_from(sorted(rules)), max_size=3, unique=True)
    return chosen.flatmap(lambda keys: st.fixed_dictionaries({key: rules[key] for key in keys}))


RULES = st.recursive(st.booleans() | keywords(st.booleans()), keywords, max_leaves=5)
VALUES = [
    *SCALARS,
    *([first, *rest] for first in SCALARS for rest in ([], [1], [1, "ab"], ["a", "a", None])),
    *({name: value} for name in NAMES for value in SCALARS),
    *({"a": one, "b": other} for one in (1, "ab", None) for other in (0, "a", [1], {"a": "b"})),
    *({"a": value, "b": 2, "c": ""} for value in ({"a": 3}, ["ab"], True)),
    *([[value], {"a": value}] for value in SCALARS),
    [],
    {},
]
"""Values of every kind and size that the rules distinguish."""


def objects(rules: Json) -> Json:
    """Return rules that a field may have, which a boolean is not."""
    return rules if isinstance(rules, dict) else {"not": {}} if rules is False else {}


def by_place(declaration: Json) -> dict[str, Json]:
    """Return every subschema of a declaration by its place."""
    tops = [("/fields/x", declaration["fields"]["x"])]
    tops += [(f"/$defs/{name}", rules) for name, rules in declaration["$defs"].items()]
    return {place: rules for start, top in tops for place, rules in walk(top, start)}


@st.composite
def declarations(draw: st.DrawFn) -> tuple[Json, Json]:
    """Return two valid declarations; the second has one place replaced, or one bound changed."""
    old = {
        "identityfield": "id",
        "fields": {"id": {"type": "string"}, "x": objects(draw(RULES))},
        "$defs": {"one": draw(RULES), "two": draw(RULES)},
    }
    new = copy.deepcopy(old)
    place = draw(st.sampled_from([rules for rules in by_place(new).values() if isinstance(rules, dict)]))
    if draw(st.booleans()) and place:
        place.pop(draw(st.sampled_from(sorted(place))))
    else:
        place.update(objects(draw(RULES)))
    assume(not any(list(reference_faults(by_place(each))) for each in (old, new)))
    return old, new


@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
@given(declarations())
def test_without_a_major_change_nothing_accepted_is_refused(pair: tuple[Json, Json]) -> None:
    """Without a major change the newer declaration accepts every value that the older one accepts."""
    first, second = pair
    for old, new in ((first, second), (second, first)):
        if step_of(compare_declarations(old, new)) < Step.MAJOR:
            before, after = (compile_schema(submission_schema("x", each)) for each in (old, new))
            taken = [value for value in VALUES if accepts(before, {"id": "1", "x": value})]
            refused = [value for value in taken if not accepts(after, {"id": "1", "x": value})]

            assert not refused


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(declarations())
def test_a_declaration_has_not_changed_from_itself(pair: tuple[Json, Json]) -> None:
    """Equal declarations have no changes, and different ones have at least one."""
    old, new = pair

    assert compare_declarations(old, copy.deepcopy(old)) == []
    assert bool(compare_declarations(old, new)) == (canonical(old) != canonical(new))
