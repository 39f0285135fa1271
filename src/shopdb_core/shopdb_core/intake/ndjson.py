"""A body with one submission a line (NDJSON), read line by line; a line beyond its limit is skipped."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shopdb_core.errors import MalformedBody, PayloadTooLarge, RequestError, UnsupportedMedia
from shopdb_core.intake.decoding import begins_as_utf_16
from shopdb_core.intake.http_body import (
    CHUNK_BYTES,
    NDJSON,
    Body,
    Limit,
    Readable,
    body_limit,
    check_mediatype,
    declared_codec,
    file_chunks,
    inflated,
    is_gzip,
    limited,
    spooled,
    stream_chunks,
)

MOST_LINES = 10_000
MOST_BYTES = 64 * 1024 * 1024

_BATCH_LIMIT = Limit(MOST_BYTES, "body", "send its lines as several batches")


@dataclass(frozen=True, slots=True)
class ReadLine:
    """One line of a batch, counted from 1: its body, or the `fault` that kept it from being read."""

    number: int
    content: Body | RequestError


def read_ndjson(
    stream: Readable,
    *,
    content_type: str | None,
    content_encoding: str | None,
    content_length: int | None,
    longest: int,
) -> Iterator[ReadLine]:
    """Check the headers, and return the lines that are not blank, each of at most `longest` bytes.

    Raises `UnsupportedMedia`, or `PayloadTooLarge` for an announced length; the limits hold for the body as
    sent and as inflated. An error in the body itself is the fault of the line where it occurs: a line that is
    too long is skipped, and no line follows a broken or too large body, or the first line beyond 10,000.
    """
    check_mediatype(content_type, NDJSON)
    codec = declared_codec(content_type)
    if codec is not None and codec.startswith("utf-16"):
        raise UnsupportedMedia("NDJSON is not read as UTF-16; send it as UTF-8.")
    inflates = is_gzip(content_encoding)
    _BATCH_LIMIT.check(content_length)
    body = limited(stream_chunks(stream, content_length, _BATCH_LIMIT), _BATCH_LIMIT)
    content = limited(spooled(body, inflated if inflates else file_chunks), _BATCH_LIMIT)
    return _lines(content, body_limit(longest, "line"), codec)


def _lines(chunks: Iterator[bytes], longest: Limit, codec: str | None) -> Iterator[ReadLine]:
    for number, line in enumerate(_raw_lines(chunks, longest), start=1):
        if number > MOST_LINES:
            yield ReadLine(number, _too_many())
            return
        if isinstance(line, RequestError):
            yield ReadLine(number, line)
        elif begins_as_utf_16(line):  # whose lines cannot be split as bytes
            fault = MalformedBody("The line begins as UTF-16 does; NDJSON is read as UTF-8 only.")
            yield ReadLine(number, fault)
        elif line.strip():
            yield ReadLine(number, Body(line, codec))


def _too_many() -> PayloadTooLarge:
    return PayloadTooLarge(
        f"A batch has at most {MOST_LINES} lines; this line and those after it were not read:"
        " send them as another batch."
    )


def _raw_lines(chunks: Iterator[bytes], longest: Limit) -> Iterator[bytes | RequestError]:
    """Yield each line without its end, or its error; ends after an error that `chunks` raises."""
    reader = io.BufferedReader(_ChunkReader(chunks), CHUNK_BYTES)
    try:
        while line := reader.readline(longest.size + len(b"\r\n")):
            content = line.rstrip(b"\r\n")
            yield content if len(content) <= longest.size else _skipped(reader, line, longest)
    except RequestError as fault:
        yield fault


def _skipped(reader: io.BufferedIOBase, line: bytes, longest: Limit) -> PayloadTooLarge:
    """Read on to the end of a line that is too long, and return the error for it."""
    while line and not line.endswith(b"\n"):
        line = reader.readline(CHUNK_BYTES)
    return longest.exceeded()


class _ChunkReader(io.RawIOBase):
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
