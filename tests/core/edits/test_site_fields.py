"""The file that declares the fields of people and the types of relationships."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from editing import PC
from shops import Shop

from shopdb_core.edits.site_fields import NO_SITE_FIELDS, read_site_fields
from shopdb_core.errors import ConfigurationError

TYPES = {"part_of": "has_part", "connected_to": "connected_to"}


@pytest.fixture
def write(tmp_path: Path) -> Callable[[object], str]:
    """Return a function that writes the file, and returns its path."""

    def write_file(declared: object) -> str:
        file = tmp_path / "fields.json"
        file.write_text(declared if isinstance(declared, str) else json.dumps(declared))
        return str(file)

    return write_file


def test_a_site_without_the_file_has_no_fields() -> None:
    """And every type of relationship is allowed."""
    assert read_site_fields(None) == NO_SITE_FIELDS
    NO_SITE_FIELDS.check_relationship("anything")


def test_a_file_may_have_what_a_json_schema_has(write: Callable[[object], str]) -> None:
    """Annotations, shared parts, and the keywords of a plugin's fields."""
    declared = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What we keep of every asset",
        "type": "object",
        "additionalProperties": False,
        "properties": {"owner": {"$ref": "#/$defs/person"}, "cost": {"type": "number", "minimum": 0}},
        "$defs": {"person": {"type": "string", "pattern": "^[a-z]+$"}},
        "x-relationship-types": TYPES,
    }

    found = read_site_fields(write(declared))

    assert found.changed({}, {"owner": "ann", "cost": 2})[1] == []
    assert [fault.pointer for fault in found.changed({}, {"owner": "Ann"})[1]] == ["/sitefields/owner"]
    assert found.opposites == TYPES


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ("{", "is not a JSON object"),
        ("[]", "is not a JSON object"),
        ('{"properties": {}, "properties": {}}', "is not a JSON object"),
        ({}, "at /properties: is required, and missing"),
        ({"properties": {}, "required": ["a"]}, "at /required: is not allowed: collectors create assets"),
        ({"properties": {}, "definitions": {}}, "at /definitions: "),
        ({"properties": {"Owner": {}}}, "at /properties/Owner: "),
        ({"properties": {"owner": True}}, "at /properties/owner: "),
        ({"properties": {"owner": {"typ": "string"}}}, "at /properties/owner/typ: "),
        ({"properties": {"owner": {"x-volatile": True}}}, "at /properties/owner/x-volatile: "),
        ({"properties": {"owner": {"pattern": "(?=a)"}}}, "at /properties/owner/pattern: "),
        (
            {"properties": {"owner": {"$ref": "#/$defs/a"}}},
            "at /properties/owner/$ref: #/$defs/a does not point",
        ),
        ({"properties": {"owner": {"$ref": "https://x.example/a"}}}, "at /properties/owner/$ref: "),
        ({"properties": {"owner": {"format": "colour"}}}, "at /properties/owner/format: "),
        ({"properties": {}, "x-relationship-types": {"Part": "x"}}, "at /x-relationship-types/Part: "),
        ({"properties": {}, "x-relationship-types": {"a": 1}}, "at /x-relationship-types/a: "),
        (
            {"properties": {}, "x-relationship-types": {"a": "b", "b": "a"}},
            "at /x-relationship-types/a: has the opposite b, which is declared itself",
        ),
    ],
)
def test_a_faulty_file_is_refused_at_start(
    write: Callable[[object], str], declared: object, message: str
) -> None:
    """The message names the variable, the file, the place and the reason."""
    path = write(declared)

    with pytest.raises(ConfigurationError) as raised:
        read_site_fields(path)

    assert str(raised.value).startswith(f"SHOPDB_SITE_FIELDS: {path} ")
    assert message in str(raised.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Rather than served without it."""
    with pytest.raises(
        ConfigurationError, match=r"SHOPDB_SITE_FIELDS names a file that cannot be read: .*/none"
    ):
        read_site_fields(str(tmp_path / "none"))


def test_relationships_have_the_types_that_the_site_declares(
    make_shop: Callable[..., Shop], write: Callable[[object], str]
) -> None:
    """Any other is 422; each has the name that is right for the asset from which it is seen."""
    shop = make_shop(site_fields=write({"properties": {}, "x-relationship-types": TYPES}))
    shop.submit("computers", PC)
    shop.submit("computers", {"hostname": "PC-2"})

    def relate(name: str) -> object:
        body = {"relationshiptype": name, "targetassetid": 2}
        return shop.edit("POST", "/api/assets/1/relationships", body)

    assert relate("part_of").json["name"] == "part_of"
    assert shop.get("/api/assets/1/relationships").json["items"][0]["name"] == "part_of"
    assert shop.get("/api/assets/2/relationships").json["items"][0]["name"] == "has_part"
    assert shop.get("/api/assets/2/relationships/1").json["name"] == "has_part"
    refused = relate("has_part").json
    assert refused["errors"][0]["pointer"] == "/relationshiptype"
    assert "It is the opposite of part_of: create that one from the other asset." in refused["detail"]
    assert "Did you mean connected_to?" in relate("conected_to").json["detail"]


def test_without_declared_types_only_the_source_has_a_name(stocked: Shop) -> None:
    """Every type may be created, and nothing says what its opposite is called."""
    stocked.edit("POST", "/api/assets/1/relationships", {"relationshiptype": "near", "targetassetid": 2})

    assert stocked.get("/api/assets/1/relationships").json["items"][0]["name"] == "near"
    assert stocked.get("/api/assets/2/relationships").json["items"][0]["name"] is None
