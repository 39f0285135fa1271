"""The lines of an NDJSON body, one after another; none is in memory beyond its limit."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shopdb_core.errors import PayloadTooLarge, RequestError
from shopdb_core.intake.chunks import CHUNK_BYTES, Limit


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
