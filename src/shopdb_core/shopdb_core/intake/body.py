"""The bytes of a request, within the limit whatever the client claims or compresses."""

import io
from dataclasses import dataclass

from shopdb_core.intake.chunks import Limit, Readable, inflated, sent, within
from shopdb_core.intake.media import JSON, check_mediatype, declared_codec, is_gzip


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
