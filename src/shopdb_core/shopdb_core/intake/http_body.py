"""Which media types, charsets and content codings are read.

The bytes of a body, piece by piece: within a limit, whatever the client claims or compresses.

The bytes of a request, within the limit whatever the client claims or compresses.
"""

import io
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from gzip import BadGzipFile, GzipFile
from os import SEEK_END
from tempfile import SpooledTemporaryFile
from types import MappingProxyType
from typing import IO, Protocol

from shopdb_core.errors import MalformedBody, PayloadTooLarge, RequestError, UnsupportedMedia
from shopdb_core.json_text import quoted

JSON = "application/json"
NDJSON = "application/x-ndjson"

_CODECS: Mapping[str, str] = MappingProxyType(
    {
        "utf-8": "utf-8",
        "utf8": "utf-8",
        "utf-16": "utf-16",
        "utf-16le": "utf-16-le",
        "utf-16be": "utf-16-be",
        "iso-8859-1": "iso-8859-1",
        "windows-1252": "windows-1252",
        "us-ascii": "ascii",
    },
)
_CHARSET = re.compile(r';\s*charset\s*=\s*"?([^\s";]+)', re.IGNORECASE)


def check_mediatype(content_type: str | None, expected: str = JSON) -> None:
    """Raise UnsupportedMedia where the `Content-Type` header names anything but `expected`."""
    arrived = (content_type or "").partition(";")[0].strip()
    if arrived.lower() != expected:
        name = quoted(arrived) if arrived else "something without a media type"
        raise UnsupportedMedia(
            f"The body arrived as {name}; send `Content-Type: {expected}`"
            f" (in PowerShell: -ContentType '{expected}')."
        )


def declared_codec(content_type: str | None) -> str | None:
    """Give Python's name of the charset that the `Content-Type` header declares, `None` without one.

    Raises UnsupportedMedia for a charset that is not read.
    """
    declared = _CHARSET.search(content_type or "")
    if declared is None:
        return None
    codec = _CODECS.get(declared[1].lower())
    if codec is None:
        raise UnsupportedMedia(f"The charset {quoted(declared[1])} is not read; send the body as UTF-8.")
    return codec


def declared_line_codec(content_type: str | None) -> str | None:
    """Give what `declared_codec` gives; raises UnsupportedMedia for UTF-16 as well."""
    codec = declared_codec(content_type)
    if codec is not None and codec.startswith("utf-16"):
        raise UnsupportedMedia("NDJSON is not read as UTF-16; send it as UTF-8.")
    return codec


def is_gzip(content_encoding: str | None) -> bool:
    """Tell whether the body is compressed; raises UnsupportedMedia for any coding but gzip.

    `x-gzip` is the same coding (RFC 9110, section 8.4.1.3).
    """
    coding = (content_encoding or "identity").strip().lower()
    if coding not in {"identity", "gzip", "x-gzip"}:
        raise UnsupportedMedia(
            f"The content coding {quoted(coding)} is not read; send the body plain or as gzip."
        )
    return coding != "identity"


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


@dataclass(frozen=True, slots=True)
class Body:
    """The content, inflated, and the Python codec of its charset, `None` where none was declared."""

    content: bytes
    codec: str | None


def read_body(
    stream: Readable,
    *,
    content_type: str | None,
    content_encoding: str | None,
    content_length: int | None,
    limit: int,
    mediatype: str = JSON,
) -> Body:
    """Read a body that has at most `limit` bytes, both as sent and inflated.

    `content_length` is `None` where the body is chunked. Nothing is read before the headers are found good.
    Raises UnsupportedMedia (another media type, charset or coding), PayloadTooLarge, or MalformedBody
    (cut off, or not the gzip that it claims to be).
    """
    check_mediatype(content_type, mediatype)
    codec = declared_codec(content_type)
    inflates = is_gzip(content_encoding)
    most = body_limit(limit, "body")
    most.check(content_length)
    content = b"".join(within(sent(stream, content_length, most), most))
    return Body(b"".join(within(inflated(io.BytesIO(content)), most)) if inflates else content, codec)


def json_body(content: bytes, limit: int) -> Body:
    """Return the body of a request that posts `content` as `application/json`; raises as `read_body` does."""
    return read_body(
        io.BytesIO(content),
        content_type=JSON,
        content_encoding=None,
        content_length=len(content),
        limit=limit,
    )


def body_limit(size: int, thing: str) -> Limit:
    """Return the limit that the site sets for one submission."""
    return Limit(size, thing, "a site raises this with SHOPDB_MAX_BODY_BYTES")
