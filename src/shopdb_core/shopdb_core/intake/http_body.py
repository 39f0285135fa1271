"""The bytes of a request's body: its headers are checked, and it is read and inflated within a limit.

`read_body` reads one submission; a batch (`intake.ndjson`) uses the same steps chunk by chunk.
"""

import io
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from gzip import BadGzipFile, GzipFile
from os import SEEK_END
from tempfile import SpooledTemporaryFile
from types import MappingProxyType
from typing import IO, Protocol

from shopdb_core.errors import MalformedBody, PayloadTooLarge, RequestError, UnsupportedMedia
from shopdb_core.json_text import printable

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
NDJSON = "application/x-ndjson"
CHUNK_BYTES = 65_536
SPOOLED_BYTES = 1024 * 1024

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


def check_mediatype(content_type: str | None, expected: str, *others: str) -> None:
    """Raise `UnsupportedMedia` unless the `Content-Type` header names a media type that is expected."""
    arrived = (content_type or "").partition(";")[0].strip()
    if arrived.lower() not in (expected, *others):
        name = printable(arrived) if arrived else "something without a media type"
        raise UnsupportedMedia(
            f"The body arrived as {name}; send `Content-Type: {expected}`"
            f" (in PowerShell: -ContentType '{expected}')."
        )


def declared_codec(content_type: str | None) -> str | None:
    """Return the Python codec of the charset in the `Content-Type` header, `None` where it has none.

    Raises `UnsupportedMedia` for a charset that is not supported.
    """
    declared = _CHARSET.search(content_type or "")
    if declared is None:
        return None
    codec = _CODECS.get(declared[1].lower())
    if codec is None:
        raise UnsupportedMedia(f"The charset {printable(declared[1])} is not read; send the body as UTF-8.")
    return codec


def is_gzip(content_encoding: str | None) -> bool:
    """Return whether the body is compressed; raises `UnsupportedMedia` for any coding but gzip.

    `x-gzip` is the same coding (RFC 9110, section 8.4.1.3).
    """
    coding = (content_encoding or "identity").strip().lower()
    if coding not in {"identity", "gzip", "x-gzip"}:
        raise UnsupportedMedia(
            f"The content coding {printable(coding)} is not read; send the body plain or as gzip."
        )
    return coding != "identity"


class Readable(Protocol):
    """A binary stream, such as a WSGI server's `wsgi.input`."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, none at the end."""
        ...


@dataclass(frozen=True, slots=True)
class Limit:
    """The most bytes that `what` may have, and the advice in the error for more."""

    size: int
    what: str
    advice: str

    def check(self, size: int | None) -> None:
        """Raise `PayloadTooLarge` for a size beyond the limit; `None` is an unknown size."""
        if size is not None and size > self.size:
            raise self.exceeded()

    def exceeded(self) -> PayloadTooLarge:
        """Return the error for more bytes than the limit."""
        return PayloadTooLarge(f"The {self.what} is larger than {self.size} bytes; {self.advice}.")


SITE_ADVICE = "a site raises this with SHOPDB_MAX_BODY_BYTES"


def body_limit(size: int, what: str) -> Limit:
    """Return the limit that the site sets for one submission."""
    return Limit(size, what, SITE_ADVICE)


def stream_chunks(stream: Readable, content_length: int | None, limit: Limit) -> Iterator[bytes]:
    """Yield a body as sent: `content_length` bytes, or where that is `None` (chunked) one more than `limit`.

    Raises `MalformedBody` where the body ends early.
    """
    left = limit.size + 1 if content_length is None else content_length
    while left > 0 and (chunk := _read(stream, min(left, CHUNK_BYTES))):
        left -= len(chunk)
        yield chunk
    if content_length is not None and left > 0:
        arrived = content_length - left
        raise MalformedBody(f"The body ended after {arrived} of {content_length} bytes; send it again.")


def _read(stream: Readable, size: int) -> bytes:
    """Read the next bytes. waitress has the whole body before the call; gunicorn raises inside a bad one."""
    try:
        return stream.read(size)
    except Exception as error:  # each server has errors of its own
        raise MalformedBody("The body was cut off, or its chunks are malformed; send it again.") from error


def limited(chunks: Iterable[bytes], limit: Limit) -> Iterator[bytes]:
    """Yield what the limit allows; raises `PayloadTooLarge` where there is more."""
    left = limit.size
    for chunk in chunks:
        if allowed := chunk[:left]:
            yield allowed
        if len(chunk) > left:
            raise limit.exceeded()
        left -= len(chunk)


def spooled(chunks: Iterable[bytes], read: Callable[[IO[bytes]], Iterator[bytes]]) -> Iterator[bytes]:
    """Receive all chunks into a temporary file, on disk beyond a megabyte, and then yield what `read` yields.

    An error of `chunks` is raised at the end. The whole body is received before the first line of the answer
    is sent, because a client may send all before it reads anything: both sides would wait for each other.
    """
    with SpooledTemporaryFile(SPOOLED_BYTES) as spool:
        fault = _filled(spool, chunks)
        spool.seek(0)
        try:
            yield from read(spool)
        except MalformedBody as error:  # a body that ends early cuts its gzip off: report the first cause
            raise fault or error from None
    if fault:
        raise fault


def _filled(spool: IO[bytes], chunks: Iterable[bytes]) -> RequestError | None:
    """Write all chunks, or those before an error, which is returned."""
    try:
        for chunk in chunks:
            spool.write(chunk)
    except RequestError as fault:
        return fault
    return None


def file_chunks(content: IO[bytes]) -> Iterator[bytes]:
    """Yield the content of a file."""
    return iter(partial(content.read, CHUNK_BYTES), b"")


def inflated(compressed: IO[bytes]) -> Iterator[bytes]:
    """Yield the content of one gzip member; each chunk is inflated only when it is requested.

    Raises `MalformedBody` where the member is cut off or damaged, or more bytes follow it.
    """
    size = 0
    try:
        for chunk in iter(partial(GzipFile(fileobj=compressed, mode="rb").read1, CHUNK_BYTES), b""):
            size += len(chunk)
            yield chunk
    except (EOFError, BadGzipFile, zlib.error) as error:
        raise _not_one_member() from error
    if _last_size(compressed) != size & 0xFFFFFFFF:
        raise _not_one_member()


def _last_size(compressed: IO[bytes]) -> int | None:
    """Return the size, modulo 2^32, in the trailer of the last member (RFC 1952), `None` for an empty file.

    `GzipFile` reads several members, and zeros after them, as one: then this size is not the size of all.
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
    """The content, inflated, and the Python codec of its declared charset, `None` where none is declared."""

    content: bytes
    codec: str | None


def read_body(
    stream: Readable,
    *,
    content_type: str | None,
    content_encoding: str | None,
    content_length: int | None,
    limit: int,
    mediatypes: Sequence[str] = (JSON,),
    advice: str = SITE_ADVICE,
) -> Body:
    """Check the headers, then read a body of at most `limit` bytes, both as sent and as inflated.

    `content_length` is `None` where the body is chunked. Raises `UnsupportedMedia` (another media type,
    charset or coding), `PayloadTooLarge`, or `MalformedBody` (cut off, or not valid gzip).
    """
    check_mediatype(content_type, *mediatypes)
    codec = declared_codec(content_type)
    inflates = is_gzip(content_encoding)
    most = Limit(limit, "body", advice)
    most.check(content_length)
    content = b"".join(limited(stream_chunks(stream, content_length, most), most))
    return Body(b"".join(limited(inflated(io.BytesIO(content)), most)) if inflates else content, codec)


def json_body(content: bytes, limit: int) -> Body:
    """Return the body of a request that posts `content` as `application/json`; raises as `read_body` does."""
    return read_body(
        io.BytesIO(content),
        content_type=JSON,
        content_encoding=None,
        content_length=len(content),
        limit=limit,
    )
