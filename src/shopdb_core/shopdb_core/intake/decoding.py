"""The text of a body, in the encodings that PowerShell 5.1 sends without saying so (contract, section 2).

The reference reader of strict JSON: the standard library's, with what RFC 8259 leaves open decided.

One object at the top, no name twice in one object, at most 20 levels, no NaN or Infinity.

Strict JSON, fast: orjson reads, and is believed where it can be shown that the reference would agree.

orjson keeps the last of two equal names and turns integers beyond 64 bits into floats, both silently.

The object in a body, and what its sender should know about how it was written.
"""

import codecs
import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import NoReturn

import orjson

from shopdb_core.errors import MalformedBody
from shopdb_core.intake.http_body import Body
from shopdb_core.intake.scan import DocumentScan, scan_document
from shopdb_core.json_text import quoted
from shopdb_hookspecs import Json

_BYTE_ORDER_MARK = "\ufeff"
_UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A body as text, without its byte order mark, and what its sender should know."""

    text: str
    warnings: tuple[str, ...] = ()


def decode(content: bytes, codec: str | None) -> Decoded:
    """Decode a body by its declared codec, else as what it looks like: UTF-16 with a mark, UTF-8, ISO-8859-1.

    Raises MalformedBody where the bytes do not decode.
    """
    if codec is not None:
        return _without_mark(_decoded(content, codec))
    if content.startswith(_UTF_16_MARKS):
        return Decoded(_decoded(content, "utf-16"), ("body: was read as UTF-16; send UTF-8",))
    try:
        return _without_mark(content.decode())
    except UnicodeDecodeError:
        warning = "body: is not UTF-8 and was read as ISO-8859-1; send UTF-8 and `charset=utf-8`"
        return Decoded(content.decode("iso-8859-1"), (warning,))


def decode_line(content: bytes, codec: str | None) -> Decoded:
    """Decode one line of a body as `decode` does; UTF-16 is refused, since its lines cannot be told apart."""
    if content.startswith(_UTF_16_MARKS):
        raise MalformedBody("The line begins as UTF-16 does; NDJSON is read as UTF-8 only.")
    return decode(content, codec)


def _decoded(content: bytes, codec: str) -> str:
    try:
        return content.decode(codec)
    except UnicodeDecodeError as error:
        raise MalformedBody(f"The body is not valid {codec} at byte {error.start}; send UTF-8.") from error


def _without_mark(text: str) -> Decoded:
    if not text.startswith(_BYTE_ORDER_MARK):
        return Decoded(text)
    return Decoded(text[1:], ("body: began with a byte order mark, which was skipped; leave it out",))


DEEPEST = 20

_LONGEST_INTEGER = 4_000
_STRING_OR_BRACKET = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]', re.DOTALL)


def parse_with_stdlib(text: str) -> dict[str, Json]:
    """Parse one strict JSON object; raises MalformedBody with the place, never the text."""
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
            "The body is JSON but no object; send one object with the fields of the collector."
        )
    return document


def _check_depth(text: str) -> None:
    """Refuse what is too deep before a recursive parser sees it: the text decides, in one pass."""
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
        counts = Counter(name for name, _ in pairs)
        twice = counts.most_common(1)[0][0]
        raise MalformedBody(f"The name {quoted(twice)} stands twice in one object; send it once.")
    return members


def _refuse_constant(constant: str) -> NoReturn:
    raise MalformedBody(f"The body has {constant}, which is no JSON; send null or leave the field out.")


def _integer(digits: str) -> int | float:
    """Read an integer; what Python would not convert becomes infinite, so that it is refused as too large."""
    return int(digits) if len(digits) <= _LONGEST_INTEGER else float(digits)


_SPACED_COLON = re.compile(r'"[ \t\r\n]+:')
_BEYOND_INTEGERS = float(2**63)


@dataclass(frozen=True, slots=True)
class Parsed:
    """An object, and what was found in it on the way."""

    document: dict[str, Json]
    contents: DocumentScan


def parse(text: str) -> dict[str, Json]:
    """Parse one strict JSON object of at most 20 levels; raises MalformedBody with the place of the fault."""
    return parse_with_contents(text).document


def parse_with_contents(text: str) -> Parsed:
    """Parse as `parse` does, and spare the next step its walk through the document."""
    parsed = _read_fast(text)
    if parsed is None:
        document = parse_with_stdlib(text)
        return Parsed(document, scan_document(document))
    return parsed


def _read_fast(text: str) -> Parsed | None:
    """Give the document where nothing can be wrong with it, `None` where the reference has to decide."""
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(document, dict):
        return None
    contents = scan_document(document)
    return Parsed(document, contents) if _is_proven(contents, text) else None


def _is_proven(contents: DocumentScan, text: str) -> bool:
    rounded = any(isinstance(value, float) and abs(value) >= _BEYOND_INTEGERS for value in contents.numbers)
    return contents.depth <= DEEPEST and not rounded and _has_every_name(contents, text)


def _has_every_name(contents: DocumentScan, text: str) -> bool:
    """Compare with the quotes in the text: whatever was lost had some, so too many are left over.

    A text with escaped quotes has too many, too: there only those before a colon are counted, one a name.
    """
    names = len(contents.names)
    if text.count('"') == 2 * (names + len(contents.strings)):
        return True
    return names == text.count('":') + len(_SPACED_COLON.findall(text))


@dataclass(frozen=True, slots=True)
class Document:
    """The object, and a warning for each liberty that its encoding took."""

    content: dict[str, Json]
    contents: DocumentScan
    warnings: tuple[str, ...]


def read_document(body: Body) -> Document:
    """Decode and parse a body; raises `MalformedBody`."""
    decoded = decode(body.content, body.codec)
    parsed = parse_with_contents(decoded.text)
    return Document(parsed.document, parsed.contents, decoded.warnings)
