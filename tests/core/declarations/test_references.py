"""References of a declaration point into its own `$defs`, are finite and fetch nothing."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from shopdb_core.declarations.check import check_declaration
from shopdb_core.declarations.references import referenced
from shopdb_core.declarations.validation.validator import SubmissionValidator

OUTSIDE = [
    "http://127.0.0.1:9/schema.json",
    "https://127.0.0.1:9/schema.json",
    "file:///etc/hostname",
    "urn:shopdb:other",
    "other.json",
    "/etc/hostname",
    "//127.0.0.1:9/schema.json",
    "#anchor",
    "#",
    "#/fields/osname",
    "",
]


@pytest.mark.parametrize("reference", OUTSIDE)
def test_refuses_references_out_of_defs(declaration: dict[str, Any], reference: str) -> None:
    """Only `#/$defs/…` is a reference."""
    declaration["fields"]["extra"] = {"$ref": reference}

    faults = check_declaration(declaration)

    assert [fault.place for fault in faults] == ["/fields/extra/$ref"]


@pytest.mark.parametrize(
    "reference", ["#/$defs/missing", "#/$defs/part/required", "#/$defs/part/properties", "#/$defs/part/"]
)
def test_refuses_dangling_references(declaration: dict[str, Any], reference: str) -> None:
    """A reference leads to a schema, not past one and not to a part that is none."""
    declaration["fields"]["extra"] = {"$ref": reference}

    faults = check_declaration(declaration)

    assert [(fault.place, reference in fault.reason) for fault in faults] == [("/fields/extra/$ref", True)]


def test_accepts_a_reference_below_a_definition(declaration: dict[str, Any]) -> None:
    """A subschema of a definition may be referred to as well."""
    declaration["fields"]["extra"] = {"$ref": "#/$defs/part/properties/name"}

    assert check_declaration(declaration) == []


def test_accepts_recursion_that_descends(declaration: dict[str, Any]) -> None:
    """A tree may refer to itself: each step needs a deeper value."""
    declaration["$defs"]["tree"] = {"type": "object", "additionalProperties": {"$ref": "#/$defs/tree"}}

    assert check_declaration(declaration) == []


@pytest.mark.parametrize(
    "definitions",
    [
        {"a": {"$ref": "#/$defs/a"}},
        {"a": {"$ref": "#/$defs/b"}, "b": {"allOf": [{"$ref": "#/$defs/a"}]}},
        {"a": {"anyOf": [{"type": "null"}, {"not": {"$ref": "#/$defs/a"}}]}},
        {"a": {"if": {"$ref": "#/$defs/a/else"}, "else": {"$ref": "#/$defs/a"}}},
    ],
)
def test_refuses_recursion_that_stays(declaration: dict[str, Any], definitions: dict[str, Any]) -> None:
    """A schema that applies itself to the same value again would never end."""
    declaration["$defs"].update(definitions)

    faults = check_declaration(declaration)

    assert ["refers back to itself" in fault.reason for fault in faults] == [True]


def test_refuses_references_that_multiply(declaration: dict[str, Any]) -> None:
    """Twenty definitions that each apply the next one twice would be applied a million times."""
    doubling = {f"d{level}": {"allOf": [{"$ref": f"#/$defs/d{level + 1}"}] * 2} for level in range(20)}
    declaration["$defs"].update({**doubling, "d20": {"type": "string"}})

    faults = check_declaration(declaration)

    assert ["more than 1000 subschemas" in fault.reason for fault in faults] == [True]


def test_compiles_nothing_from_outside(tmp_path: Path) -> None:
    """Even a schema that was never checked cannot make the validator read a file that exists."""
    outside = tmp_path / "outside.json"
    outside.write_text("{}")

    with pytest.raises(ValueError, match="Retrieval is disabled"):
        SubmissionValidator({"properties": {"a": {"$ref": outside.as_uri()}}})


_WITNESS = """
import json, sys
from shopdb_core.declarations.check import check_declaration

def witness(event, arguments):
    if event.startswith(("socket.", "urllib.")) or event == "open":
        reached.append(f"{event} {arguments[0]}")

declaration, references = json.load(sys.stdin)
assert not check_declaration(declaration)
declaration["fields"]["extra"] = {"$ref": 1}
check_declaration(declaration)  # what explains a fault is imported with the first one
reached = []
sys.addaudithook(witness)
for reference in references:
    declaration["fields"]["extra"] = {"$ref": reference}
    assert check_declaration(declaration)
print(json.dumps([each for each in reached if not each.endswith("declaration.schema.json")]))
"""


def test_opens_no_file_and_no_socket(declaration: dict[str, Any]) -> None:
    """Python's own audit events show that nothing but the meta-schema is read."""
    arguments = [sys.executable, "-c", _WITNESS]
    attack = json.dumps([declaration, [*OUTSIDE, "#/$defs/missing"]])

    run = subprocess.run(arguments, input=attack, capture_output=True, text=True, check=False)

    assert (run.stdout.strip(), run.stderr) == ("[]", "")


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("#/$defs/part/properties/a~1~0~01", {"type": "string"}),
        ("#/$defs/part/allOf/1", {"minProperties": 1}),
    ],
)
def test_a_reference_points_to_a_subschema(reference: str, expected: dict[str, Any]) -> None:
    """Escaped names are unescaped, and numbers are positions in a list."""
    part = {"properties": {"a/~~1": {"type": "string"}}, "allOf": [{}, {"minProperties": 1}]}

    assert referenced(reference, {"$defs": {"part": part}}) == expected
