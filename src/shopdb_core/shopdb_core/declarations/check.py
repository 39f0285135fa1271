"""`check_declaration` finds the faults of a collector declaration when its plugin is loaded."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.resources import files
from itertools import islice
from typing import Any

import orjson

from shopdb_core.declarations.named_fields import field_faults
from shopdb_core.declarations.patterns import pattern_fault
from shopdb_core.declarations.references import reference_faults
from shopdb_core.declarations.submission_schema import submission_schema, subschemas
from shopdb_core.declarations.validation.compiled import accepts, compile_schema
from shopdb_core.declarations.validation.messages import shortened
from shopdb_core.declarations.validation.validator import SubmissionValidator
from shopdb_core.errors import DeclarationFault
from shopdb_core.json_text import pointer_keys, pointer_token
from shopdb_hookspecs import Json, JsonObject

LEVELS = 20
"""The most levels of objects and lists that a declaration or an example may have."""

FAULTS = 20
"""The most faults that are listed of a value that is not JSON; a cyclic one would have endless ones."""

_UNSUPPORTED = frozenset(
    {
        *("$anchor", "$dynamicAnchor", "$dynamicRef", "$id", "$schema", "$vocabulary"),
        *("contains", "minContains", "maxContains", "contentEncoding", "contentMediaType", "contentSchema"),
        *("dependentSchemas", "patternProperties", "unevaluatedItems", "unevaluatedProperties"),
        *("readOnly", "writeOnly"),
    }
)
"""The keywords of Draft 2020-12 that declarations do not have."""

_UNSUPPORTED_REASON = (
    "is a keyword of JSON Schema that declarations do not support: "
    "`shopdb plugin schema --declaration` prints the supported ones"
)


def declaration_schema() -> dict[str, Any]:
    """Return the meta-schema of declarations, a Draft 2020-12 document without outside references."""
    text = files("shopdb_core.declarations").joinpath("declaration.schema.json").read_bytes()
    schema: dict[str, Any] = json.loads(text)
    return schema


def check_declaration(declaration: object) -> list[DeclarationFault]:
    """Return the faults of a declaration, which may be any object; never raises and fetches nothing.

    It must be JSON, be valid under the meta-schema, have parts that agree, and compile. These are checked in
    turn; the result has the faults of the first stage that finds any.
    """
    stages: tuple[Callable[[Json], Iterable[DeclarationFault]], ...] = (
        json_faults,
        _meta_faults,
        _inner_faults,
        _compilation_faults,
    )
    return next(filter(None, (list(stage(declaration)) for stage in stages)), [])


def json_faults(value: object) -> list[DeclarationFault]:
    """Return at most `FAULTS` parts of an object that are not JSON or nested too deeply; it may be cyclic."""
    return list(islice(_json_faults(value, "", LEVELS), FAULTS))


def _json_faults(value: object, place: str, levels: int) -> Iterator[DeclarationFault]:
    if not isinstance(value, dict | list):
        if reason := _json_reason(value):
            yield DeclarationFault(place, reason)
    elif levels == 0:
        yield DeclarationFault(place, f"is nested deeper than {LEVELS} levels: move inner parts to $defs")
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _json_faults(member, place + pointer_token(index), levels - 1)
    else:
        for name, member in value.items():
            if reason := _key_reason(name):
                yield DeclarationFault(place, reason)
            else:
                yield from _json_faults(member, place + pointer_token(name), levels - 1)


def _key_reason(key: object) -> str:
    if not isinstance(key, str):
        return f"has a key that is a Python {type(key).__name__}: use strings as keys"
    reason = _json_reason(key)
    return f"has a key that {reason}" if reason else ""


def _json_reason(value: object) -> str:
    if not isinstance(value, str | int | float | None):
        kind = type(value).__name__
        return f"is a Python {kind}, which is not a JSON type: use dict, list, str, int, float, bool or None"
    try:
        same = orjson.loads(orjson.dumps(value)) == value
    except orjson.JSONEncodeError as error:
        return f"is not valid JSON: {error}"
    return "" if same else "is not valid JSON: NaN and Infinity are not JSON numbers, leave the key out"


def _meta_faults(declaration: Json) -> Iterator[DeclarationFault]:
    for fault in SubmissionValidator(declaration_schema()).faults(declaration, limit=None):
        keyword = pointer_keys(fault.pointer)[-1] if fault.keyword == "additionalProperties" else ""
        reason = _UNSUPPORTED_REASON if keyword in _UNSUPPORTED else fault.message
        yield DeclarationFault(fault.pointer, reason)


def _inner_faults(declaration: JsonObject) -> Iterator[DeclarationFault]:
    yield from field_faults(declaration)
    yield from subschema_faults(subschemas(declaration))


def subschema_faults(schemas: Mapping[str, Json]) -> Iterator[DeclarationFault]:
    """Yield the faults of references and patterns in `schemas`, all subschemas by their place."""
    yield from reference_faults(schemas)
    for place, schema in schemas.items():
        if isinstance(schema, dict) and (reason := pattern_fault(schema.get("pattern", ""))):
            yield DeclarationFault(f"{place}/pattern", reason)


def _compilation_faults(declaration: JsonObject) -> Iterator[DeclarationFault]:
    """Compile the schema, which checks it against the meta-schema of Draft 2020-12 first."""
    faults = list(compilation_faults(submission_schema("check", declaration)))
    yield from faults or _required_null_faults(declaration)


def compilation_faults(schema: JsonObject) -> Iterator[DeclarationFault]:
    """Yield the fault of a schema that cannot be compiled."""
    try:
        SubmissionValidator(schema)
    except (ValueError, OverflowError, RecursionError) as error:
        yield DeclarationFault("", f"cannot be compiled as a JSON Schema: {shortened(str(error))}")


def _required_null_faults(declaration: JsonObject) -> Iterator[DeclarationFault]:
    for field in declaration.get("required", ()):
        rules = {**declaration["fields"][field], "$defs": declaration.get("$defs", {})}
        if accepts(compile_schema(rules), None):
            yield DeclarationFault(
                "/fields" + pointer_token(field), "is required but accepts null: set a type without null"
            )
