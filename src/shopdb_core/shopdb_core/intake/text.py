"""The text of a body, in the encodings that PowerShell 5.1 sends without saying so (contract, section 2)."""

import codecs
from dataclasses import dataclass

from shopdb_core.errors import MalformedBody

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
