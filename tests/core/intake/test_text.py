"""Decoding the bytes of a body."""

import codecs

import pytest

from shopdb_core.errors import MalformedBody
from shopdb_core.intake.decoding import begins_as_utf_16, decode

GREETING = '{"location": "Büro"}'


@pytest.mark.parametrize(
    ("content", "codec"),
    [
        (GREETING.encode(), None),
        (GREETING.encode(), "utf-8"),
        (GREETING.encode("utf-16"), "utf-16"),
        (GREETING.encode("utf-16-be"), "utf-16-be"),
        (GREETING.encode("utf-16-be"), "utf-16"),
        (GREETING.encode("iso-8859-1"), "iso-8859-1"),
        (GREETING.encode("windows-1252"), "windows-1252"),
    ],
)
def test_a_declared_charset_and_utf8_are_decoded_without_a_warning(content: bytes, codec: str | None) -> None:
    """A body in its declared charset, or in UTF-8 without one, is decoded without a warning."""
    decoded = decode(content, codec)

    assert (decoded.text, decoded.warnings) == (GREETING, ())


@pytest.mark.parametrize(
    ("content", "codec", "reason"),
    [
        (codecs.BOM_UTF8 + GREETING.encode(), None, "byte order mark"),
        (codecs.BOM_UTF8 + GREETING.encode(), "utf-8", "byte order mark"),
        (codecs.BOM_UTF16_LE + GREETING.encode("utf-16-le"), None, "UTF-16"),
        (codecs.BOM_UTF16_LE + GREETING.encode("utf-16-le"), "utf-16-le", "byte order mark"),
        (codecs.BOM_UTF16_BE + GREETING.encode("utf-16-be"), None, "UTF-16"),
        (GREETING.encode("utf-16-le"), None, "UTF-16"),
        (GREETING.encode("utf-16-be"), None, "UTF-16"),
        (GREETING.encode("iso-8859-1"), None, "ISO-8859-1"),
    ],
)
def test_the_encodings_of_powershell_are_decoded_with_a_warning(
    content: bytes, codec: str | None, reason: str
) -> None:
    """Byte order marks, undeclared UTF-16 and undeclared ISO-8859-1 are decoded with one warning."""
    decoded = decode(content, codec)

    assert decoded.text == GREETING
    (warning,) = decoded.warnings
    assert warning.startswith("body: ")
    assert reason in warning


@pytest.mark.parametrize(
    ("content", "codec"),
    [
        (b'{"a": "\xfc"}', "utf-8"),
        (b'{"a": "\xfc"}', "ascii"),
        (b"\x81", "windows-1252"),
        (codecs.BOM_UTF16_LE + b"{", None),
        (b"{", "utf-16-le"),
    ],
)
def test_bytes_that_do_not_decode_are_refused(content: bytes, codec: str | None) -> None:
    """Bytes that are not valid in the charset are refused, with the position."""
    with pytest.raises(MalformedBody, match=r"at byte [0-9]+"):
        decode(content, codec)


@pytest.mark.parametrize("codec", ["utf-8", "iso-8859-1", "windows-1252", "ascii"])
@pytest.mark.parametrize("sent", ["utf-16-le", "utf-16-be"])
def test_utf16_with_another_charset_is_named(sent: str, codec: str) -> None:
    """UTF-16 that is declared as something else is refused, and the message names both."""
    with pytest.raises(MalformedBody, match=f"is UTF-16, but its charset is declared as {codec}"):
        decode(GREETING.encode(sent), codec)


@pytest.mark.parametrize("content", [b"", b"{", b"\x00", b"\x00\x00", b"{}"])
def test_short_bodies_are_not_taken_for_utf16(content: bytes) -> None:
    """A body of one byte, or of two alike, is decoded as UTF-8."""
    assert decode(content, None).text == content.decode()


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_line_of_utf16_is_recognised(codec: str) -> None:
    """NDJSON is split as bytes, so a line of UTF-16 is refused as such."""
    assert begins_as_utf_16(GREETING.encode(codec))
    assert not begins_as_utf_16(GREETING.encode())
