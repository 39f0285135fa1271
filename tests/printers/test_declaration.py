"""The declaration as a JSON Schema: what it takes and what it refuses."""

import json
import os
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from shopdb_core.declarations.validation.explaining import format_checker
from shopdb_hookspecs import JsonObject
from shopdb_printers import plugin
from shopdb_printers.declaration import DECLARATION

PAYLOADS = Path(os.environ.get("SHOPDB_TEST_DATA", "../shared/data")) / "payloads" / "printers"


@pytest.fixture
def validator() -> Draft202012Validator:
    """Validate submissions against the declared fields."""
    schema = {"properties": DECLARATION["fields"], "required": [DECLARATION["identityfield"]]}
    return Draft202012Validator(schema, format_checker=format_checker())


def test_fields_are_valid_schemas() -> None:
    """Every field's schema is a schema of Draft 2020-12 and says what the field means."""
    for name, schema in DECLARATION["fields"].items():
        Draft202012Validator.check_schema(schema)
        assert schema["description"], name
        assert schema["title"], name


@pytest.mark.parametrize("example", plugin.get_example_submissions())
def test_examples_are_valid_and_canonical(example: JsonObject, validator: Draft202012Validator) -> None:
    """Each example is valid, and normalisation does not change it."""
    validator.validate(example)

    assert plugin.normalize_submission(example) == example


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("serialnumber", ""),
        ("macaddress", "00:1b:a9:12:11:f2"),
        ("ipaddress", "10.0.0"),
        ("status", "asleep"),
        ("errorstate", "jammed"),
        ("errorstate", ["noToner"]),
        ("errorstate", ["2000"]),
        ("errorstate", ["jammed", "jammed"]),
        ("pagecount", -1),
        ("pagecount", 2**32),
        ("colorpagecount", 1.5),
        ("supplies", [{"levelpercent": 5}]),
        ("supplies", [{"name": "toner", "levelpercent": -2}]),
        ("supplies", [{"name": "toner", "levelpercent": 101}]),
        ("supplies", [{"name": "toner", "level": 5}]),
        ("supplies", [{"name": "toner", "levelstate": "full"}]),
        ("supplies", [{"name": "toner", "class": "receptacle"}]),
        ("supplies", [{"name": "toner", "capacity": -2}]),
        ("trays", [{"level": -3}]),
        ("trays", [{"color": "black"}]),
        ("alerts", [{"code": "coverOpen"}]),
        ("alerts", [{"severity": 3}]),
        ("counters", [{"kind": "copy"}]),
        ("counters", [{"kind": "copy", "count": -1}]),
        ("counters", {"copy": 7}),
    ],
)
def test_refuses(field: str, value: object, validator: Draft202012Validator) -> None:
    """A value out of the declared bounds is refused."""
    assert not validator.is_valid({"serialnumber": "D9J230159", field: value})


@pytest.mark.skipif(not PAYLOADS.is_dir(), reason="SHOPDB_TEST_DATA is not there")
@pytest.mark.parametrize("path", sorted(PAYLOADS.glob("*.json")), ids=lambda path: path.stem)
def test_payloads_of_others_are_valid(path: Path, validator: Draft202012Validator) -> None:
    """Inventories of network printers by another agent are valid once normalised."""
    payload = json.loads(path.read_text(encoding="utf-8"))

    validator.validate(plugin.normalize_submission(payload))
