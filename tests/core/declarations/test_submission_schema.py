"""The submission schema that follows from a declaration."""

import copy
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from shopdb_core.declarations.submission_schema import submission_schema
from shopdb_core.declarations.validation.validator import SubmissionValidator

SMALLEST = {"hostname": "PC-1", "osname": "Windows 11"}


def _field(declaration: dict[str, Any], rules: object) -> object:
    """What the optional field of these rules becomes."""
    declaration["fields"]["extra"] = rules
    return submission_schema("computers", declaration)["properties"]["extra"]


def test_is_a_document_of_its_own(declaration: dict[str, Any]) -> None:
    """It is valid Draft 2020-12, says which draft it is, and shares no part with the declaration."""
    before = copy.deepcopy(declaration)

    schema = submission_schema("computers", declaration)
    schema["$defs"]["part"]["properties"].clear()
    schema["properties"]["role"].clear()

    assert declaration == before
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)


def test_requires_identity_and_required_fields(declaration: dict[str, Any]) -> None:
    """The identity comes first and once, also where the declaration repeats it."""
    declaration["required"] = ["osname", "hostname"]

    assert submission_schema("computers", declaration)["required"] == ["hostname", "osname"]


@pytest.mark.parametrize(
    ("declared", "derived"), [({}, 255), ({"maxLength": 63}, 63), ({"maxLength": 999}, 255)]
)
def test_bounds_the_identity(declaration: dict[str, Any], declared: dict[str, Any], derived: int) -> None:
    """An identity has at least one character, and no more than its column holds."""
    declaration["fields"]["hostname"] = {"type": "string", **declared}

    schema = submission_schema("computers", declaration)

    assert schema["properties"]["hostname"] == {"type": "string", "minLength": 1, "maxLength": derived}


@pytest.mark.parametrize("choice", [{}, {"additionalfields": "warn"}])
def test_admits_unknown_fields(declaration: dict[str, Any], choice: dict[str, str]) -> None:
    """An unknown field is accepted unless the declaration rejects it."""
    validator = SubmissionValidator(submission_schema("computers", {**declaration, **choice}))

    assert validator.accepts({**SMALLEST, "surprise": 1})


def test_refuses_unknown_fields(declaration: dict[str, Any]) -> None:
    """A declaration may have unknown fields refused."""
    declaration["additionalfields"] = "reject"
    validator = SubmissionValidator(submission_schema("computers", declaration))

    faults = validator.faults({**SMALLEST, "surprise": 1})

    assert [fault.pointer for fault in faults] == ["/surprise"]


@pytest.mark.parametrize(
    ("rules", "derived"),
    [
        ({"type": "string", "maxLength": 3}, {"type": ["string", "null"], "maxLength": 3}),
        ({"type": ["string", "integer"]}, {"type": ["string", "integer", "null"]}),
        ({"type": ["string", "null"]}, {"type": ["string", "null"]}),
        ({"enum": ["a", 1]}, {"enum": ["a", 1, None]}),
        ({"type": "string", "enum": ["a"]}, {"type": ["string", "null"], "enum": ["a", None]}),
        ({"anyOf": [{"type": "string"}]}, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        ({"const": 1}, {"anyOf": [{"const": 1}, {"type": "null"}]}),
        ({"maxLength": 3}, {"maxLength": 3}),
        (
            {"$ref": "#/$defs/part", "title": "Part", "x-volatile": True},
            {"title": "Part", "x-volatile": True, "anyOf": [{"$ref": "#/$defs/part"}, {"type": "null"}]},
        ),
        (
            {"type": "number", "not": {"const": 7}, "title": "Memory", "x-unit": "GiB"},
            {
                "title": "Memory",
                "x-unit": "GiB",
                "anyOf": [{"type": "number", "not": {"const": 7}}, {"type": "null"}],
            },
        ),
    ],
)
def test_optional_fields_admit_null(declaration: dict[str, Any], rules: object, derived: object) -> None:
    """Null is added in the plainest way that is exact; annotations stay on the field."""
    assert _field(declaration, rules) == derived


@pytest.mark.parametrize(
    "rules",
    [
        {"not": {"type": "null"}},
        {"oneOf": [{"type": "string"}, {"maxLength": 3}]},
        {"allOf": [{"type": "string"}]},
        {"if": {"type": "null"}, "then": {"type": "string"}},
        {"type": "array", "items": {"type": "string"}, "minItems": 1},
        {"type": "string", "anyOf": [{"maxLength": 3}, {"minLength": 9}]},
    ],
)
def test_every_optional_field_can_be_cleared(declaration: dict[str, Any], rules: object) -> None:
    """However a field is declared, null is accepted and no other value more than before."""
    declaration["fields"]["extra"] = rules
    validator = SubmissionValidator(submission_schema("computers", declaration))
    field = Draft202012Validator(rules)

    accepted = [validator.accepts({**SMALLEST, "extra": value}) for value in (None, 7, "longer", [], [1], {})]

    assert accepted == [True, *(field.is_valid(value) for value in (7, "longer", [], [1], {}))]


@pytest.mark.parametrize("field", ["hostname", "osname"])
def test_required_fields_cannot_be_cleared(declaration: dict[str, Any], field: str) -> None:
    """Null for the identity or a required field is refused."""
    validator = SubmissionValidator(submission_schema("computers", declaration))

    assert not validator.accepts({**SMALLEST, field: None})
