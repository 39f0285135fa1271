"""Which change of a declaration needs which version step, and at which place it is reported."""

import copy
import itertools
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from shopdb_core.declarations.check import declaration_schema
from shopdb_core.declarations.compatibility import Step, compare_declarations, step_of
from shopdb_core.declarations.submission_schema import ANNOTATIONS

MAJOR, MINOR, PATCH = Step.MAJOR, Step.MINOR, Step.PATCH

Json = Any
Alter = Callable[[dict[str, Json]], object]

DECLARATION = {
    "identityfield": "serial",
    "secondaryidentity": "mac",
    "required": ["model"],
    "fields": {
        "serial": {"type": "string", "maxLength": 40},
        "mac": {"type": "string"},
        "model": {"type": "string"},
        "uptime": {"type": "integer", "minimum": 0, "x-volatile": True},
        "ports": {"type": "array", "items": {"$ref": "#/$defs/port"}},
    },
    "$defs": {
        "port": {
            "type": "object",
            "required": ["name"],
            "additionalProperties": False,
            "properties": {"name": {"type": "string", "maxLength": 40}, "vlan": {"type": "integer"}},
        }
    },
}


def found(old: Mapping[str, Json], new: Mapping[str, Json]) -> list[tuple[Step, str]]:
    """Compare two valid declarations; return step and place of each change."""
    return [(change.step, change.place) for change in compare_declarations(old, new)]


def put(*path: str, to: Json) -> Alter:
    """Return a function that sets one value of a declaration."""

    def alter(declaration: dict[str, Json]) -> None:
        for key in path[:-1]:
            declaration = declaration[key]
        declaration[path[-1]] = to

    return alter


def drop(*path: str) -> Alter:
    """Return a function that removes one value of a declaration."""

    def alter(declaration: dict[str, Json]) -> None:
        for key in path[:-1]:
            declaration = declaration[key]
        del declaration[path[-1]]

    return alter


@pytest.mark.parametrize(
    ("alter", "expected", "back"),
    [
        (put("identityfield", to="model"), (MAJOR, "/identityfield"), (MAJOR, "/identityfield")),
        (put("secondaryidentity", to="model"), (MAJOR, "/secondaryidentity"), (MAJOR, "/secondaryidentity")),
        (
            put("secondaryidentity", to=["model", "mac"]),
            (MINOR, "/secondaryidentity"),
            (MAJOR, "/secondaryidentity"),
        ),
        (drop("secondaryidentity"), (MAJOR, "/secondaryidentity"), (MINOR, "/secondaryidentity")),
        (put("required", to=["model", "mac"]), (MAJOR, "/required/1"), (MINOR, "/required/1")),
        (put("additionalfields", to="reject"), (MAJOR, "/additionalfields"), (MINOR, "/additionalfields")),
        (put("fields", "site", to={"type": "string"}), (MINOR, "/fields/site"), (MAJOR, "/fields/site")),
        (drop("fields", "uptime"), (MAJOR, "/fields/uptime"), (MINOR, "/fields/uptime")),
        (
            drop("fields", "uptime", "x-volatile"),
            (MINOR, "/fields/uptime/x-volatile"),
            (MINOR, "/fields/uptime/x-volatile"),
        ),
        (
            put("$defs", "port", "properties", "name", "maxLength", to=39),
            (MAJOR, "/$defs/port/properties/name/maxLength"),
            (MINOR, "/$defs/port/properties/name/maxLength"),
        ),
        (
            put("$defs", "port", "properties", "speed", to={"type": "integer"}),
            (MINOR, "/$defs/port/properties/speed"),
            (MAJOR, "/$defs/port/properties/speed"),
        ),
        (
            put("$defs", "port", "required", to=["name", "vlan"]),
            (MAJOR, "/$defs/port/required"),
            (MINOR, "/$defs/port/required"),
        ),
        (put("x-label", to="Switch"), (PATCH, "/x-label"), (PATCH, "/x-label")),
        (put("x-columns", to=["model"]), (PATCH, "/x-columns"), (PATCH, "/x-columns")),
        (
            put("x-software", to={"programs": "a", "versions": "b", "holders": "c"}),
            (PATCH, "/x-software"),
            (PATCH, "/x-software"),
        ),
        (
            put("fields", "uptime", "x-unit", to="s"),
            (PATCH, "/fields/uptime/x-unit"),
            (PATCH, "/fields/uptime/x-unit"),
        ),
        (put("fields", "mac", "title", to="MAC"), (PATCH, "/fields/mac/title"), (PATCH, "/fields/mac/title")),
        (
            put("fields", "mac", "deprecated", to=True),
            (MINOR, "/fields/mac/deprecated"),
            (PATCH, "/fields/mac/deprecated"),
        ),
        (put("$defs", "unused", to={"type": "null"}), (PATCH, ""), (PATCH, "")),
    ],
)
def test_a_change_of_a_declaration(alter: Alter, expected: tuple[Step, str], back: tuple[Step, str]) -> None:
    """It has its step and its place, and so has the change back."""
    altered = copy.deepcopy(DECLARATION)
    alter(altered)

    assert found(DECLARATION, altered) == [expected]
    assert found(altered, DECLARATION) == [back]


OBJECT = {"type": "object", "properties": {"a": {"type": "string"}}}
TREE_RULES = {"type": "object", "additionalProperties": {"$ref": "#/$defs/tree"}}
TREE = {"type": "object", "additionalProperties": TREE_RULES}


@pytest.mark.parametrize(
    ("narrow", "wide", "place"),
    [
        ({"type": "string"}, {"type": ["string", "integer"]}, "type"),
        ({"type": "integer"}, {"type": "number"}, "type"),
        ({"type": "string"}, {}, "type"),
        ({"enum": ["a"]}, {"enum": ["a", "b"]}, "enum"),
        ({"const": "a"}, {"enum": ["a", "b"]}, "const"),
        ({"enum": ["a"]}, {"type": "string"}, "enum"),
        ({"minLength": 2}, {"minLength": 1}, "minLength"),
        ({"maxLength": 2}, {}, "maxLength"),
        ({"pattern": "^a$"}, {}, "pattern"),
        ({"format": "ipv4"}, {}, "format"),
        ({"minimum": 2}, {"minimum": 1}, "minimum"),
        ({"exclusiveMinimum": 2}, {"exclusiveMinimum": 1}, "exclusiveMinimum"),
        ({"maximum": 2}, {"maximum": 3}, "maximum"),
        ({"exclusiveMaximum": 2}, {"exclusiveMaximum": 3}, "exclusiveMaximum"),
        ({"multipleOf": 6}, {"multipleOf": 3}, "multipleOf"),
        ({"type": "integer", "multipleOf": 2}, {"type": "integer"}, "multipleOf"),
        ({"minItems": 1}, {"minItems": 0}, "minItems"),
        ({"maxItems": 1}, {"maxItems": 2}, "maxItems"),
        ({"uniqueItems": True}, {"uniqueItems": False}, "uniqueItems"),
        ({"maxItems": 2, "uniqueItems": True}, {"maxItems": 2}, "uniqueItems"),
        ({"items": {"maxLength": 1}}, {"items": {"maxLength": 2}}, "items/maxLength"),
        ({"prefixItems": [{"const": 1}]}, {}, "prefixItems"),
        ({"maxItems": 1, "items": {"const": 1}}, {"maxItems": 1}, "items/const"),
        ({"minProperties": 1}, {}, "minProperties"),
        ({"maxProperties": 1}, {"maxProperties": 2}, "maxProperties"),
        (OBJECT, {"type": "object"}, "properties/a/type"),
        ({**OBJECT, "additionalProperties": False}, OBJECT, "additionalProperties"),
        ({"propertyNames": {"maxLength": 1}}, {}, "propertyNames"),
        ({"required": ["a", "b"]}, {"required": ["b"]}, "required"),
        ({"dependentRequired": {"b": ["a"]}}, {}, "dependentRequired"),
        ({"allOf": [{"type": "string"}, {"maxLength": 2}]}, {"allOf": [{"maxLength": 2}]}, "allOf"),
        (
            {"anyOf": [{"format": "ipv4"}]},
            {"anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]},
            "anyOf",
        ),
        ({"type": "string"}, {"anyOf": [{"type": "string"}, {"type": "null"}]}, "type"),
        ({"oneOf": [{"type": "string"}]}, {}, "oneOf"),
        ({"not": {"maxLength": 2}}, {}, "not"),
        ({"if": {"minimum": 1}, "then": {"maximum": 2}}, {}, "if"),
        ({"$ref": "#/$defs/a"}, {"type": ["string", "integer"]}, "$ref"),
    ],
)
def test_a_narrower_schema_breaks_and_a_wider_one_adds(
    narrow: dict[str, Json], wide: dict[str, Json], place: str
) -> None:
    """Rules of each keyword are ordered, and the place is reported; `place` is in the narrower schema."""
    shared = {"a": {"type": "string"}}
    at = "/$defs/a/type" if place == "$ref" else f"/fields/x/{place}"
    narrower, wider = (
        {"identityfield": "id", "fields": {"id": {"type": "string"}, "x": x}, "$defs": shared}
        for x in (narrow, wide)
    )

    assert found(wider, narrower) == [(MAJOR, at)]
    assert found(narrower, wider) == [(MINOR, at)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"type": "number", "minimum": 1}, {"type": "integer"}),
        ({"pattern": "^a$"}, {"pattern": "^b$"}),
        ({"enum": [1.0, 2], "type": "integer"}, {"enum": [2]}),
        ({"oneOf": [{"minimum": 1}, {"maximum": 3}]}, {"oneOf": [{"minimum": 1}, {"maximum": 4}]}),
        (
            {"if": {"minimum": 5}, "then": {"multipleOf": 2}},
            {"if": {"minimum": 1}, "then": {"multipleOf": 2}},
        ),
        ({"type": "string", "format": "date-time"}, {"type": "string"}),
        ({"type": "array"}, {"type": ["array", "string"]}),
        ({"anyOf": [{"type": "array"}]}, {"anyOf": [{"type": "array"}, {"type": "string"}]}),
        ({"anyOf": [{"type": "string", "format": "date-time"}]}, {"anyOf": [{"type": "string"}]}),
    ],
)
def test_what_may_refuse_or_is_read_otherwise_breaks(old: dict[str, Json], new: dict[str, Json]) -> None:
    """What cannot be judged is a major change, and so is a value that the server no longer converts."""
    before, after = (
        {"identityfield": "id", "fields": {"id": {"type": "string"}, "x": x}} for x in (old, new)
    )

    assert step_of(compare_declarations(before, after)) is MAJOR


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"$ref": "#/$defs/tree"}, TREE),
        (
            {"anyOf": [{"type": "string"}, {"type": "null"}]},
            {"anyOf": [{"type": "null"}, {"type": "string"}]},
        ),
        (
            {"allOf": [{"type": "string"}, {"maxLength": 3}]},
            {"allOf": [{"maxLength": 3}, {"type": "string"}]},
        ),
        ({"enum": ["a", "ab"], "maxLength": 1}, {"const": "a"}),
        ({"type": "string", "maxLength": 300}, {"type": "string", "maxLength": 300, "minLength": 0}),
    ],
)
def test_another_spelling_breaks_nobody(old: dict[str, Json], new: dict[str, Json]) -> None:
    """Both accept the same values, so that only the spelling is reported."""
    before, after = (
        {"identityfield": "id", "fields": {"id": {"type": "string"}, "x": x}, "$defs": {"tree": TREE_RULES}}
        for x in (old, new)
    )

    assert found(before, after) == found(after, before) == [(PATCH, "")]


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        ({"type": "boolean"}, {"enum": [True, False, "yes"]}),
        ({"type": "boolean"}, {"enum": [True, False]}),
        (
            {"type": "string"},
            {"anyOf": [{"type": "string", "maxLength": 2}, {"type": "string", "minLength": 2}]},
        ),
        ({"type": ["string", "null"]}, {"oneOf": [{"type": "string"}, {"type": "null"}]}),
        ({"oneOf": [{"type": "string"}, {"type": "null"}]}, {"type": ["string", "null"]}),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": ["string", "array"]}),
        ({"allOf": [{"type": "string"}, {"maxLength": 2}]}, {"maxLength": 2}),
        ({"allOf": [{"type": "string"}, {"maxLength": 3}]}, {"type": "string", "maxLength": 3}),
        ({"oneOf": [{"type": "string"}]}, {"oneOf": [{"type": "string"}, {"type": "integer"}]}),
        ({"not": {"maxLength": 2}}, {"not": {"maxLength": 1}}),
        (
            {"if": {"minimum": 1}, "then": {"maximum": 2}},
            {"if": {"minimum": 1}, "then": {"maximum": 3}},
        ),
        ({"minimum": 2}, {"exclusiveMinimum": 1}),
        ({"exclusiveMinimum": 2}, {"minimum": 2}),
        ({"maximum": 2}, {"exclusiveMaximum": 3}),
        ({"exclusiveMaximum": 2}, {"maximum": 2}),
        ({"type": "integer"}, {"type": "integer", "multipleOf": 1}),
        ({"maxItems": 1}, {"uniqueItems": True}),
        ({"maxItems": 1}, {"maxItems": 1, "uniqueItems": True}),
        ({"maxItems": 1}, {"maxItems": 1, "prefixItems": [{}, {"const": 1}]}),
        ({"prefixItems": [{"const": 1}]}, {"prefixItems": [{}]}),
        ({"items": False}, {"prefixItems": [{"type": "string"}], "items": False}),
        ({"required": ["a"]}, {"dependentRequired": {"b": ["a"]}}),
        ({"type": ["string", "null"]}, {"type": "string"}),
    ],
)
def test_a_wider_schema_that_is_not_recognised_is_judged_more_cautiously(
    narrow: dict[str, Json], wide: dict[str, Json]
) -> None:
    """MORE CAUTIOUS THAN NECESSARY: `wide` accepts what `narrow` accepts, but no rule shows it; so it breaks.

    `null` clears an optional field, so that the last one breaks nobody either.
    """
    before, after = (
        {"identityfield": "id", "fields": {"id": {"type": "string"}, "x": x}} for x in (narrow, wide)
    )

    assert step_of(compare_declarations(before, after)) is MAJOR


def test_the_bounds_that_every_identity_has_are_no_change() -> None:
    """An identity has 1 to 255 characters, whether its schema says so or not."""
    said = copy.deepcopy(DECLARATION)
    said["fields"]["serial"] = {"type": "string", "minLength": 1, "maxLength": 255}
    unsaid = copy.deepcopy(DECLARATION)
    unsaid["fields"]["serial"] = {"type": "string"}

    assert found(unsaid, said) == found(said, unsaid) == [(PATCH, "")]


def test_a_recursive_schema_ends() -> None:
    """It is compared although it refers to itself, and the one change in it is found."""
    before, after = (
        {
            "identityfield": "id",
            "fields": {"id": {"type": "string"}, "x": {"$ref": "#/$defs/tree"}},
            "$defs": {"tree": {**TREE_RULES, "maxProperties": most}},
        }
        for most in (2, 1)
    )

    assert found(before, after) == [(MAJOR, "/$defs/tree/maxProperties")]


def test_a_schema_that_branches_without_end_counts_as_breaking() -> None:
    """Comparing stops after a while, and what was not compared counts as breaking."""
    names = [f"n{level}" for level in range(14)]
    before, after = (
        {
            "identityfield": "id",
            "fields": {"id": {"type": "string"}, "x": {"$ref": "#/$defs/n0"}},
            "$defs": {
                name: {"properties": {"a": {"$ref": f"#/$defs/{below}"}, "b": {"$ref": f"#/$defs/{below}"}}}
                for name, below in itertools.pairwise(names)
            }
            | {names[-1]: {"maxLength": longest}},
        }
        for longest in (1, 2)
    )

    (change, *_) = compare_declarations(before, after)
    assert "too large to be compared" in change.sentence
    assert change.step is MAJOR


def test_a_breaking_change_says_what_is_noticed_and_how_to_avoid_it() -> None:
    """A breaking change has a place, a sentence and a remedy; other changes lack the remedy."""
    altered = copy.deepcopy(DECLARATION)
    del altered["fields"]["uptime"]
    altered["fields"]["site"] = {"type": "string"}

    changes = compare_declarations(DECLARATION, altered)

    (lost,) = (change for change in changes if change.step is MAJOR)
    assert str(lost) == "/fields/uptime: was removed: its values are dropped with a warning"
    assert lost.remedy.startswith("keep the field")
    assert [change.remedy for change in changes if change is not lost] == [""]


RULES: Mapping[str, Json] = {
    "type": "string",
    "enum": ["a"],
    "const": "a",
    "$ref": "#/$defs/a",
    "pattern": "^a",
    "format": "date",
    "multipleOf": 2,
    "items": False,
    "prefixItems": [False],
    "uniqueItems": True,
    "properties": {"a": False},
    "additionalProperties": False,
    "propertyNames": False,
    "required": ["a"],
    "dependentRequired": {"a": ["b"]},
    **dict.fromkeys(("minLength", "minItems", "minProperties", "minimum", "exclusiveMinimum"), 1),
    **dict.fromkeys(("maxLength", "maxItems", "maxProperties", "maximum", "exclusiveMaximum"), 1),
    **{keyword: [False] for keyword in ("allOf", "anyOf", "oneOf")},
    **{keyword: {"type": "string"} for keyword in ("not", "if", "then", "else")},
}


@pytest.mark.parametrize("keyword", declaration_schema()["$defs"]["keywords"]["properties"])
def test_a_new_rule_of_any_keyword_breaks(keyword: str) -> None:
    """Every keyword of the vocabulary is compared, except those that no validator reads."""
    if keyword in ANNOTATIONS:
        return
    beside = {"if": {"type": "number"}} if keyword in ("then", "else") else {}
    before, after = (
        {
            "identityfield": "id",
            "fields": {"id": {"type": "string"}, "x": x},
            "$defs": {"a": {"type": "string"}},
        }
        for x in (beside, {**beside, keyword: RULES[keyword]})
    )

    assert step_of(compare_declarations(before, after)) is MAJOR


def test_a_long_chain_of_references_ends() -> None:
    """It counts as breaking where it is too long for Python's stack."""
    names = [f"n{level}" for level in range(500)]
    before, after = (
        {
            "identityfield": "id",
            "fields": {"id": {"type": "string"}, "x": {"$ref": "#/$defs/n0"}},
            "$defs": {
                name: {"type": "array", "items": {"$ref": f"#/$defs/{below}"}}
                for name, below in itertools.pairwise(names)
            }
            | {names[-1]: {"maxLength": longest}},
        }
        for longest in (1, 2)
    )

    assert step_of(compare_declarations(before, after)) is MAJOR


def test_a_sentence_says_what_the_rule_was_and_what_it_is_now() -> None:
    """The sentence quotes both rules and says whom the change affects."""
    old = {**DECLARATION, "fields": {**DECLARATION["fields"], "up": {"type": "boolean"}}}
    new = {**DECLARATION, "fields": {**DECLARATION["fields"], "up": {"enum": ["yes", "no"]}}}

    sentences = [change.sentence for change in compare_declarations(old, new)]

    assert sentences == [
        'enum was absent and is now ["yes", "no"]: values that were accepted may be refused',
        'type was "boolean" and is now absent: readers may receive values that were refused',
    ]


def test_a_rule_that_changes_through_what_it_refers_to() -> None:
    """The sentence says so if the rule itself has equal text."""
    before, after = (
        {
            "identityfield": "id",
            "fields": {"id": {"type": "string"}, "x": {"not": {"$ref": "#/$defs/a"}}},
            "$defs": {"a": {"maxLength": longest}},
        }
        for longest in (1, 2)
    )

    (change,) = compare_declarations(before, after)

    assert str(change).startswith("/fields/x/not: not depends on a rule that changed: ")


@pytest.mark.parametrize("beside", [{}, {"minLength": 1}])
def test_a_definition_that_no_field_refers_to_changes_nothing(beside: dict[str, Json]) -> None:
    """A reference is followed, with and without rules beside it."""
    before, after = (
        {
            "identityfield": "id",
            "fields": {"id": {"type": "string"}, "x": {"$ref": "#/$defs/a", **beside}},
            "$defs": {"a": {"type": "string"}, "b": {"maxLength": longest}},
        }
        for longest in (1, 2)
    )

    assert found(before, after) == [(PATCH, "")]
