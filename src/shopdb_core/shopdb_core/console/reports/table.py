"""`Table`: a page of a report's rows as cells: what kind of value each has, and to which asset it leads."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from shopdb_hookspecs import Json

ASSETID = "assetid"
IDENTITY = "identityvalue"
"""Columns that name an asset: by its id, or by its identity among the assets of the report's plugin."""

LONGEST_CELL = 300
"""How many characters of a text are shown; the CSV has all of them."""

CellKind = Literal["none", "flag", "number", "time", "text"]

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True, slots=True)
class Cell:
    """One value; `assetid` is the asset that it names, and `cut` whether its text is longer than shown."""

    value: Json
    kind: CellKind
    assetid: int | None = None

    @property
    def text(self) -> str:
        """What is shown of a text."""
        return as_text(self.value)[:LONGEST_CELL]

    @property
    def cut(self) -> bool:
        """Whether the value is longer than its text here."""
        return self.kind == "text" and len(as_text(self.value)) > LONGEST_CELL


@dataclass(frozen=True, slots=True)
class Table:
    """A page of rows: `first` is the number of its first one, from 1; `numbers` names columns of numbers."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    first: int
    more: bool
    numbers: frozenset[str]

    @property
    def is_whole(self) -> bool:
        """Whether these are all rows of the report."""
        return self.first == 1 and not self.more

    def sorted_by(self, column: str, *, descending: bool) -> "Table":
        """Return the rows of this page in the order of a column; those without a value come last."""
        place = self.columns.index(column)
        given = [row for row in self.rows if row[place].kind != "none"]
        without = [row for row in self.rows if row[place].kind == "none"]
        given.sort(key=lambda row: _order(row[place]), reverse=descending)
        return replace(self, rows=(*given, *without))

    def identities(self) -> set[str]:
        """Return the identities whose assets are not known, because the rows have no `assetid`."""
        if ASSETID in self.columns or IDENTITY not in self.columns:
            return set()
        place = self.columns.index(IDENTITY)
        return {row[place].value for row in self.rows if row[place].kind == "text"}

    def linked(self, assetids: Mapping[str, int]) -> "Table":
        """Return the table with the assets of these identities."""
        place = self.columns.index(IDENTITY)

        def link(row: tuple[Cell, ...]) -> tuple[Cell, ...]:
            cell = row[place]
            assetid = assetids.get(cell.value) if cell.kind == "text" else None
            return (*row[:place], replace(cell, assetid=assetid), *row[place + 1 :])

        return replace(self, rows=tuple(map(link, self.rows)))


def make_table(columns: Sequence[str], rows: Iterable[Sequence[Json]], after: int, *, more: bool) -> Table:
    """Return a page of a report's rows, of which `after` come before."""
    cells = tuple(_cells(columns, row) for row in rows)
    numbers = frozenset(
        column
        for place, column in enumerate(columns)
        if column != ASSETID and {row[place].kind for row in cells} - {"none"} == {"number"}
    )
    return Table(tuple(columns), cells, after + 1, more, numbers)


def as_text(value: Json) -> str:
    """Return a value as it is shown where it is a text."""
    return "" if value is None else str(value)


def _cells(columns: Sequence[str], row: Sequence[Json]) -> tuple[Cell, ...]:
    assetid = dict(zip(columns, row, strict=True)).get(ASSETID)
    known = assetid if isinstance(assetid, int) and not isinstance(assetid, bool) else None
    return tuple(
        Cell(value, _kind(value), known if column in (ASSETID, IDENTITY) else None)
        for column, value in zip(columns, row, strict=True)
    )


def _kind(value: Json) -> CellKind:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, (int, float)):
        return "number"
    return "time" if isinstance(value, str) and _TIME.fullmatch(value) else "text"


def _order(cell: Cell) -> tuple[int, float, str]:
    """Return the key to sort by: numbers by their size, then texts without regard to case."""
    if cell.kind in ("number", "flag"):
        return 0, cell.value, ""
    return 1, 0, as_text(cell.value).casefold()
