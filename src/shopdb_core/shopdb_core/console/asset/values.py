"""Values as the pages show them: `shown` finds out what a value is, and the template writes it.

A value need not fit its schema: it may have been entered by hand, or be of an earlier declaration. So nothing
here fails for any JSON, and what is long is cut off.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from shopdb_core.declarations.references import referenced
from shopdb_core.json_text import canonical_text
from shopdb_hookspecs import Json, JsonObject

LONGEST = 1_000
"""Characters of a text, and of the JSON of what has no other form."""
MOST_ITEMS = 20
"""How many items of a list of texts are shown in its field."""

SIZES = ("B", "kB", "MB", "GB", "TB")

Kind = Literal["empty", "text", "number", "size", "truth", "time", "day", "texts", "members"]

_SCALARS = (str, int, float, bool)


@dataclass(frozen=True, slots=True)
class Shown:
    """A value, what it is, and how many items or characters of it are left out (`more`).

    `value` is a text, number or truth; of a time an aware datetime, of a day a date; of `texts` a list of
    texts, and of `members` a list of titles with what each shows. A `size` in bytes is shown in a larger
    `unit`, and is `exact`.
    """

    kind: Kind
    value: Json = None
    unit: str = ""
    more: int = 0
    exact: int | float | None = None


NOTHING = Shown("empty")


def shown(value: Json, schema: JsonObject, document: JsonObject) -> Shown:
    """Return how to show a value; `document` is the declaration in which the schema's references are."""
    if value is None or value in ("", [], {}):
        return NOTHING
    rules = resolved(schema, document)
    if isinstance(value, _SCALARS):
        return _scalar(value, rules)
    if isinstance(value, list) and all(isinstance(each, _SCALARS) for each in value):
        texts = [_cut(each if isinstance(each, str) else canonical_text(each)) for each in value[:MOST_ITEMS]]
        return Shown("texts", texts, more=max(0, len(value) - MOST_ITEMS))
    if isinstance(value, Mapping) and len(value) <= MOST_ITEMS:
        return Shown("members", [*_members(value, rules, document)])
    return _text(canonical_text(value), None)


def resolved(schema: Json, document: JsonObject) -> JsonObject:
    """Return a schema with what it refers to; nothing for one that is not an object."""
    if not isinstance(schema, Mapping):
        return {}
    if "$ref" not in schema:
        return schema
    try:
        return {**resolved(referenced(schema["$ref"], document), document), **schema}
    except (KeyError, IndexError):
        return schema


def title_of(name: str, rules: JsonObject) -> str:
    """Return what people call a field or a member."""
    return str(rules.get("title") or name)


def is_objects(value: Json) -> bool:
    """Return whether a value is a list with objects, which is shown as a table."""
    return isinstance(value, list) and any(isinstance(each, Mapping) for each in value)


def _scalar(value: str | float, rules: JsonObject) -> Shown:
    if isinstance(value, bool):
        return Shown("truth", value)
    if isinstance(value, str):
        return _text(value, rules.get("format"))
    unit = rules.get("x-unit", "")
    return _size(value) if unit == "B" else Shown("number", value, unit)


def _size(size: float) -> Shown:
    """Return a number of bytes in the largest unit of which there is one at least (powers of 1,000)."""
    power = next((power for power in (4, 3, 2, 1) if abs(size) >= 1000**power), 0)
    return Shown("size", round(size / 1000**power, 1), SIZES[power], exact=size)


def _members(value: JsonObject, rules: JsonObject, document: JsonObject) -> Iterator[tuple[str, Shown]]:
    properties = rules.get("properties", {})
    for name, member in value.items():
        inner = resolved(properties.get(name), document)
        # One level deep: what is inside a member is shown as JSON.
        plain = canonical_text(member) if isinstance(member, Mapping) and member else member
        yield title_of(name, inner), shown(plain, inner, document)


def _text(text: str, form: Json) -> Shown:
    try:
        if form == "date-time":
            moment = datetime.fromisoformat(text)
            return Shown("time", moment) if moment.tzinfo else Shown("text", _cut(text))
        if form == "date":
            return Shown("day", date.fromisoformat(text))
    except ValueError:
        pass
    return Shown("text", _cut(text), more=max(0, len(text) - LONGEST))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[:LONGEST]
