"""JSON as text: one canonical form, pointers (RFC 6901), and short printable texts for messages."""

from collections.abc import Iterable
from typing import TypeAlias

import orjson

from shopdb_hookspecs import Json

LONGEST = 80

JsonPath: TypeAlias = tuple[str | int, ...]
"""The member names and array indexes that lead from a document to one of its values."""


def canonical(value: Json) -> bytes:
    """Return UTF-8 with sorted keys and without white space.

    Raises `TypeError` for what JSON cannot hold, and for integers beyond 64 bits.
    """
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def canonical_text(value: Json) -> str:
    """Return the canonical form as text, as it is stored."""
    return canonical(value).decode()


def canonical_objects(objects: list[Json]) -> list[bytes]:
    """Return bytes for each object of a list; they are equal exactly where the objects are the same JSON.

    One call writes all objects, which takes a tenth of the time of one call each, and the text is split
    afterwards: with an indent of two, only an object of the list itself begins a line with two blanks.
    """
    if not objects:
        return []
    lines = orjson.dumps(objects, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2)
    return lines.removeprefix(b"[\n  {").removesuffix(b"\n]").split(b",\n  {")


def pointer_token(key: str | int) -> str:
    """Return one escaped key or index of a pointer, with its leading slash."""
    return "/" + str(key).replace("~", "~0").replace("/", "~1")


def pointer(path: Iterable[str | int]) -> str:
    """Return the pointer for a path; the empty path is the whole document."""
    return "".join(pointer_token(key) for key in path)


def pointer_keys(text: str) -> list[str]:
    """Return the unescaped keys of a pointer, indexes as text; an empty list for the empty pointer."""
    return [key.replace("~1", "/").replace("~0", "~") for key in text.split("/")[1:]]


def printable(text: str) -> str:
    """Return at most 80 characters of a text, with those that cannot be printed written as escapes."""
    start = text[:LONGEST]
    escaped = start if start.isprintable() else repr(start)[1:-1]
    if len(text) <= LONGEST and len(escaped) <= LONGEST:
        return escaped
    return escaped[: LONGEST - 1] + "…"


def printable_pointer(path: Iterable[str | int]) -> str:
    """Return the pointer for a path, with each key shortened and escaped as `printable` does."""
    return pointer(printable(str(key)) for key in path)
