"""JSON Schemas that others are made of: of values, records, and lists in pages."""

from shopdb_core.store.tables import LARGEST_ID
from shopdb_hookspecs import Json, JsonObject

ID: JsonObject = {"type": "integer", "minimum": 1, "maximum": LARGEST_ID}
COUNT: JsonObject = {"type": "integer", "minimum": 0}
TEXT: JsonObject = {"type": "string"}
TRUTH: JsonObject = {"type": "boolean"}
TIME: JsonObject = {"type": "string", "format": "date-time"}
TEXTS: JsonObject = {"type": "array", "items": TEXT}
IDS: JsonObject = {"type": "array", "items": ID}
OBJECT: JsonObject = {"type": "object"}
ANYTHING: JsonObject = {}


def record(title: str, /, **members: Json) -> JsonObject:
    """Return the schema of an object that has exactly these members."""
    return {
        "title": title,
        "type": "object",
        "required": [*members],
        "properties": members,
        "additionalProperties": False,
    }


def extended(title: str, schema: JsonObject, /, **members: Json) -> JsonObject:
    """Return the schema of a record with more members."""
    return record(title, **schema["properties"], **members)


def nullable(schema: JsonObject) -> JsonObject:
    """Return a schema that also allows `null`."""
    return {**schema, "type": [schema["type"], "null"]}


def page_of(item: JsonObject, cursor: JsonObject | None = None, /, **head: Json) -> JsonObject:
    """Return the schema of the envelope of a list; its `next` is an id or `null`, or a `cursor`."""
    items = {"type": "array", "items": item}
    return record(f"PageOf{item['title']}", **head, items=items, next=cursor or nullable(ID))
