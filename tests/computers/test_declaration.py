"""The declaration as a JSON Schema: what it takes and what it refuses."""

import json
import os
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import shopdb_computers
from shopdb_computers.declaration import DECLARATION, MAX_PROGRAMS
from shopdb_core.declarations.validation.explaining import format_checker
from shopdb_hookspecs import JsonObject

PAYLOADS = Path(os.environ.get("SHOPDB_TEST_DATA", "../shared/data")) / "payloads" / "computers"


@pytest.fixture
def validator() -> Draft202012Validator:
    """Validate submissions against the declared fields."""
    schema = {"properties": DECLARATION["fields"], "required": [DECLARATION["identityfield"]]}
    return Draft202012Validator(schema, format_checker=format_checker())


def test_fields_are_valid_schemas() -> None:
    """Every field's schema is a schema of Draft 2020-12."""
    for schema in DECLARATION["fields"].values():
        Draft202012Validator.check_schema(schema)


def test_every_string_is_bounded_and_described() -> None:
    """No field takes a string of any length, and pipeline authors read what each one means."""
    for name, schema in DECLARATION["fields"].items():
        assert schema["type"] != "string" or "maxLength" in schema or "enum" in schema, name
        assert schema["description"], name
        assert schema["title"], name


@pytest.mark.parametrize("example", shopdb_computers.get_example_submissions())
def test_examples_are_valid_and_canonical(example: JsonObject, validator: Draft202012Validator) -> None:
    """Each example is valid, and normalisation does not change it."""
    validator.validate(example)

    assert shopdb_computers.normalize_submission(example) == example


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hostname", ""),
        ("hostname", "p" * 64),
        ("macaddress", "00:1a:2b:3c:4d:5e"),
        ("ipaddress", "10.0.0.256"),
        ("ipaddress", "pc-1"),
        ("memorygb", 17_179_869_184),
        ("memorygb", -1),
        ("lastboottime", "yesterday"),
        ("serialnumber", "s" * 256),
        ("formfactor", "toaster"),
        ("architecture", 64),
        ("disks", [{"sizebytes": -1}]),
        ("disks", [{"size": 1}]),
        ("networkinterfaces", [{"macaddress": "00:1A:2B"}]),
        ("networkinterfaces", [{"addresses": ["eth0"]}]),
        ("installedsoftware", [{"name": "tar", "installdate": "2025-02-30"}]),
        ("installedsoftware", [{"version": "1.0"}]),
        ("installedsoftware", [{"name": "tar", "Version": "1.0"}]),
        ("installedsoftware", [{"name": "t" * 401}]),
        ("installedsoftware", [{"name": "tar"}] * (MAX_PROGRAMS + 1)),
    ],
)
def test_refuses(field: str, value: object, validator: Draft202012Validator) -> None:
    """A value out of the declared bounds is refused."""
    assert not validator.is_valid({"hostname": "pc-1", field: value})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hostname", "line3_hmi"),
        ("ipaddress", "10.0.0.25"),
        ("ipaddress", "2001:db8::17"),
        ("installedsoftware", [{"name": "tar", "version": None}]),
    ],
)
def test_accepts(field: str, value: object, validator: Draft202012Validator) -> None:
    """What shop floors send is taken."""
    validator.validate({"hostname": "pc-1", field: value})


@pytest.mark.skipif(not PAYLOADS.is_dir(), reason="SHOPDB_TEST_DATA is not there")
@pytest.mark.parametrize("path", sorted(PAYLOADS.glob("*.json")), ids=lambda path: path.stem)
def test_payloads_of_others_are_valid(path: Path, validator: Draft202012Validator) -> None:
    """Inventories of another agent are valid once normalised; the core converts their dates."""
    payload = json.loads(path.read_text(encoding="utf-8"))
    payload.pop("lastboottime", None)

    validator.validate(shopdb_computers.normalize_submission(payload))
