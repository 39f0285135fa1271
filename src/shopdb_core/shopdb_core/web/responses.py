"""How answers are written: JSON by orjson, lists in pages, tables as CSV."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from hashlib import blake2b
from itertools import chain
from tempfile import SpooledTemporaryFile
from typing import IO

import falcon
import orjson
from falcon.media import JSONHandler

from shopdb_core.errors import Unavailable
from shopdb_core.json_text import canonical
from shopdb_core.store import Store
from shopdb_core.store.paging import Page
from shopdb_core.web.request import WebApp
from shopdb_hookspecs import Json, JsonObject

PROBLEM = "application/problem+json"
CSV = "text/csv"

# Times in UTC end in `Z`. SQLAlchemy's names of columns are a subclass of `str`.
_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS

BLOCK_BYTES = 64 * 1024
"""How much of an answer is sent at once; a shorter one has a Content-Length."""

SPOOLED_BYTES = 1024 * 1024
"""How much of a file is kept in memory; the rest is on the disk."""

# With their full-width forms, which a spreadsheet of an East Asian locale takes for the same characters.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def install(app: WebApp) -> None:
    """Let `app` write JSON and problem documents."""
    handler = JSONHandler(dumps=partial(orjson.dumps, option=_OPTIONS), loads=orjson.loads)
    app.resp_options.media_handlers.update({falcon.MEDIA_JSON: handler, PROBLEM: handler})


def write_cached(req: falcon.Request, resp: falcon.Response, content: JsonObject) -> None:
    """Answer with an entity tag (RFC 9110, section 8.8.3), or 304 to a client that has this content."""
    etag = falcon.ETag(blake2b(canonical(content), digest_size=12).hexdigest())
    resp.etag = etag
    resp.cache_control = ["private", "no-cache"]
    if req.if_none_match and any(given in ("*", etag) for given in req.if_none_match):
        resp.status = falcon.HTTP_304
    else:
        resp.media = content


def json_line(answer: Json) -> bytes:
    """Return one line of an NDJSON answer."""
    return orjson.dumps(answer, option=_OPTIONS | orjson.OPT_APPEND_NEWLINE)


def page(items: Sequence[JsonObject], limit: int, cursor: str) -> JsonObject:
    """Return the envelope of a list; `items` has one item more than `limit` if another page follows.

    `next` is the value of `cursor` in the last item, the `after` of the following page; `None` on the last.
    """
    return {"items": items[:limit], "next": items[limit - 1][cursor] if len(items) > limit else None}


def answer_list(
    req: falcon.Request, resp: falcon.Response, store: Store, read: Callable[..., Sequence[Json]], cursor: str
) -> None:
    """Answer with the page of a list that the query asks for.

    `read` is called with a connection and the parameters of the query, of which `limit` is one more than is
    asked for. `cursor` is as in `page`.
    """
    query = dict(req.context.query)
    limit = query.pop("limit")
    items = store.read(lambda connection: read(connection, limit=limit + 1, **query))
    resp.media = page(items, limit, cursor)


def write_page(resp: falcon.Response, page: Page) -> None:
    """Answer with a page in the envelope of a list."""
    write_list(resp, map(json_item, page.items), page.next)


def json_item(item: Json) -> bytes:
    """Return one item of a list as JSON."""
    return orjson.dumps(item, option=_OPTIONS)


def write_list(
    resp: falcon.Response, items: Iterable[bytes], following: int | str | None, **head: Json
) -> None:
    """Answer with an object of `head`, `items` and `next`; a long answer is sent in blocks."""
    blocks = _blocks(_list_parts(items, following, head))
    first, second = next(blocks), next(blocks, None)
    resp.content_type = falcon.MEDIA_JSON
    if second is None:
        resp.data = first
    else:
        resp.stream = chain((first, second), blocks)


def _list_parts(items: Iterable[bytes], following: int | str | None, head: JsonObject) -> Iterator[bytes]:
    yield json_item(head)[:-1] + (b',"items":[' if head else b'"items":[')
    for number, item in enumerate(items):
        yield b"," + item if number else item
    yield b'],"next":%b}' % json_item(following)


def _blocks(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the parts joined into blocks, since the server sends each block by itself."""
    block = bytearray()
    for part in parts:
        block += part
        if len(block) >= BLOCK_BYTES:
            yield bytes(block)
            block.clear()
    if block:
        yield bytes(block)


class FileStream:
    """Yields a file in blocks; the server closes it when the answer was sent or broken off (PEP 3333)."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def __iter__(self) -> Iterator[bytes]:
        return iter(partial(self._file.read, BLOCK_BYTES), b"")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def write_csv(resp: falcon.Response, file: IO[bytes]) -> None:
    """Answer with a file of `csv_file`."""
    resp.content_type = f"{CSV}; charset=utf-8"
    length = file.tell()
    file.seek(0)
    resp.set_stream(FileStream(file), length)


def csv_file(columns: Sequence[str], rows: Iterable[Sequence[Json]]) -> IO[bytes]:
    """Return a table as CSV (RFC 4180) with a header line, which a spreadsheet shows and does not execute.

    Every cell is quoted: a spreadsheet that splits at another separator must not find a cell inside a cell.

    The table is in a temporary file, which is kept in memory while it is small, and is open at its end. The
    caller closes it. Raises `Unavailable` if the disk for it is full.
    """
    file = SpooledTemporaryFile(SPOOLED_BYTES)  # noqa: SIM115  # the caller closes it
    try:
        _write_table(file, columns, rows)
    except BaseException:
        file.close()
        raise
    return file


def _write_table(file: IO[bytes], columns: Sequence[str], rows: Iterable[Sequence[Json]]) -> None:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow([_inert(column) for column in columns])
    for row in rows:
        cells = [_inert(cell) for cell in row]
        with _disk_for_files():
            writer.writerow(cells)
    with _disk_for_files():
        text.detach()


@contextmanager
def _disk_for_files() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(f"The file could not be written to the temporary directory: {error}.") from error


def _inert(cell: Json) -> Json:
    """Put an apostrophe before what a spreadsheet would take for a formula (OWASP, CSV injection)."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell
