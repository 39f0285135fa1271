"""Values for every schema that a declaration may have."""

from pathlib import Path
from typing import Any

import pytest

from shopdb_core.declarations.formats import format_checks
from shopdb_core.devkit.checks.declaration import load_alone
from shopdb_core.devkit.strategies.generating import FieldValues, NothingGenerated, check_property, samples
from shopdb_core.devkit.strategies.strings import FORMATS
from shopdb_core.plugins.collector import Collector
from shopdb_core.plugins.discovery import given_candidates
from shopdb_hookspecs import hookimpl

TREE = {"type": "object", "properties": {"left": {"$ref": "#/$defs/tree"}, "name": {"type": "string"}}}


def collector(field: dict[str, Any], definitions: dict[str, Any] | None = None) -> Collector:
    fields = {"serial": {"type": "string"}, "value": field}
    declaration = {"identityfield": "serial", "fields": fields, "$defs": definitions or {}}
    plugin = type("Rack", (), {"get_collector_schema": staticmethod(hookimpl(lambda: declaration))})()
    loaded = load_alone(given_candidates({"rack": plugin})[0]).collector
    assert loaded is not None
    return loaded


@pytest.mark.parametrize(
    "field",
    [
        {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{3}$"},
        {"type": "string", "pattern": "^[漢-漣]+$"},
        {"type": "string", "minLength": 300, "maxLength": 400},
        {"type": "string", "maxLength": 45, "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]},
        {"type": "integer", "exclusiveMinimum": 3, "maximum": 10, "multipleOf": 5},
        {"type": "number", "minimum": 0, "maximum": 1},
        {"type": ["number", "boolean"]},
        {"enum": ["a", 1, None]},
        {"const": {"a": [1]}},
        {"$ref": "#/$defs/tree"},
        {"type": "array", "items": {"$ref": "#/$defs/tree"}, "minItems": 2, "uniqueItems": True},
        {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False},
        {"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 2},
        {
            "type": "object",
            "propertyNames": {"pattern": "^[a-z]+$"},
            "additionalProperties": {"type": "null"},
        },
        {"type": "object", "required": ["a"], "dependentRequired": {"a": ["b"]}},
        {"allOf": [{"type": "string", "minLength": 2}, {"maxLength": 3}], "not": {"const": "ab"}},
        {
            "type": "object",
            "properties": {"kind": {"enum": ["a", "b"]}, "size": {"type": "integer"}},
            "required": ["kind"],
            "if": {"properties": {"kind": {"const": "a"}}},
            "then": {"required": ["size"]},
        },
        {},
    ],
)
def test_there_are_values_for_every_keyword(field: dict[str, Any]) -> None:
    """Each generated submission is valid, and most have the field."""
    rack = collector(field, {"tree": TREE})
    values = FieldValues(rack, [])

    made = samples(values.submissions(), 30)

    assert values.ungenerated == []
    assert all(map(rack.validator.accepts, made))
    assert any("value" in submission for submission in made)


def test_every_format_has_values_that_it_accepts() -> None:
    """The formats are those that a declaration may name."""
    checks = format_checks()

    assert FORMATS.keys() == checks.keys()
    for name, values in FORMATS.items():
        assert all(map(checks[name], samples(values, 30))), name


@pytest.mark.parametrize(
    "field", [{"pattern": "^a$", "minLength": 2}, {"pattern": "^[^ -~äÄß漢]$"}, {"allOf": [False]}]
)
def test_a_schema_without_values(field: dict[str, Any]) -> None:
    """The field is reported, and submissions are generated without it."""
    values = FieldValues(collector({"type": "string", **field}), [])

    assert values.ungenerated == ["value"]
    assert samples(values.submissions(), 5)


def test_the_same_values_come_every_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two runs generate the same values, and no file is left in the working directory."""
    monkeypatch.chdir(tmp_path)
    values = FieldValues(collector({"type": "integer"}), []).submissions()

    assert samples(values, 20) == samples(values, 20)
    assert list(tmp_path.iterdir()) == []


def test_a_strategy_without_values() -> None:
    """A property that was never checked is reported, and does not count as held."""
    values = FieldValues(collector({"type": "integer"}), []).submissions().filter(lambda _: False)

    with pytest.raises(NothingGenerated):
        check_property(values, lambda _: None, 5)
