"""What `check_declaration` finds in collector declarations."""

import copy
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from shopdb_core.declarations.check import check_declaration, declaration_schema


def test_accepts_what_the_contract_offers(declaration: dict[str, Any]) -> None:
    """A declaration that uses every kind of field is valid."""
    assert check_declaration(declaration) == []


def test_leaves_the_declaration_as_it_is(declaration: dict[str, Any]) -> None:
    """Checking changes nothing in the plugin's own object."""
    before = copy.deepcopy(declaration)

    check_declaration(declaration)

    assert declaration == before


def test_meta_schema_is_a_schema() -> None:
    """The published meta-schema is valid Draft 2020-12 itself."""
    Draft202012Validator.check_schema(declaration_schema())


@pytest.mark.parametrize(
    ("key", "value", "place", "words"),
    [
        ("identityfield", "hostnam", "/identityfield", "did you mean"),
        ("identityfield", "memorygb", "/fields/memorygb", '"type": "string"'),
        ("identityfield", "lastboottime", "/fields/lastboottime/x-volatile", "must not change"),
        ("identityfield", 7, "/identityfield", "must be a string"),
        ("secondaryidentity", "hostname", "/secondaryidentity", "name another field"),
        ("secondaryidentity", "serial", "/secondaryidentity", "not in fields"),
        ("secondaryidentity", "role", "/fields/role", '"type": "string"'),
        ("secondaryidentity", [], "/secondaryidentity", "at least 1 item"),
        ("secondaryidentity", ["macaddres"], "/secondaryidentity/0", 'did you mean "macaddress"?'),
        ("secondaryidentity", ["macaddress", "hostname"], "/secondaryidentity/1", "name another field"),
        ("secondaryidentity", ["macaddress", "macaddress"], "/secondaryidentity/1", "repeats"),
        ("secondaryidentity", ["parts/a/b"], "/secondaryidentity/0", "field/member for a list of objects"),
        ("secondaryidentity", ["part/serial"], "/secondaryidentity/0", 'did you mean "parts"?'),
        ("secondaryidentity", ["parts/serail"], "/secondaryidentity/0", 'did you mean "serial"?'),
        ("secondaryidentity", ["parts/slot"], "/secondaryidentity/0", '"type": "string"'),
        ("secondaryidentity", ["macaddress/a"], "/secondaryidentity/0", "is not a list of objects"),
        ("secondaryidentity", ["mainboard/name"], "/secondaryidentity/0", "is not a list of objects"),
        ("secondaryidentity", ["volatile/serial"], "/fields/volatile/x-volatile", "must not change"),
        ("x-columns", ["osname", "osnam"], "/x-columns/1", 'did you mean "osname"?'),
        ("x-columns", ["osname", "osname"], "/x-columns/1", "repeats"),
        ("x-columns", [], "/x-columns", "at least 1 item"),
        ("x-columns", "osname", "/x-columns", "must be an array"),
        ("x-label", "", "/x-label", "at least 1 character"),
        ("x-label", ["Computer"], "/x-label", "must be a string"),
        ("x-lable", "Computer", "/x-lable", 'did you mean "x-label"?'),
        ("x-software", {"programs": "a", "versions": "b"}, "/x-software/holders", "is required"),
        (
            "x-software",
            {"programs": "a", "versions": "b", "holders": "C"},
            "/x-software/holders",
            "report's name",
        ),
        (
            "x-software",
            {"programs": "a", "versions": "b", "holders": "c", "change": "d"},
            "/x-software/change",
            'did you mean "changes"?',
        ),
        ("required", ["osnam"], "/required/0", "did you mean"),
        ("required", ["role", "mainboard", "osname", "osname"], "/required/3", "repeats"),
        ("required", "osname", "/required", "must be an array"),
        ("additionalfields", "drop", "/additionalfields", '"warn" or "reject"'),
        ("fields", {}, "/fields", "at least 1 member"),
        ("fields", ["hostname"], "/fields", "must be an object"),
        ("field", {}, "/field", 'did you mean "fields"?'),
        ("$defs", {"a b": {}}, "/$defs/a b", "not allowed as a name"),
        (
            "$defs",
            {"a": {"x-volatile": True}},
            "/$defs/a/x-volatile",
            "belongs on a field, not on a part of one",
        ),
        (
            "$defs",
            {"a": {"x-independent": True}},
            "/$defs/a/x-independent",
            "belongs on a field, not on a part of one",
        ),
    ],
)
def test_refuses_faulty_parts(
    declaration: dict[str, Any], key: str, value: object, place: str, words: str
) -> None:
    """Each part of a declaration is checked, and the fault points at it."""
    serial = {"type": "object", "properties": {"serial": {"type": "string"}, "slot": {"type": "integer"}}}
    declaration["fields"]["parts"] = {"type": "array", "items": serial}
    declaration["fields"]["volatile"] = {"type": "array", "items": serial, "x-volatile": True}
    declaration[key] = value

    faults = check_declaration(declaration)

    assert any(fault.place == place and words in fault.reason for fault in faults), faults


@pytest.mark.parametrize(
    ("rules", "place", "words"),
    [
        (True, "", "must be an object"),
        ({"patern": "^a$"}, "/patern", 'did you mean "pattern"?'),
        ({"$id": "https://example.com"}, "/$id", "not support"),
        ({"$anchor": "a"}, "/$anchor", "not support"),
        ({"$dynamicRef": "#a"}, "/$dynamicRef", "not support"),
        ({"unevaluatedProperties": False}, "/unevaluatedProperties", "not support"),
        ({"contentEncoding": "base64"}, "/contentEncoding", "not support"),
        ({"patternProperties": {}}, "/patternProperties", "not support"),
        ({"type": "strin"}, "/type", '"string"'),
        ({"type": ["string", "nul"]}, "/type/1", '"null"'),
        ({"format": "datetime"}, "/format", '"date-time"'),
        ({"multipleOf": 2.5}, "/multipleOf", "must be an integer"),
        ({"minLength": -1}, "/minLength", "at least 0"),
        ({"enum": []}, "/enum", "at least 1 item"),
        ({"pattern": "^(?!a)b$"}, "/pattern", "look-around"),
        ({"items": {"pattern": "("}}, "/items/pattern", "unterminated"),
        (
            {"properties": {"a/b": {"anyOf": [{"pattern": r"(a)\1"}]}}},
            "/properties/a~1b/anyOf/0/pattern",
            "back-reference",
        ),
        (
            {"properties": {"a": {"x-volatile": True}}},
            "/properties/a/x-volatile",
            "belongs on a field, not on a part of one",
        ),
        ({"x-volatile": "yes"}, "/x-volatile", "true or false"),
        ({"type": "string", "x-unit": "GiB"}, "/x-unit", "what may not be a number"),
        ({"x-unit": "GiB"}, "/x-unit", "what may not be a number"),
        ({"type": "number", "x-unit": 7}, "/x-unit", "must be a string"),
        ({"type": "number", "x-unit": ""}, "/x-unit", "at least 1 character"),
        ({"items": {"type": ["number", "string"], "x-unit": "%"}}, "/items/x-unit", "may not be a number"),
        ({"not": {"not": {"minimun": 1}}}, "/not/not/minimun", 'did you mean "minimum"?'),
    ],
)
def test_refuses_faulty_field_schemas(
    declaration: dict[str, Any], rules: object, place: str, words: str
) -> None:
    """A field's schema keeps to the closed vocabulary, at any depth."""
    declaration["fields"]["extra"] = rules

    faults = check_declaration(declaration)

    assert [(fault.place, words in fault.reason) for fault in faults] == [("/fields/extra" + place, True)], (
        faults
    )


def test_accepts_what_says_how_fields_are_shown(declaration: dict[str, Any]) -> None:
    """A label, columns, titles, units at any depth, and evidence in lists, by references too."""
    fields = declaration["fields"]
    declaration |= {"x-label": "Computer", "x-columns": ["osname", "hostname"]}
    declaration["secondaryidentity"] = ["serial", "macaddress", "disks/serial", "installedsoftware/version"]
    fields["serial"] = {"type": "string", "title": "Serial number"}
    fields["memorygb"]["x-unit"] = "GiB"
    serial = {"type": ["string", "null"], "title": "Serial number"}
    size = {"type": ["integer", "null"], "x-unit": "bytes"}
    disk = {"type": "object", "properties": {"serial": serial, "size": size}}
    fields["disks"] = {"type": "array", "items": disk}

    assert check_declaration(declaration) == []


def test_an_endless_reference_in_a_list_of_evidence_is_a_fault_of_its_own(
    declaration: dict[str, Any],
) -> None:
    """Following it ends."""
    declaration["secondaryidentity"] = ["parts/serial"]
    declaration["fields"]["parts"] = {"$ref": "#/$defs/a"}
    declaration["$defs"] |= {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}

    assert any("refers back to itself" in fault.reason for fault in check_declaration(declaration))


@pytest.mark.parametrize("name", ["Hostname", "2nd", "", "a-b", "a b", "ä", "_a", "a" * 65, "a\n"])
def test_refuses_field_names(declaration: dict[str, Any], name: str) -> None:
    """A field is named in lower-case letters, digits and underscores, 64 at most."""
    declaration["fields"][name] = {"type": "string"}

    faults = check_declaration(declaration)

    assert [fault.place for fault in faults] == ["/fields/" + name]


def test_accepts_patterns_that_python_cannot_read(declaration: dict[str, Any]) -> None:
    """The engine that matches them decides, not the parser of Python."""
    declaration["fields"]["extra"] = {"type": "string", "pattern": r"^\p{Lu}+$"}

    assert check_declaration(declaration) == []


def test_refuses_a_required_field_that_admits_null(declaration: dict[str, Any]) -> None:
    """Null clears a field, so a required one must not admit it, also by reference."""
    declaration["$defs"]["anything"] = True
    declaration["fields"]["role"] = {"$ref": "#/$defs/anything"}
    declaration["required"] = ["role"]

    faults = check_declaration(declaration)

    assert [(fault.place, "null" in fault.reason) for fault in faults] == [("/fields/role", True)]


def test_names_every_fault_of_a_stage(declaration: dict[str, Any]) -> None:
    """An author sees all misspelt keywords at once, not one a start."""
    declaration["fields"]["a"] = {"typ": "string", "maxLenght": 3}
    declaration["fields"]["b"] = {"minItem": 3}

    faults = check_declaration(declaration)

    assert [fault.place for fault in faults] == ["/fields/a/typ", "/fields/a/maxLenght", "/fields/b/minItem"]


def _cyclic() -> dict[str, Any]:
    itself: dict[str, Any] = {}
    itself["fields"] = itself
    return itself


def _cyclic_list() -> list[Any]:
    """A list that has 10 ** 20 members within 20 levels."""
    itself: list[Any] = []
    itself.extend([itself] * 10)
    return itself


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "must be an object"),
        ([], "must be an object"),
        ("declaration", "must be an object"),
        (object(), "a Python object"),
        ({"fields": {1: {}}}, "a Python int"),
        ({"fields": {"\ud800": {}}}, "surrogates"),
        ({"fields": {"a": {1, 2}}}, "a Python set"),
        ({"fields": ("a",)}, "a Python tuple"),
        ({"fields": b"a"}, "a Python bytes"),
        ({"fields": float("nan")}, "NaN"),
        ({"fields": 2**64}, "64-bit"),
        ({"fields": "\ud800"}, "surrogates"),
        ({"fields": float("inf")}, "Infinity"),
        (_cyclic(), "20 levels"),
        (_cyclic_list(), "20 levels"),
    ],
)
def test_survives_any_object(value: object, words: str) -> None:
    """Whatever a plugin returns leads to a fault, never to an exception or an endless loop."""
    faults = check_declaration(value)

    assert any(words in fault.reason for fault in faults), faults
