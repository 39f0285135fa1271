"""Whether a submission is valid, and the faults that are listed."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from shopdb_core.declarations.submission_schema import submission_schema
from shopdb_core.declarations.validation.explaining import format_checker
from shopdb_core.declarations.validation.validator import SubmissionValidator
from shopdb_core.errors import Fault

SMALLEST = {"hostname": "PC-1", "osname": "Windows 11"}


@pytest.fixture
def validator(declaration: dict[str, Any]) -> SubmissionValidator:
    """The validator of the declaration."""
    return SubmissionValidator(submission_schema("computers", declaration))


def _field_faults(rules: dict[str, Any], value: object) -> list[Fault]:
    return SubmissionValidator({"properties": {"extra": rules}}).faults({"extra": value})


def test_accepts_a_valid_submission(validator: SubmissionValidator) -> None:
    """A submission that uses every kind of field is valid."""
    submission = {
        **SMALLEST,
        "macaddress": "00:1A:2B:3C:4D:5E",
        "lastboottime": "2024-01-01T11:00:00Z",
        "ipaddress": "fe80::1",
        "memorygb": 15.5,
        "role": None,
        "mainboard": {"name": "Z790"},
        "installedsoftware": [{"name": "7-Zip", "version": "23.01"}, {"name": "Python"}],
    }

    assert validator.accepts(submission)
    assert validator.faults(submission) == []


@pytest.mark.parametrize(
    ("member", "pointer", "keyword", "message"),
    [
        ({"hostname": 7}, "/hostname", "type", "must be a string, not 7"),
        ({"hostname": ""}, "/hostname", "minLength", "must have at least 1 character, not 0"),
        ({"hostname": "a" * 64}, "/hostname", "maxLength", "must have at most 63 characters, not 64"),
        (
            {"macaddress": "x\n"},
            "/macaddress",
            "pattern",
            'must match ^([0-9A-F]{2}:){5}[0-9A-F]{2}$, not "x\\n"',
        ),
        ({"lastboottime": "now"}, "/lastboottime", "format", 'must be a valid date-time, not "now"'),
        ({"ipaddress": "1.2.3"}, "/ipaddress", "anyOf", 'must be ipv4, ipv6 or null, not "1.2.3"'),
        ({"ipaddress": 4}, "/ipaddress", "type", "must be a string or null, not 4"),
        ({"memorygb": -1}, "/memorygb", "minimum", "must be at least 0, not -1"),
        ({"memorygb": True}, "/memorygb", "type", "must be a number or null, not true"),
        ({"role": "den"}, "/role", "enum", 'must be "cell", "office" or null, not "den"'),
        ({"mainboard": {}}, "/mainboard/name", "required", "is required, and missing"),
        ({"mainboard": {"name": 1}}, "/mainboard/name", "type", "must be a string, not 1"),
        ({"mainboard": 3}, "/mainboard", "type", "must be an object, not 3"),
        (
            {"mainboard": {"name": "a", "a/~": 1}},
            "/mainboard/a~1~0",
            "additionalProperties",
            '"a/~" is not known here',
        ),
        (
            {"mainboard": {"name": "a", "verson": "1"}},
            "/mainboard/verson",
            "additionalProperties",
            '"verson" is not known here; did you mean "version"?',
        ),
        (
            {"installedsoftware": [{"name": "a"}, 2]},
            "/installedsoftware/1",
            "type",
            "must be an object, not 2",
        ),
        (
            {"installedsoftware": [{"name": "a"}, {"name": "b"}, {"name": "a"}]},
            "/installedsoftware/2",
            "uniqueItems",
            "repeats an earlier item",
        ),
        (
            {"installedsoftware": {}},
            "/installedsoftware",
            "type",
            "must be an array or null, not an object",
        ),
    ],
)
def test_explains_a_fault_where_it_is(
    validator: SubmissionValidator, member: dict[str, Any], pointer: str, keyword: str, message: str
) -> None:
    """Each fault has its pointer, its keyword and a sentence; alternatives are seen through."""
    faults = validator.faults({**SMALLEST, **member})

    assert faults[0] == Fault(pointer, keyword, message)


@pytest.mark.parametrize(
    ("rules", "value", "pointer", "keyword"),
    [
        ({"const": 1}, 2, "/extra", "const"),
        ({"exclusiveMinimum": 1}, 1, "/extra", "exclusiveMinimum"),
        ({"exclusiveMaximum": 1}, 1, "/extra", "exclusiveMaximum"),
        ({"maximum": 1}, 2, "/extra", "maximum"),
        ({"multipleOf": 2}, 3, "/extra", "multipleOf"),
        ({"minItems": 2}, [1], "/extra", "minItems"),
        ({"maxItems": 1}, [1, 2], "/extra", "maxItems"),
        ({"prefixItems": [{"type": "string"}], "items": False}, ["a", 2], "/extra/1", "items"),
        ({"prefixItems": [{"type": "string"}], "items": {"type": "null"}}, ["a", 2], "/extra/1", "type"),
        ({"minProperties": 1}, {}, "/extra", "minProperties"),
        ({"maxProperties": 0}, {"a": 1}, "/extra", "maxProperties"),
        ({"properties": {"a": False}}, {"a": 1}, "/extra/a", "properties"),
        ({"additionalProperties": {"type": "null"}}, {"a": 1}, "/extra/a", "type"),
        ({"propertyNames": {"maxLength": 1}}, {"a": 1, "bb": 1}, "/extra/bb", "propertyNames"),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, "/extra/b", "dependentRequired"),
        ({"oneOf": [{"minimum": 1}, {"maximum": 3}]}, 2, "/extra", "oneOf"),
        (
            {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "null"}}]},
            [1],
            "/extra/0",
            "type",
        ),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, 1, "/extra", "anyOf"),
        ({"anyOf": [{"minimum": 3}, False]}, 1, "/extra", "minimum"),
        ({"anyOf": [{"minimum": 3}, {"multipleOf": 5}]}, 1, "/extra", "anyOf"),
        ({"not": {"type": "integer"}}, 1, "/extra", "not"),
        ({"if": {"minimum": 1}, "then": {"maximum": 3}}, 4, "/extra", "maximum"),
        ({"uniqueItems": True}, [1, 1.0], "/extra", "uniqueItems"),
    ],
)
def test_explains_every_keyword(rules: dict[str, Any], value: object, pointer: str, keyword: str) -> None:
    """No keyword of the vocabulary is left without a fault of its own."""
    faults = _field_faults(rules, value)

    assert [(fault.pointer, fault.keyword) for fault in faults] == [(pointer, keyword)]


@pytest.mark.parametrize(
    "value", ["@{name=7-Zip; version=23.01}", "System.Collections.Hashtable", "System.Object[]"]
)
def test_recognises_what_powershell_cuts_off(validator: SubmissionValidator, value: str) -> None:
    """If PowerShell wrote a type's name for an object, the message says how to send it whole."""
    faults = validator.faults({**SMALLEST, "installedsoftware": [value], "mainboard": value})

    assert [fault.pointer for fault in faults] == ["/mainboard", "/installedsoftware/0"]
    assert all("ConvertTo-Json -Depth 6" in fault.message for fault in faults)


@pytest.mark.parametrize("value", ["x" * 5_000, "\x1b" * 5_000, 10**300, ["x" * 5_000], {"x" * 5_000: 1}])
@pytest.mark.parametrize(
    "rules", [{"type": "null"}, {"enum": [1]}, {"const": 1}, {"not": True}, {"anyOf": [{"const": 1}, False]}]
)
def test_echoes_little_of_a_value(rules: dict[str, Any], value: object) -> None:
    """A message holds at most 80 characters of what was sent."""
    [fault] = _field_faults(rules, value)

    assert len(fault.message) < 160
    assert "\x1b" not in fault.message


def test_stops_at_the_limit(validator: SubmissionValidator) -> None:
    """Twenty faults are explained, however many there are; all of them when no limit is set."""
    submission = {**SMALLEST, "installedsoftware": list(range(1_000))}

    assert len(validator.faults(submission)) == 20
    assert len(validator.faults(submission, limit=3)) == 3
    assert len(validator.faults(submission, limit=None)) == 1_000


def test_finds_one_fault_among_many_items(validator: SubmissionValidator) -> None:
    """The one faulty item of 80,000 is named."""
    items: list[object] = [{"name": str(number)} for number in range(79_999)]

    faults = validator.faults({**SMALLEST, "installedsoftware": [*items, 1]})

    assert [fault.pointer for fault in faults] == ["/installedsoftware/79999"]


@pytest.mark.parametrize("value", [None, [], "PC-1", 1, 1.5, True, {"hostname": "PC-1", "osname": 2**70}])
def test_refuses_other_values(validator: SubmissionValidator, value: object) -> None:
    """Whatever JSON value arrives is refused with a fault."""
    assert not validator.accepts(value)
    assert validator.faults(value)


def test_survives_a_lone_surrogate(validator: SubmissionValidator) -> None:
    """Half a surrogate pair, which jsonschema-rs cannot read, is refused and explained."""
    submission = {**SMALLEST, "role": "\ud800"}

    assert not validator.accepts(submission)
    [fault] = validator.faults(submission)
    assert fault.message.encode()


def test_says_what_only_the_verdict_knows() -> None:
    """Where jsonschema finds no fault in what is refused, the refusal itself is passed on."""
    validator = SubmissionValidator({"type": "object", "properties": {"a": {"pattern": "b"}}})

    [fault] = validator.faults({"a": "\ud800b", "b": {1}})

    assert fault.message


_FIELDS: dict[str, dict[str, Any]] = {
    "a": {"type": "string", "pattern": "^[a-c]{2,}$", "maxLength": 3},
    "b": {"type": "array", "items": {"type": "integer", "minimum": 1}, "uniqueItems": True, "maxItems": 3},
    "c": {"anyOf": [{"format": "ipv4"}, {"format": "date"}], "type": "string"},
    "d": {"oneOf": [{"type": "integer"}, {"type": "number", "minimum": 2}]},
    "e": {
        "type": "object",
        "properties": {"a": {"enum": [1, "a", None, True]}, "b": False},
        "additionalProperties": {"type": ["integer", "null"], "multipleOf": 2},
        "propertyNames": {"maxLength": 1},
        "dependentRequired": {"c": ["a"]},
    },
    "f": {"prefixItems": [{"const": 1}], "items": {"not": {"type": "string"}}, "minItems": 1},
    "g": {"if": {"type": "string"}, "then": {"minLength": 2}, "else": {"exclusiveMaximum": 3}},
    "h": {"allOf": [{"$ref": "#/$defs/tree"}, {"minProperties": 1}]},
}
_DECLARATION = {
    "identityfield": "id",
    "additionalfields": "reject",
    "fields": {"id": {"type": "string"}, **_FIELDS},
    "$defs": {"tree": {"type": "object", "additionalProperties": {"$ref": "#/$defs/tree"}}},
}

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 5)
    | st.sampled_from([0.0, 1.0, 1.5, 2.0, -2.5])
    | st.sampled_from(["", "a", "ab", "abc\n", "abcd", "1.2.3.4", "2024-02-30", "2024-02-29", "ü"])
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["a", "b", "c", "dd"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([*_FIELDS, "z"]), _VALUES, max_size=4))
def test_both_libraries_agree(fields: dict[str, Any]) -> None:
    """What jsonschema-rs refuses, jsonschema explains; what it accepts, jsonschema accepts."""
    schema = submission_schema("computers", _DECLARATION)
    plain = Draft202012Validator(schema, format_checker=format_checker())
    validator = SubmissionValidator(schema)
    submission = {"id": "x", **fields}

    refused = [error for error in plain.iter_errors(submission) if error.validator != "pattern"]
    faults = [fault for fault in validator.faults(submission, limit=None) if fault.keyword != "pattern"]

    assert bool(faults) == bool(refused)
    assert validator.accepts(submission) == (not validator.faults(submission))
