"""The bytes of a request, within the limit whatever the client claims or compresses."""

import zlib
from dataclasses import dataclass
from typing import Protocol

from shopdb_core.errors import MalformedBody, PayloadTooLarge
from shopdb_core.intake.media import JSON, check_mediatype, declared_codec, is_gzip

_CHUNK_BYTES = 65_536
_GZIP_WINDOW = 31


class Readable(Protocol):
    """A binary stream, such as a WSGI server's `wsgi.input`."""

    def read(self, size: int, /) -> bytes:
        """Give at most `size` bytes, none at the end."""
        ...


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
    sent = _read(stream, content_length, limit)
    return Body(_inflated(sent, limit) if inflates else sent, codec)


def _read(stream: Readable, content_length: int | None, limit: int) -> bytes:
    if content_length is None:
        return _within(_read_at_most(stream, limit + 1), limit)
    if content_length > limit:
        raise _too_large(limit)
    content = _read_at_most(stream, content_length)
    if len(content) < content_length:
        raise MalformedBody(f"The body ended after {len(content)} of {content_length} bytes; send it again.")
    return content


def _read_at_most(stream: Readable, size: int) -> bytes:
    chunks = []
    while size > 0 and (chunk := _read_chunk(stream, min(size, _CHUNK_BYTES))):
        chunks.append(chunk)
        size -= len(chunk)
    return b"".join(chunks)


def _read_chunk(stream: Readable, size: int) -> bytes:
    """Read on; waitress has the whole body before it calls us, gunicorn raises in the middle of a bad one."""
    try:
        return stream.read(size)
    except Exception as error:  # each server has errors of its own
        raise MalformedBody("The body was cut off, or its chunks are malformed; send it again.") from error


def _inflated(compressed: bytes, limit: int) -> bytes:
    inflater = zlib.decompressobj(_GZIP_WINDOW)
    try:
        content = _within(inflater.decompress(compressed, limit + 1), limit)
    except zlib.error as error:
        raise MalformedBody("The body is not the gzip that `Content-Encoding` announces.") from error
    if not inflater.eof or inflater.unused_data:
        problem = "goes on after its end" if inflater.eof else "is cut off"
        raise MalformedBody(f"The gzip body {problem}; send exactly one whole gzip member.")
    return content


def _within(content: bytes, limit: int) -> bytes:
    if len(content) > limit:
        raise _too_large(limit)
    return content


def _too_large(limit: int) -> PayloadTooLarge:
    return PayloadTooLarge(
        f"The body is larger than {limit} bytes; a site raises this with SHOPDB_MAX_BODY_BYTES."
    )
