"""The bytes of a body, piece by piece: within a limit, whatever the client claims or compresses."""

import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from gzip import BadGzipFile, GzipFile
from os import SEEK_END
from tempfile import SpooledTemporaryFile
from typing import IO, Protocol

from shopdb_core.errors import MalformedBody, PayloadTooLarge, RequestError

CHUNK_BYTES = 65_536
SPOOLED_BYTES = 1024 * 1024


class Readable(Protocol):
    """A binary stream, such as a WSGI server's `wsgi.input`."""

    def read(self, size: int, /) -> bytes:
        """Give at most `size` bytes, none at the end."""
        ...


@dataclass(frozen=True, slots=True)
class Limit:
    """The most bytes that a thing may have, and what its sender can do about more."""

    size: int
    thing: str
    advice: str

    def check(self, size: int | None) -> None:
        """Raise `PayloadTooLarge` for a size that is known, and beyond the limit."""
        if size is not None and size > self.size:
            raise self.passed()

    def passed(self) -> PayloadTooLarge:
        """Return the error for whatever goes on beyond the limit."""
        return PayloadTooLarge(f"The {self.thing} is larger than {self.size} bytes; {self.advice}.")


def sent(stream: Readable, content_length: int | None, limit: Limit) -> Iterator[bytes]:
    """Yield a body as it is sent: its whole length, or where it is chunked (`None`) a byte beyond the limit.

    Raises MalformedBody where it ends early.
    """
    left = limit.size + 1 if content_length is None else content_length
    while left > 0 and (chunk := _read(stream, min(left, CHUNK_BYTES))):
        left -= len(chunk)
        yield chunk
    if content_length is not None and left > 0:
        arrived = content_length - left
        raise MalformedBody(f"The body ended after {arrived} of {content_length} bytes; send it again.")


def _read(stream: Readable, size: int) -> bytes:
    """Read on; waitress has the whole body before it calls us, gunicorn raises in the middle of a bad one."""
    try:
        return stream.read(size)
    except Exception as error:  # each server has errors of its own
        raise MalformedBody("The body was cut off, or its chunks are malformed; send it again.") from error


def within(chunks: Iterable[bytes], limit: Limit) -> Iterator[bytes]:
    """Yield what the limit allows, and raise PayloadTooLarge where there is more."""
    left = limit.size
    for chunk in chunks:
        if allowed := chunk[:left]:
            yield allowed
        if len(chunk) > left:
            raise limit.passed()
        left -= len(chunk)


def received(chunks: Iterable[bytes], pieces: Callable[[IO[bytes]], Iterator[bytes]]) -> Iterator[bytes]:
    """Take in the whole body, on disk beyond a megabyte, and yield the `pieces` of it then.

    Raises at its end what it met. A client that reads nothing before it has sent all would wait for a server
    that answers meanwhile, and the server for it.
    """
    with SpooledTemporaryFile(SPOOLED_BYTES) as spool:
        fault = _filled(spool, chunks)
        spool.seek(0)
        try:
            yield from pieces(spool)
        except MalformedBody as error:  # as gzip that is cut off is, where the body is
            raise fault or error from None
    if fault:
        raise fault


def _filled(spool: IO[bytes], chunks: Iterable[bytes]) -> RequestError | None:
    """Write what comes until it ends, or until the fault that is returned."""
    try:
        for chunk in chunks:
            spool.write(chunk)
    except RequestError as fault:
        return fault
    return None


def plain(content: IO[bytes]) -> Iterator[bytes]:
    """Yield what a file holds, a piece at a time."""
    return iter(partial(content.read, CHUNK_BYTES), b"")


def inflated(compressed: IO[bytes]) -> Iterator[bytes]:
    """Yield what one gzip member holds, a piece at a time: no more is inflated than is asked for.

    Raises MalformedBody where the member is cut off or damaged, or more follows it.
    """
    size = 0
    try:
        for piece in iter(partial(GzipFile(fileobj=compressed, mode="rb").read1, CHUNK_BYTES), b""):
            size += len(piece)
            yield piece
    except (EOFError, BadGzipFile, zlib.error) as error:
        raise _not_one_member() from error
    if _last_size(compressed) != size & 0xFFFFFFFF:
        raise _not_one_member()


def _last_size(compressed: IO[bytes]) -> int | None:
    """Return the size, modulo 2^32, in the last member's trailer (RFC 1952): of all if it is the only one.

    `GzipFile` reads members in a row, and the zeros behind them, as one.
    """
    end = compressed.seek(0, SEEK_END)
    compressed.seek(max(0, end - 4))
    return int.from_bytes(compressed.read(), "little") if end else None


def _not_one_member() -> MalformedBody:
    return MalformedBody(
        "The body is not the gzip that `Content-Encoding` announces: it is damaged, cut off, or goes on after"
        " its end; send exactly one whole gzip member."
    )
