"""JSON in one canonical form: sorted keys, no white space, UTF-8.

JSON pointers (RFC 6901) into declarations and submissions.

How names and places of a submission appear in sentences: short, printable, safe to encode.
"""

from collections.abc import Iterable
from typing import TypeAlias

import orjson

from shopdb_hookspecs import Json


def canonical(value: Json) -> bytes:
    """Return the canonical bytes; raises `TypeError` for what JSON or 64 bits cannot hold."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def canonical_text(value: Json) -> str:
    """Return the canonical form as text, as it is stored."""
    return canonical(value).decode()


def canonical_objects(objects: list[Json]) -> list[bytes]:
    """Return bytes for each object of a list that are equal where the objects are the same JSON.

    All are written at once and taken apart, at a tenth of what writing them one by one costs: indented by
    two, an object of the list begins a line, and nothing inside a string or a deeper object looks like it.
    """
    if not objects:
        return []
    lines = orjson.dumps(objects, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2)
    return lines.removeprefix(b"[\n  {").removesuffix(b"\n]").split(b",\n  {")


def step(key: str | int) -> str:
    """Return one escaped key of a pointer, with its leading slash."""
    return "/" + str(key).replace("~", "~0").replace("/", "~1")


def pointer(path: Iterable[str | int]) -> str:
    """Join the keys and indexes of a path; the empty path is the whole document."""
    return "".join(step(key) for key in path)


def keys(place: str) -> list[str]:
    """Return the unescaped keys of a pointer, indexes as text; the empty pointer has none."""
    return [key.replace("~1", "/").replace("~0", "~") for key in place.split("/")[1:]]


Path: TypeAlias = tuple[str | int, ...]
"""The member names and item numbers that lead from a document to one of its values."""

LONGEST = 80


def quoted(text: str) -> str:
    """Give at most 80 characters of a text, with what cannot be printed written as escapes."""
    start = text[:LONGEST]
    printable = start if start.isprintable() else repr(start)[1:-1]
    if len(text) <= LONGEST and len(printable) <= LONGEST:
        return printable
    return printable[: LONGEST - 1] + "…"


def quoted_pointer(path: Path) -> str:
    """Give the JSON pointer (RFC 6901) to a place; a name that cannot be shown whole is shortened."""
    return "".join(step(quoted(str(token))) for token in path)
