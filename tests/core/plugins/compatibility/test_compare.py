"""Which change of a declaration needs which version step, and where it is told."""

import copy
import itertools
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from shopdb_core.plugins.compatibility.annotations import FOR_READERS
from shopdb_core.plugins.compatibility.assertions import ASSERTIONS
from shopdb_core.plugins.compatibility.changes import Step, breaking, step_of
from shopdb_core.plugins.compatibility.combinations import COMBINATIONS
from shopdb_core.plugins.compatibility.compare import compare_declarations
from shopdb_core.plugins.compatibility.containers import CONTAINERS
from shopdb_core.plugins.declaration import declaration_schema

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


def told(old: Mapping[str, Json], new: Mapping[str, Json]) -> list[tuple[Step, str]]:
    """Compare two sound declarations; give step and place of each change."""
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

    assert told(DECLARATION, altered) == [expected]
    assert told(altered, DECLARATION) == [back]


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
        ({"type": "boolean"}, {"enum": [True, False, "yes"]}, "type"),
        ({"minLength": 2}, {"minLength": 1}, "minLength"),
        ({"maxLength": 2}, {}, "maxLength"),
        ({"pattern": "^a$"}, {}, "pattern"),
        ({"format": "ipv4"}, {}, "format"),
        ({"minimum": 2}, {"exclusiveMinimum": 1}, "minimum"),
        ({"exclusiveMinimum": 2}, {"minimum": 2}, "exclusiveMinimum"),
        ({"maximum": 2}, {"exclusiveMaximum": 3}, "maximum"),
        ({"exclusiveMaximum": 2}, {"maximum": 2}, "exclusiveMaximum"),
        ({"multipleOf": 6}, {"multipleOf": 3}, "multipleOf"),
        ({"type": "integer", "multipleOf": 2}, {"type": "integer"}, "multipleOf"),
        ({"minItems": 1}, {"minItems": 0}, "minItems"),
        ({"maxItems": 1}, {"uniqueItems": True}, "maxItems"),
        ({"uniqueItems": True}, {"uniqueItems": False}, "uniqueItems"),
        ({"maxItems": 2, "uniqueItems": True}, {"maxItems": 2}, "uniqueItems"),
        ({"items": {"maxLength": 1}}, {"items": {"maxLength": 2}}, "items/maxLength"),
        ({"items": False}, {"prefixItems": [{"type": "string"}], "items": False}, "items"),
        (
            {"prefixItems": [{"const": 1}]},
            {"prefixItems": [{}]},
            "prefixItems/0/const",
        ),
        ({"maxItems": 1, "prefixItems": [{"const": 1}]}, {"maxItems": 1}, "prefixItems/0/const"),
        ({"maxItems": 1, "items": {"const": 1}}, {"maxItems": 1}, "items/const"),
        ({"minProperties": 1}, {}, "minProperties"),
        ({"maxProperties": 1}, {"maxProperties": 2}, "maxProperties"),
        (OBJECT, {"type": "object"}, "properties/a/type"),
        ({**OBJECT, "additionalProperties": False}, OBJECT, "additionalProperties"),
        ({"propertyNames": {"maxLength": 1}}, {}, "propertyNames/maxLength"),
        ({"required": ["a"]}, {"dependentRequired": {"b": ["a"]}}, "required"),
        ({"dependentRequired": {"b": ["a"]}}, {}, "dependentRequired"),
        ({"allOf": [{"type": "string"}, {"maxLength": 2}]}, {"maxLength": 2}, "allOf/0/type"),
        (
            {"anyOf": [{"format": "ipv4"}]},
            {"anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]},
            "anyOf",
        ),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": ["string", "array"]}, "anyOf"),
        (
            {"oneOf": [{"type": "string"}]},
            {"oneOf": [{"type": "string"}, {"type": "integer"}]},
            "oneOf",
        ),
        ({"not": {"maxLength": 2}}, {"not": {"maxLength": 1}}, "not"),
        ({"if": {"minimum": 1}, "then": {"maximum": 2}}, {}, "if"),
        (
            {"if": {"minimum": 1}, "then": {"maximum": 2}},
            {"if": {"minimum": 1}, "then": {"maximum": 3}},
            "if",
        ),
        ({"$ref": "#/$defs/a"}, {"type": ["string", "integer"]}, "$ref"),
    ],
)
def test_a_narrower_schema_breaks_and_a_wider_one_adds(
    narrow: dict[str, Json], wide: dict[str, Json], place: str
) -> None:
    """Each keyword is put in order, and its place is told; `place` is in the narrower schema."""
    shared = {"a": {"type": "string"}}
    at = "/$defs/a/type" if place == "$ref" else f"/fields/x/{place}"
    narrower, wider = (
        {"identityfield": "id", "fields": {"id": {"type": "string"}, "x": x}, "$defs": shared}
        for x in (narrow, wide)
    )

    assert told(wider, narrower) == [(MAJOR, at)]
    assert told(narrower, wider) == [(MINOR, at)]


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
    ],
)
def test_what_may_refuse_or_is_read_otherwise_breaks(old: dict[str, Json], new: dict[str, Json]) -> None:
    """What cannot be put in order, and what takes away a form that the server reads, is a major change."""
    before, after = (
        {"identityfield": "id", "fields": {"id": {"type": "string"}, "x": x}} for x in (old, new)
    )

    assert step_of(compare_declarations(before, after)) is MAJOR


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"$ref": "#/$defs/tree"}, TREE),
        ({"oneOf": [{"type": "string"}, {"type": "null"}]}, {"type": ["string", "null"]}),
        ({"allOf": [{"type": "string"}, {"maxLength": 3}]}, {"type": "string", "maxLength": 3}),
        ({"enum": [True, False]}, {"type": "boolean"}),
        ({"enum": ["a", "ab"], "maxLength": 1}, {"const": "a"}),
        ({"type": "integer"}, {"type": "integer", "multipleOf": 1}),
        ({"maxItems": 1}, {"maxItems": 1, "uniqueItems": True}),
        ({"maxItems": 1}, {"maxItems": 1, "prefixItems": [{}, {"const": 1}]}),
        ({"type": "string", "maxLength": 300}, {"type": "string", "maxLength": 300, "minLength": 0}),
    ],
)
def test_another_spelling_breaks_nobody(old: dict[str, Json], new: dict[str, Json]) -> None:
    """Where both take the same values, nothing is asked for and nothing let go."""
    before, after = (
        {"identityfield": "id", "fields": {"id": {"type": "string"}, "x": x}, "$defs": {"tree": TREE_RULES}}
        for x in (old, new)
    )

    assert told(before, after) == told(after, before) == [(PATCH, "")]


def test_the_bounds_that_every_identity_has_are_no_change() -> None:
    """An identity has 1 to 255 characters, whether its schema says so or not."""
    said = copy.deepcopy(DECLARATION)
    said["fields"]["serial"] = {"type": "string", "minLength": 1, "maxLength": 255}
    unsaid = copy.deepcopy(DECLARATION)
    unsaid["fields"]["serial"] = {"type": "string"}

    assert told(unsaid, said) == told(said, unsaid) == [(PATCH, "")]


def test_a_recursive_schema_ends() -> None:
    """It is compared although it leads back to itself, and the one change in it is found."""
    before, after = (
        {
            "identityfield": "id",
            "fields": {"id": {"type": "string"}, "x": {"$ref": "#/$defs/tree"}},
            "$defs": {"tree": {**TREE_RULES, "maxProperties": most}},
        }
        for most in (2, 1)
    )

    assert told(before, after) == [(MAJOR, "/$defs/tree/maxProperties")]


def test_a_schema_that_branches_without_end_counts_as_breaking() -> None:
    """Comparing is given up after a while, and never says that nothing breaks by giving up."""
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
    """Its place, its sentence, and a remedy; other changes need none."""
    altered = copy.deepcopy(DECLARATION)
    del altered["fields"]["uptime"]
    altered["fields"]["site"] = {"type": "string"}

    changes = compare_declarations(DECLARATION, altered)

    (lost,) = breaking(changes)
    assert str(lost) == "/fields/uptime: is gone: what is submitted in it is dropped with a warning, and lost"
    assert lost.remedy.startswith("keep the field")
    assert [change.remedy for change in changes if change is not lost] == [""]


def test_every_keyword_of_the_vocabulary_is_compared() -> None:
    """What declarations may say has a rule here, or is for readers alone."""
    compared = {*ASSERTIONS, *CONTAINERS, *COMBINATIONS, "then", "else"}
    vocabulary = declaration_schema()["$defs"]["keywords"]["properties"].keys()

    assert vocabulary - compared == {*FOR_READERS, "x-volatile"}


def test_a_long_chain_of_references_ends() -> None:
    """It counts as breaking where it is longer than Python's stack bears."""
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


def test_a_type_that_gives_way_to_a_list_of_values_is_not_any_value() -> None:
    """What is refused from now on is told by its own change; the type is only said to be gone."""
    old = {**DECLARATION, "fields": {**DECLARATION["fields"], "up": {"type": "boolean"}}}
    new = {**DECLARATION, "fields": {**DECLARATION["fields"], "up": {"enum": ["yes", "no"]}}}

    sentences = {change.sentence for change in compare_declarations(old, new)}

    assert sentences == {
        "takes false, true no longer",
        "is boolean no longer: readers may meet another type",
    }
