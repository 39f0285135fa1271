"""Resolve the `$ref` of a declaration, and find those that dangle or never end."""

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from shopdb_core.declarations.submission_schema import IN_PLACE, children
from shopdb_core.errors import DeclarationFault
from shopdb_core.json_text import pointer_keys
from shopdb_hookspecs import Json, JsonObject

APPLICATIONS = 1_000
"""The most subschemas that one schema may apply to one and the same value."""


def referenced(reference: str, document: JsonObject) -> Json:
    """Return the subschema that a checked reference, such as `#/$defs/port`, points to in its document.

    Raises `KeyError` or `IndexError` for a reference that points to nothing.
    """
    schema: Json = document
    for key in pointer_keys(reference):
        schema = schema[int(key)] if isinstance(schema, list) else schema[key]
    return schema


def reference_faults(schemas: Mapping[str, Json]) -> Iterator[DeclarationFault]:
    """Yield the faults of the references in `schemas`, all subschemas of a declaration by their place."""
    dangling = [
        place
        for place, schema in schemas.items()
        if "$ref" in _keywords(schema) and _target(schema) not in schemas
    ]
    for place in dangling:
        reference = schemas[place]["$ref"]
        reason = f"{reference} does not point to a subschema: add it to $defs, or correct the reference"
        yield DeclarationFault(f"{place}/$ref", reason)
    if not dangling:
        yield from _recursion_faults(schemas)


def _recursion_faults(schemas: Mapping[str, Json]) -> Iterator[DeclarationFault]:
    """Yield the first schema that applies itself to its own value again, or too many others to one value."""
    graph = {place: list(_applied(place, schema)) for place, schema in schemas.items()}
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        reason = "refers back to itself without descending into the value: refer from properties or items"
        yield DeclarationFault(error.args[1][0], reason)
        return
    applications: dict[str, int] = {}
    for place in order:
        applications[place] = 1 + sum(applications[applied] for applied in graph[place])
        if applications[place] > APPLICATIONS:
            reason = f"applies more than {APPLICATIONS} subschemas to one value: combine fewer schemas"
            yield DeclarationFault(place, reason)
            return


def _applied(place: str, schema: Json) -> Iterator[str]:
    """Yield the places of the schemas that this one applies to its own value."""
    if "$ref" in _keywords(schema):
        yield _target(schema)
    for keyword, childplace, _ in children(schema, place):
        if keyword in IN_PLACE:
            yield childplace


def _target(schema: Json) -> str:
    reference: str = schema["$ref"]
    return reference.removeprefix("#")


def _keywords(schema: Json) -> Json:
    return schema if isinstance(schema, dict) else {}
