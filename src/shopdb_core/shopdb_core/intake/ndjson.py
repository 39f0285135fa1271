"""A body with one submission a line, read while its lines are asked for."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from shopdb_core.errors import RequestError
from shopdb_core.intake.body import body_limit
from shopdb_core.intake.chunks import Limit, Readable, inflated, plain, received, sent, within
from shopdb_core.intake.lines import Line, read_lines
from shopdb_core.intake.media import NDJSON, check_mediatype, declared_line_codec, is_gzip
from shopdb_core.intake.strictjson import parse
from shopdb_core.intake.text import decode_line
from shopdb_hookspecs import Json

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
