"""A declaration, its shaper, and the files of JSONTestSuite."""

import os
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from shopdb_core.intake.shape import Shaper
from shopdb_hookspecs import JsonObject


@pytest.fixture
def declaration() -> JsonObject:
    """Return a declaration with every kind of field that is coerced."""
    return {
        "identityfield": "hostname",
        "secondaryidentity": "macaddress",
        "required": ["osname"],
        "fields": {
            "hostname": {"type": "string", "maxLength": 63},
            "macaddress": {"type": "string"},
            "osname": {"type": "string"},
            "memorygb": {"type": "number"},
            "lastboottime": {"type": "string", "format": "date-time"},
            "warrantyends": {"type": "string", "format": "date"},
            "tags": {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}]},
            "updates": {"type": "array", "items": {"$ref": "#/$defs/update"}},
            "installedsoftware": {"type": "array", "items": {"$ref": "#/$defs/program"}},
        },
        "$defs": {
            "program": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string"}, "version": {"type": "string"}},
            },
            "update": {
                "type": "object",
                "properties": {"installedat": {"anyOf": [{"$ref": "#/$defs/moment"}, {"type": "null"}]}},
            },
            "moment": {"type": "string", "format": "date-time"},
        },
    }


@pytest.fixture
def shaper(declaration: JsonObject) -> Shaper:
    """Return the shaper of a site in Germany."""
    return Shaper(declaration, ZoneInfo("Europe/Berlin"))


@pytest.fixture(scope="session")
def parsing_files() -> list[Path]:
    """Return the files of JSONTestSuite; without them the test is skipped, in CI it fails."""
    root = Path(__file__).parents[3]
    data = Path(os.environ.get("SHOPDB_TEST_DATA", root.parent / "shared" / "data"))
    files = sorted(data.glob("jsontestsuite/test_parsing/*.json"))
    if not files and "CI" not in os.environ:
        pytest.skip("SHOPDB_TEST_DATA does not contain jsontestsuite")
    assert files
    return files
