"""From the bytes of a body to its JSON object: decode the text, then parse strict JSON (contract, section 2).

Strict JSON is one object (RFC 8259) of at most 20 levels, without duplicate keys, `NaN` and `Infinity`.
orjson parses first, but keeps the last of two equal keys and turns integers beyond 64 bits into floats. Where
that may have happened, and for every error, the standard library's parser decides (ADR 0003).
"""

import codecs
import gc
import json
import re
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn, TypeAlias

import orjson

from shopdb_core.errors import MalformedBody
from shopdb_core.intake.http_body import Body
from shopdb_core.intake.lists import NO_LISTS, KnownList, ListMemory, Lists
from shopdb_core.intake.scan import DocumentScan, scan_document
from shopdb_core.json_text import printable
from shopdb_hookspecs import Json

DEEPEST = 20

_LARGE = 256 * 1024
"""From this number of characters on, a text is parsed without collections of garbage."""

_BYTE_ORDER_MARK = "\ufeff"
_UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LONGEST_INTEGER = 4_000
_BEYOND_INTEGERS = float(2**63)
_STRING_OR_BRACKET = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]', re.DOTALL)
_SPACED_COLON = re.compile(r'"[ \t\r\n]+:')


@dataclass(frozen=True, slots=True)
class Decoded:
    """A body as text, without its byte order mark, and warnings for its sender."""

    text: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """The object in a body, its scan without the known `lists`, and warnings about its encoding."""

    content: dict[str, Json]
    scan: DocumentScan
    lists: Lists
    warnings: tuple[str, ...]


def read_document(body: Body, memory: ListMemory | None = None) -> Document:
    """Decode and parse a body; raises `MalformedBody`. Long lists are looked up in `memory`."""
    decoded = decode(body.content, body.codec)
    content, scan, lists = _parse_and_scan(decoded.text, memory)
    return Document(content, scan, lists, decoded.warnings)


@contextmanager
def _collection_paused() -> Iterator[None]:
    """Pause the collection of garbage while a large text is parsed.

    Half a million small lists would start hundreds of collections, which take four times as long as parsing,
    and no other thread runs until the parser returns. The objects that are made here cannot be garbage yet.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def decode(content: bytes, codec: str | None) -> Decoded:
    """Decode a body by its declared codec, else by what PowerShell 5.1 sends without declaring it.

    That is UTF-16, UTF-8, or ISO-8859-1. Raises `MalformedBody` for bytes that do not decode.
    """
    utf_16 = _utf_16(content) if b"\x00" in content[:2] else None
    if codec is not None:
        return _without_mark(_decoded(content, _declared(codec, utf_16) if utf_16 else codec))
    if content.startswith(_UTF_16_MARKS):
        return Decoded(_decoded(content, "utf-16"), ("body: was read as UTF-16; send UTF-8",))
    if utf_16:
        warning = "body: was read as UTF-16, although it has no byte order mark; send UTF-8"
        return Decoded(_decoded(content, utf_16), (warning,))
    try:
        return _without_mark(content.decode())
    except UnicodeDecodeError:
        warning = "body: is not UTF-8 and was read as ISO-8859-1; send UTF-8 and `charset=utf-8`"
        return Decoded(content.decode("iso-8859-1"), (warning,))


def _utf_16(content: bytes) -> str | None:
    """Return the codec of UTF-16 without a byte order mark: one of the first two bytes of JSON is NUL.

    JSON begins with an ASCII character, and no text in another encoding has a NUL there.
    """
    first, second = content[:1], content[1:2]
    if first != second == b"\x00":
        return "utf-16-le"
    return "utf-16-be" if second and second != first == b"\x00" else None


def _declared(codec: str, utf_16: str) -> str:
    """Return the codec of a UTF-16 body; raises `MalformedBody` if another charset is declared."""
    if not codec.startswith("utf-16"):
        raise MalformedBody(f"The body is UTF-16, but its charset is declared as {codec}; send UTF-8.")
    return utf_16 if codec == "utf-16" else codec


def begins_as_utf_16(content: bytes) -> bool:
    """Return whether a text is UTF-16, with a byte order mark or without one."""
    return content.startswith(_UTF_16_MARKS) or b"\x00" in content[:2]


def _decoded(content: bytes, codec: str) -> str:
    try:
        return content.decode(codec)
    except UnicodeDecodeError as error:
        raise MalformedBody(f"The body is not valid {codec} at byte {error.start}; send UTF-8.") from error


def _without_mark(text: str) -> Decoded:
    if not text.startswith(_BYTE_ORDER_MARK):
        return Decoded(text)
    return Decoded(text[1:], ("body: began with a byte order mark, which was skipped; leave it out",))


_Parsed: TypeAlias = tuple[dict[str, Json], DocumentScan, Lists]


def _parse_and_scan(text: str, memory: ListMemory | None) -> _Parsed:
    """Parse one strict JSON object; raises `MalformedBody` with the place of the error, never the text."""
    if len(text) < _LARGE:
        return _parse_with_orjson(text, memory)
    with _collection_paused():
        return _parse_with_orjson(text, memory)


def _parse_with_orjson(text: str, memory: ListMemory | None) -> _Parsed:
    """Parse a text, with the standard library where orjson is not faithful."""
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        document = None
    if isinstance(document, dict):
        lists = memory.look_up(document) if memory else NO_LISTS
        scan = lists.scan(document)
        if _is_faithful(scan, lists.known.values(), text):
            return document, scan, lists
    document = parse_with_stdlib(text)
    return document, scan_document(document), NO_LISTS


def _is_faithful(scan: DocumentScan, known: Collection[KnownList], text: str) -> bool:
    """Return whether orjson neither dropped a key nor rounded an integer, and the depth is allowed.

    `known` are the lists that the scan leaves out: they are not too deep, and have no rounded integers.
    """
    if scan.depth > DEEPEST:
        return False
    if any(isinstance(value, float) and abs(value) >= _BEYOND_INTEGERS for value in scan.numbers):
        return False
    names = len(scan.names) + sum(each.names for each in known)
    strings = len(scan.strings) + sum(each.strings for each in known)
    return _has_every_name(names, strings, text)


def _has_every_name(names: int, strings: int, text: str) -> bool:
    """Compare the number of names with the quotes in the text: a dropped member leaves quotes over.

    A text with escaped quotes has quotes left over, too: then the quotes before a colon are counted, one for
    each name.
    """
    if text.count('"') == 2 * (names + strings):
        return True
    return names == text.count('":') + len(_SPACED_COLON.findall(text))


def parse_with_stdlib(text: str) -> dict[str, Json]:
    """Parse one strict JSON object with the standard library alone: slower, and the reference for orjson."""
    _check_depth(text)
    try:
        document = json.loads(
            text,
            object_pairs_hook=_unique_members,
            parse_constant=_refuse_constant,
            parse_int=_integer,
        )
    except json.JSONDecodeError as error:
        problem = error.msg.rstrip(": ").removesuffix(" at")
        line = f"line {error.lineno} " if "\n" in text else ""
        raise MalformedBody(f"The body is not JSON: {problem}, {line}column {error.colno}.") from error
    if not isinstance(document, dict):
        raise MalformedBody(
            "The body is JSON but not an object; send one object with the fields of the collector."
        )
    return document


def _check_depth(text: str) -> None:
    """Refuse a text with too many levels in one pass, before the recursive parser reads it."""
    depth = 0
    for token in _STRING_OR_BRACKET.finditer(text):
        match text[token.start()]:
            case "[" | "{":
                depth += 1
            case "]" | "}":
                depth -= 1
        if depth > DEEPEST:
            raise MalformedBody(
                f"The body is nested deeper than {DEEPEST} levels, at character {token.start() + 1}."
            )


def _unique_members(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) < len(pairs):
        key = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise MalformedBody(f"The body has the duplicate key {printable(key)} in one object; send it once.")
    return members


def _refuse_constant(constant: str) -> NoReturn:
    raise MalformedBody(f"The body has {constant}, which is not JSON; send null or leave the field out.")


def _integer(digits: str) -> int | float:
    """Convert an integer; one with more digits than Python converts becomes infinity, and is not storable."""
    return int(digits) if len(digits) <= _LONGEST_INTEGER else float(digits)
