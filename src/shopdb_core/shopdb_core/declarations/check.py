"""What is wrong with a collector declaration: every check that stands before a plugin goes to work."""

import json
from collections.abc import Callable, Iterable, Iterator
from importlib.resources import files
from itertools import islice
from typing import Any

import orjson
from jsonschema import Draft202012Validator, SchemaError

from shopdb_core.declarations.formats import format_checker
from shopdb_core.declarations.messages import shortened
from shopdb_core.declarations.patterns import pattern_reason
from shopdb_core.declarations.references import reference_faults
from shopdb_core.declarations.submission_schema import field_faults, submission_schema, walk
from shopdb_core.declarations.validator import SubmissionValidator, accepts, compile_schema
from shopdb_core.errors import DeclarationFault
from shopdb_core.json_text import pointer_token
from shopdb_hookspecs import Json, JsonObject

LEVELS = 20
"""The most levels of objects and lists that a declaration or an example may have."""

FAULTS = 20
"""The most faults that are listed of what is not JSON: a list that contains itself has no end of them."""


def declaration_schema() -> dict[str, Any]:
    """Read the meta-schema of declarations, a Draft 2020-12 document that stands on its own."""
    text = files("shopdb_core.declarations").joinpath("declaration.schema.json").read_bytes()
    schema: dict[str, Any] = json.loads(text)
    return schema


def check_declaration(declaration: object) -> list[DeclarationFault]:
    """Find the faults of what a plugin declares, whatever object that is; never raises, fetches nothing.

    The checks build on each other: is it JSON, does it obey the meta-schema, do its parts agree, can it
    be compiled. Where one stage finds faults, the next ones are left out.
    """
    stages: tuple[Callable[[Json], Iterable[DeclarationFault]], ...] = (
        json_faults,
        _meta_faults,
        _inner_faults,
        _compilation_faults,
    )
    return next(filter(None, (list(stage(declaration)) for stage in stages)), [])


def json_faults(value: object) -> list[DeclarationFault]:
    """Find what is not JSON in an object of a plugin, or nested too deeply; ends for a cyclic one, too."""
    return list(islice(_json_faults(value, "", LEVELS), FAULTS))


def _json_faults(value: object, place: str, levels: int) -> Iterator[DeclarationFault]:
    if not isinstance(value, dict | list):
        if reason := _json_reason(value):
            yield DeclarationFault(place, reason)
    elif levels == 0:
        yield DeclarationFault(place, f"lies deeper than {LEVELS} levels: move inner parts to $defs")
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _json_faults(member, place + pointer_token(index), levels - 1)
    else:
        for name, member in value.items():
            if reason := _name_reason(name):
                yield DeclarationFault(place, reason)
            else:
                yield from _json_faults(member, place + pointer_token(name), levels - 1)


def _name_reason(name: object) -> str:
    if not isinstance(name, str):
        return f"has a name that is a Python {type(name).__name__}: names are strings in JSON"
    reason = _json_reason(name)
    return f"has a name that {reason}" if reason else ""


def _json_reason(value: object) -> str:
    if not isinstance(value, str | int | float | None):
        return (
            f"is a Python {type(value).__name__}, which JSON does not have: use dict, list, str or a number"
        )
    try:
        same = orjson.loads(orjson.dumps(value)) == value
    except orjson.JSONEncodeError as error:
        return f"cannot be written as JSON: {error}"
    return "" if same else "cannot be written as JSON: NaN and Infinity are not numbers of JSON"


def _meta_faults(declaration: Json) -> Iterator[DeclarationFault]:
    for fault in SubmissionValidator(declaration_schema()).faults(declaration, limit=None):
        yield DeclarationFault(fault.pointer, fault.message)


def _inner_faults(declaration: JsonObject) -> Iterator[DeclarationFault]:
    schemas = _subschemas(declaration)
    yield from field_faults(declaration)
    yield from reference_faults(schemas)
    for place, schema in schemas.items():
        if isinstance(schema, dict) and (reason := pattern_reason(schema.get("pattern", ""))):
            yield DeclarationFault(f"{place}/pattern", reason)


def _subschemas(declaration: JsonObject) -> dict[str, Json]:
    """Every subschema of the declaration by its place."""
    return {
        place: schema
        for key in ("$defs", "fields")
        for name, top in declaration.get(key, {}).items()
        for place, schema in walk(top, f"/{key}" + pointer_token(name))
    }


def _compilation_faults(declaration: JsonObject) -> Iterator[DeclarationFault]:
    """Let both libraries try, so that nothing they refuse is left for the first submission."""
    schema = submission_schema("check", declaration)
    try:
        # Without jsonschema's own formats: its `regex` is Python's, and patterns are not matched by that.
        Draft202012Validator.check_schema(schema, format_checker=format_checker())
        SubmissionValidator(schema)
    except (SchemaError, ValueError, OverflowError, RecursionError) as error:
        yield DeclarationFault("", f"cannot be compiled: {shortened(str(error))}")
        return
    yield from _required_null_faults(declaration)


def _required_null_faults(declaration: JsonObject) -> Iterator[DeclarationFault]:
    for field in declaration.get("required", ()):
        rules = {**declaration["fields"][field], "$defs": declaration.get("$defs", {})}
        if accepts(compile_schema(rules), None):
            yield DeclarationFault(
                "/fields" + pointer_token(field), "is required and admits null: give it a type without null"
            )
