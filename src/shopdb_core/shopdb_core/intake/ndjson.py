"""The lines of an NDJSON body, one after another; none is in memory beyond its limit.

A body with one submission a line, read while its lines are asked for.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from shopdb_core.errors import PayloadTooLarge, RequestError
from shopdb_core.intake.decoding import decode_line, parse
from shopdb_core.intake.http_body import (
    CHUNK_BYTES,
    NDJSON,
    Limit,
    Readable,
    body_limit,
    check_mediatype,
    declared_line_codec,
    inflated,
    is_gzip,
    plain,
    received,
    sent,
    within,
)
from shopdb_hookspecs import Json


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its end, and its number from 1; with a `fault`, why there is no content."""

    number: int
    content: bytes
    fault: RequestError | None = None


def read_lines(chunks: Iterator[bytes], longest: Limit, most: int) -> Iterator[Line]:
    """Yield the lines that are not blank; blank ones are counted.

    A line that is too long is skipped, and yielded with its fault. The line behind the `most` allowed ones
    is yielded with a fault, too, and the one where `chunks` raises a `RequestError`; after that comes none.
    """
    for number, found in enumerate(_contents(chunks, longest), start=1):
        if number > most:
            yield Line(number, b"", _too_many(most))
            return
        if isinstance(found, RequestError):
            yield Line(number, b"", found)
        elif found.strip():
            yield Line(number, found)


def _contents(chunks: Iterator[bytes], longest: Limit) -> Iterator[bytes | RequestError]:
    reader = io.BufferedReader(_Raw(chunks), CHUNK_BYTES)
    try:
        while line := reader.readline(longest.size + len(b"\r\n")):
            content = line.rstrip(b"\r\n")
            yield content if len(content) <= longest.size else _skipped(reader, line, longest)
    except RequestError as fault:
        yield fault


def _skipped(reader: io.BufferedIOBase, line: bytes, longest: Limit) -> PayloadTooLarge:
    """Read on to the end of a line that is too long, and return its fault."""
    while line and not line.endswith(b"\n"):
        line = reader.readline(CHUNK_BYTES)
    return longest.passed()


def _too_many(most: int) -> PayloadTooLarge:
    return PayloadTooLarge(
        f"A batch has at most {most} lines; this one and those behind it were not read: send them as another."
    )


class _Raw(io.RawIOBase):
    """Chunks, none of them empty, in the form that `io.BufferedReader` reads from."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._chunk = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._chunk or next(self._chunks, b"")
        size = min(len(buffer), len(chunk))
        buffer[:size], self._chunk = chunk[:size], chunk[size:]
        return size


MOST_LINES = 10_000
MOST_BYTES = 64 * 1024 * 1024

_WHOLE = Limit(MOST_BYTES, "body", "send its lines as several batches")


@dataclass(frozen=True, slots=True)
class ReadLine:
    """One line of a batch: the object in it, `size` bytes long, or the `fault` that leaves it empty.

    `warnings` tell of the liberties that its encoding took.
    """

    number: int
    size: int = 0
    content: dict[str, Json] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    fault: RequestError | None = None


def read_ndjson(
    stream: Readable,
    *,
    content_type: str | None,
    content_encoding: str | None,
    content_length: int | None,
    longest: int,
) -> Iterator[ReadLine]:
    """Return the lines, each of at most `longest` bytes; the headers are judged at once.

    Raises UnsupportedMedia, or PayloadTooLarge for an announced length; what is wrong with the body itself is
    the fault of the line where it shows. Limits hold for the body as sent and as inflated.
    """
    check_mediatype(content_type, NDJSON)
    codec = declared_line_codec(content_type)
    inflates = is_gzip(content_encoding)
    _WHOLE.check(content_length)
    body = within(sent(stream, content_length, _WHOLE), _WHOLE)
    content = within(received(body, inflated if inflates else plain), _WHOLE)
    lines = read_lines(content, body_limit(longest, "line"), MOST_LINES)
    return (_read(line, codec) for line in lines)


def _read(line: Line, codec: str | None) -> ReadLine:
    if line.fault:
        return ReadLine(line.number, fault=line.fault)
    try:
        decoded = decode_line(line.content, codec)
        return ReadLine(line.number, len(line.content), parse(decoded.text), decoded.warnings)
    except RequestError as fault:
        return ReadLine(line.number, fault=fault)
