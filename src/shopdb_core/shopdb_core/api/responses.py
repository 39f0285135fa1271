"""How answers are written: JSON by orjson, lists in pages, tables as CSV."""

import csv
import io
from collections.abc import Iterable, Sequence
from functools import partial

import falcon
import orjson
from falcon.media import JSONHandler

from shopdb_core.api.request import WebApp
from shopdb_hookspecs import Json, JsonObject

PROBLEM = "application/problem+json"

# Times in UTC end in `Z`. SQLAlchemy's names of columns are a subclass of `str`.
_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS

# With their full-width forms, which a spreadsheet of an East Asian locale takes for the same characters.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def install(app: WebApp) -> None:
    """Let `app` write JSON and problem documents."""
    handler = JSONHandler(dumps=partial(orjson.dumps, option=_OPTIONS), loads=orjson.loads)
    app.resp_options.media_handlers.update({falcon.MEDIA_JSON: handler, PROBLEM: handler})


def json_line(answer: Json) -> bytes:
    """Return one line of an NDJSON answer."""
    return orjson.dumps(answer, option=_OPTIONS | orjson.OPT_APPEND_NEWLINE)


def page(items: list[JsonObject], limit: int, cursor: str) -> JsonObject:
    """Return the envelope of a list; `items` has one item more than `limit` if another page follows.

    `next` is the value of `cursor` in the last item, the `after` of the following page; `None` on the last.
    """
    return {"items": items[:limit], "next": items[limit - 1][cursor] if len(items) > limit else None}


def csv_file(columns: Sequence[str], rows: Iterable[Sequence[Json]]) -> str:
    """Return a table as CSV (RFC 4180) with a header line, which a spreadsheet shows and does not execute.

    Every cell is quoted: a spreadsheet that splits at another separator must not find a cell inside a cell.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL)
    writer.writerow([_inert(column) for column in columns])
    writer.writerows([_inert(cell) for cell in row] for row in rows)
    return buffer.getvalue()


def _inert(cell: Json) -> Json:
    """Put an apostrophe before what a spreadsheet would take for a formula (OWASP, CSV injection)."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell
