"""`PartVerdicts`: which fields, items of lists and members of items a schema refuses.

Each verdict is one call of jsonschema-rs for the part alone, and nothing is explained: the work is linear in
the size of the submission, even if each of its values is at fault.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from shopdb_core.declarations.references import referenced
from shopdb_hookspecs import Json, JsonObject


class Subschemas(Protocol):
    """The compiled subschemas of one document; a schema is the very subschema object of the document."""

    def accept(self, schema: Json, value: Json) -> bool:
        """Return whether a value is valid."""
        ...

    def refused(self, schema: Json, values: Sequence[Json]) -> list[int]:
        """Return the indexes of the values that are not valid."""
        ...


@dataclass(frozen=True)
class ListRules:
    """What a schema requires of each item of a list, from the index `start` on.

    `items` are the schemas that apply to each item, `distinct` is whether all items must differ.
    """

    start: int
    items: Sequence[Json]
    distinct: bool
    subschemas: Subschemas
    document: JsonObject

    def refused(self, items: list[Json]) -> list[int]:
        """Return the indexes of the items that are refused, in ascending order."""
        tail = items[self.start :]
        found = [self.subschemas.refused(schema, tail) for schema in self.items]
        indexes = found[0] if len(found) == 1 else sorted(set().union(*found))
        return [self.start + index for index in indexes] if self.start else indexes

    def refuses(self, index: int, item: Json) -> bool:
        """Return whether the item at this index is refused."""
        return index >= self.start and not self.accepts(item)

    def accepts(self, item: Json) -> bool:
        """Return whether each schema of an item accepts this one."""
        return all(self.subschemas.accept(schema, item) for schema in self.items)

    def refused_members(self, item: JsonObject) -> list[str]:
        """Return the members of an item that are not allowed, or whose own value is refused."""
        return [name for name, value in item.items() if self._refuses_member(name, value)]

    def _refuses_member(self, name: str, value: Json) -> bool:
        accept = self.subschemas.accept
        for schema in self._object_schemas:
            properties = schema.get("properties", {})
            rules = properties[name] if name in properties else schema.get("additionalProperties", True)
            if not (accept(rules, value) and accept(schema.get("propertyNames", True), name)):
                return True
        return False

    @cached_property
    def _object_schemas(self) -> list[JsonObject]:
        """The schemas that apply to an item that is an object."""
        return [part for schema in self.items for part in _applied(schema, "object", self.document)]


class PartVerdicts:
    """The verdicts on the parts of submissions to one schema; threads may share it."""

    def __init__(self, document: JsonObject, subschemas: Subschemas) -> None:
        self._document = document
        self._subschemas = subschemas
        self._fields: Mapping[str, Json] = document.get("properties", {})
        self._lists = {name: self._list_rules(schema) for name, schema in self._fields.items()}
        self._others = document.get("additionalProperties", True)
        self._unknown = self._list_rules(self._others)

    def refused_fields(self, submission: JsonObject) -> list[str]:
        """Return the fields at fault: the required ones that are missing, and those that are refused."""
        missing = [name for name in self._document.get("required", ()) if name not in submission]
        return missing + [name for name, value in submission.items() if self.refuses(name, value)]

    def refuses(self, field: str, value: Json) -> bool:
        """Return whether a field is not declared and so not allowed, or its value is refused."""
        return not self._subschemas.accept(self._fields.get(field, self._others), value)

    def list_rules(self, field: str) -> ListRules:
        """Return the rules for the items of a field, where its value is a list."""
        return self._lists.get(field, self._unknown)

    def count(self, submission: JsonObject) -> int:
        """Return the number of fields at fault; the faulty items of a list count instead of the list."""
        values = [(name, submission.get(name)) for name in self.refused_fields(submission)]
        return sum(self._count_items(name, value) for name, value in values)

    def _count_items(self, field: str, value: Json) -> int:
        return max(1, len(self.list_rules(field).refused(value))) if isinstance(value, list) else 1

    def _list_rules(self, schema: Json) -> ListRules:
        applied = list(_applied(schema, "array", self._document))
        return ListRules(
            start=max((len(part.get("prefixItems", ())) for part in applied), default=0),
            items=[part["items"] for part in applied if "items" in part],
            distinct=any(part.get("uniqueItems") for part in applied),
            subschemas=self._subschemas,
            document=self._document,
        )


def _applied(schema: Json, kind: str, document: JsonObject) -> Iterator[JsonObject]:
    """Yield the schema, and those that must accept a value of one JSON type for the schema to accept it."""
    if not isinstance(schema, Mapping):
        return
    yield schema
    if "$ref" in schema:
        yield from _applied(referenced(schema["$ref"], document), kind, document)
    for branch in schema.get("allOf", ()):
        yield from _applied(branch, kind, document)
    for keyword in ("anyOf", "oneOf"):
        fitting = [branch for branch in schema.get(keyword, ()) if _admits(branch, kind, document)]
        if len(fitting) == 1:
            yield from _applied(fitting[0], kind, document)


def _admits(schema: Json, kind: str, document: JsonObject) -> bool:
    """Return whether `type` lets the schema accept values of one JSON type."""
    if not isinstance(schema, Mapping):
        return bool(schema)
    types = schema.get("type", kind)
    own = kind in ([types] if isinstance(types, str) else types)
    return own and ("$ref" not in schema or _admits(referenced(schema["$ref"], document), kind, document))
