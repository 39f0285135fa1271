"""A list of objects as a table: a column for each member, a filter, and pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from shopdb_core.console.asset.fields import Listed
from shopdb_core.console.asset.values import Shown, resolved, shown, title_of
from shopdb_core.json_text import canonical_text
from shopdb_hookspecs import Json, JsonObject

ROWS = 100
"""The rows of one page."""
MOST_COLUMNS = 20

VALUE = ""
"""The column of items that are not objects."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its member, its title and unit, and whether it has numbers."""

    name: str
    title: str
    unit: str
    isnumber: bool


@dataclass(frozen=True, slots=True)
class Table:
    """One page of a table: `found` items fit the filter, of which the page begins after the first `skip`."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Shown]]
    found: int
    skip: int

    @property
    def next(self) -> int | None:
        """How many items come before the following page, `None` on the last."""
        end = self.skip + len(self.rows)
        return end if end < self.found else None


def table_of(
    listed: Listed, document: JsonObject, *, text: str = "", skip: int = 0, limit: int = ROWS
) -> Table:
    """Return a page of a list of objects; `text` is in every item of it, in any case."""
    rules = resolved(listed.rules.get("items"), document)
    properties: JsonObject = rules.get("properties", {})
    columns = [_column(name, resolved(properties.get(name), document)) for name in _names(listed, properties)]
    wanted = text.strip().casefold()
    found = [item for item in listed.items if _has(item, wanted)] if wanted else listed.items
    rows = [
        [shown(_member(item, each.name), properties.get(each.name, {}), document) for each in columns]
        for item in found[skip : skip + limit]
    ]
    return Table(columns, rows, len(found), skip)


def _names(listed: Listed, properties: JsonObject) -> list[str]:
    """Return the members of which any item has a value, those that are declared first."""
    items = [each for each in listed.items if isinstance(each, dict)]
    present = dict.fromkeys(chain.from_iterable(items))
    ordered = [name for name in properties if name in present]
    ordered += [name for name in present if name not in properties]
    used = [name for name in ordered if any(item.get(name) is not None for item in items)]
    return [*([VALUE] if len(items) < len(listed.items) else []), *used][:MOST_COLUMNS]


def _member(item: Json, name: str) -> Json:
    value = item.get(name) if isinstance(item, Mapping) else item if name == VALUE else None
    # A cell has no table in it.
    return canonical_text(value) if isinstance(value, Mapping) else value


def _column(name: str, rules: JsonObject) -> Column:
    types = rules.get("type", ())
    numeric = {"integer", "number"} & {types if isinstance(types, str) else "", *(types or ())}
    unit = rules.get("x-unit", "")
    return Column(name, title_of(name, rules), "" if unit == "B" else unit, bool(numeric))


def _has(item: Json, wanted: str) -> bool:
    """Return whether any value inside an item has the text."""
    if isinstance(item, Mapping):
        return any(_has(value, wanted) for value in item.values())
    if isinstance(item, list):
        return any(_has(value, wanted) for value in item)
    return item is not None and wanted in (item if isinstance(item, str) else canonical_text(item)).casefold()
