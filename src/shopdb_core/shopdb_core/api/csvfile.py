"""A table as CSV (RFC 4180) that a spreadsheet shows and does not execute."""

import csv
import io
from collections.abc import Iterable, Sequence

from shopdb_hookspecs import Json

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_file(columns: Sequence[str], rows: Iterable[Sequence[Json]]) -> str:
    """Return the table with a header line."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(columns)
    writer.writerows([_inert(cell) for cell in row] for row in rows)
    return buffer.getvalue()


def _inert(cell: Json) -> Json:
    """Put an apostrophe before what a spreadsheet would take for a formula (OWASP, CSV injection)."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell
