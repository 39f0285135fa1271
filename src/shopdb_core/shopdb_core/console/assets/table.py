"""The rows of the list: what each cell shows of a value, in few characters whatever the value is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from shopdb_core.console.asset.values import shown
from shopdb_core.console.assets.columns import Column
from shopdb_core.json_text import canonical_text
from shopdb_core.search.columns import Columns
from shopdb_hookspecs import Json, JsonObject

LONGEST = 160
"""Characters of a text in a cell; the page of the asset has the whole one."""

MOST_VALUES = 3
"""How many values of a list a cell shows."""

WIDE = 30
"""A longer text needs a wide column."""

Kind = Literal[
    "empty", "text", "mono", "number", "size", "truth", "state", "moment", "time", "day", "objects"
]


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell shows: `more` values are left out, or a text is `cut`.

    `value` is a text, number or truth; of a `moment` of ShopDB itself and a `time` in a field an aware
    datetime, of a `day` a date, and of `objects` their number. A `size` in bytes is shown in a larger `unit`.
    """

    kind: Kind
    value: Json = None
    unit: str = ""
    more: int = 0
    cut: bool = False

    @property
    def is_long(self) -> bool:
        """Whether it needs a wide column."""
        return self.kind == "text" and len(str(self.value)) > WIDE


EMPTY = Cell("empty")


def show_row(
    columns: Columns, described: Sequence[Column], label: Callable[[str], str]
) -> Callable[[Any], JsonObject]:
    """Return the function that makes an item of the page of a row of the list: its id, state and cells.

    The first column is the identity, which is not cut off. `label` returns what people call a type.
    """
    others = described[1:]

    def show(row: Any) -> JsonObject:
        values = [*columns.shown(row).values()][1:]
        own = {"assettype": _text(label(row.assettype)), "state": Cell("state", row.state)}
        cells = [
            own.get(column.name) or cell_of(value, column)
            for value, column in zip(values, others, strict=True)
        ]
        return {"assetid": row.assetid, "name": row.identityvalue, "state": row.state, "cells": cells}

    return show


def cell_of(value: Json, column: Column) -> Cell:
    """Return the cell of a value."""
    if value is None or value in ("", [], {}):
        return EMPTY
    if isinstance(value, list):
        return _of_list(value)
    if isinstance(value, Mapping):
        return _text(canonical_text(value))
    if column.istext and not isinstance(value, str):
        return Cell("moment" if isinstance(value, datetime) else "mono", value)
    found = shown(value, column.rules, column.document)
    if found.kind == "text":
        return _text(value)
    return Cell(found.kind, found.value, found.unit if found.kind == "size" else "")  # type: ignore[arg-type]  # of a scalar


def _of_list(values: Sequence[Json]) -> Cell:
    if any(isinstance(each, Mapping | list) for each in values):
        return Cell("objects", len(values))
    some = [each for each in values[:MOST_VALUES] if each is not None]
    texts = [each if isinstance(each, str) else canonical_text(each) for each in some]
    joined = _text(", ".join(texts))
    return Cell("text", joined.value, more=max(0, len(values) - MOST_VALUES), cut=joined.cut)


def _text(text: str) -> Cell:
    return Cell("text", text[:LONGEST], cut=len(text) > LONGEST)
