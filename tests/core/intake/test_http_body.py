"""Reading the body of a request."""

import gzip
import io

import pytest

from shopdb_core.errors import MalformedBody, PayloadTooLarge, UnsupportedMedia
from shopdb_core.intake.http_body import Body, read_body

LIMIT = 1_000


class CountingStream(io.BytesIO):
    """Counts the bytes that are requested from it."""

    requested = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Add `size` to the count, and read."""
        self.requested += LIMIT * LIMIT if size is None or size < 0 else size
        return super().read(size)


def read(
    content: bytes,
    *,
    content_type: str | None = "application/json",
    content_encoding: str | None = None,
    chunked: bool = False,
) -> Body:
    """Read a body that is sent whole."""
    return read_body(
        io.BytesIO(content),
        content_type=content_type,
        content_encoding=content_encoding,
        content_length=None if chunked else len(content),
        limit=LIMIT,
    )


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_at_the_limit_is_read(*, chunked: bool) -> None:
    """A body of exactly the limit is accepted, with and without Content-Length."""
    content = b"x" * LIMIT

    body = read(content, chunked=chunked)

    assert body == Body(content, codec=None)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_beyond_the_limit_is_refused(*, chunked: bool) -> None:
    """One byte more is refused with the limit and the setting in the message."""
    with pytest.raises(PayloadTooLarge, match=r"1000 bytes.*SHOPDB_MAX_BODY_BYTES"):
        read(b"x" * (LIMIT + 1), chunked=chunked)


def test_a_too_large_content_length_is_refused_unread() -> None:
    """A body whose announced length is too large is not read at all."""
    stream = CountingStream(b"x" * 5_000)

    with pytest.raises(PayloadTooLarge):
        read_body(
            stream,
            content_type="application/json",
            content_encoding=None,
            content_length=5_000,
            limit=LIMIT,
        )

    assert stream.requested == 0


def test_an_endless_chunked_body_is_read_to_the_limit_only() -> None:
    """Reading a chunked body ends one byte beyond the limit."""
    stream = CountingStream(b"x" * 5_000)

    with pytest.raises(PayloadTooLarge):
        read_body(
            stream,
            content_type="application/json",
            content_encoding=None,
            content_length=None,
            limit=LIMIT,
        )

    assert stream.requested == LIMIT + 1


def test_a_stream_is_not_read_beyond_its_content_length() -> None:
    """The next request on the connection stays untouched."""
    stream = io.BytesIO(b'{"a":1}POST')

    body = read_body(
        stream,
        content_type="application/json",
        content_encoding=None,
        content_length=7,
        limit=LIMIT,
    )

    assert (body.content, stream.read()) == (b'{"a":1}', b"POST")


def test_a_cut_off_body_is_refused() -> None:
    """A body with fewer bytes than announced is malformed."""
    with pytest.raises(MalformedBody, match="after 4 of 9 bytes"):
        read_body(
            io.BytesIO(b'{"a"'),
            content_type="application/json",
            content_encoding=None,
            content_length=9,
            limit=LIMIT,
        )


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "x-gzip"])
def test_gzip_is_inflated(coding: str) -> None:
    """A compressed body is read as its inflated content."""
    body = read(gzip.compress(b'{"a": 1}'), content_encoding=coding)

    assert body.content == b'{"a": 1}'


def test_a_gzip_body_is_limited_by_what_it_inflates_to() -> None:
    """A zip bomb is refused; one that inflates to exactly the limit is read."""
    assert len(read(gzip.compress(b" " * LIMIT), content_encoding="gzip").content) == LIMIT
    with pytest.raises(PayloadTooLarge, match="1000 bytes"):
        read(gzip.compress(b" " * (LIMIT + 1)), content_encoding="gzip")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"a": 1}',
        gzip.compress(b'{"a": 1}')[:-1],
        gzip.compress(b'{"a": 1}') + b"x",
        gzip.compress(b"{") + gzip.compress(b"}"),
        gzip.compress(b"{}") + gzip.compress(b""),
        gzip.compress(b"{}") + bytes(8),
        gzip.compress(b'{"a": 1}')[:-8] + b"\x00" * 8,
    ],
    ids=["empty", "plain", "truncated", "trailing", "two members", "empty member", "zeros", "checksum"],
)
def test_anything_but_one_gzip_member_is_refused(content: bytes) -> None:
    """A damaged member, several members and trailing bytes are malformed."""
    with pytest.raises(MalformedBody, match="gzip"):
        read(content, content_encoding="gzip")


@pytest.mark.parametrize("coding", ["br", "deflate", "gzip, gzip"])
def test_other_codings_are_refused(coding: str) -> None:
    """The message names the coding that was sent and those that are supported."""
    with pytest.raises(UnsupportedMedia, match=f"{coding} is not read.*gzip"):
        read(b"{}", content_encoding=coding)


def test_the_form_type_of_powershell_is_explained() -> None:
    """The message for `Invoke-RestMethod` without -ContentType names that parameter."""
    with pytest.raises(
        UnsupportedMedia, match=r"x-www-form-urlencoded.*-ContentType 'application/json'"
    ) as refused:
        read(b"a=1", content_type="application/x-www-form-urlencoded")

    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("content_type", [None, "", "text/json", "application/jsonx", "x" * 9_000])
def test_other_media_types_are_refused_briefly(content_type: str | None) -> None:
    """The message names JSON and quotes at most 80 characters of the header."""
    with pytest.raises(UnsupportedMedia, match="application/json") as refused:
        read(b"{}", content_type=content_type)

    assert len(str(refused.value)) < 250


@pytest.mark.parametrize(
    ("content_type", "codec"),
    [
        ("application/json", None),
        ("Application/JSON;Charset=UTF-8", "utf-8"),
        ('application/json; profile="x" ; charset="utf-16"', "utf-16"),
        ("application/json; charset=utf-16le", "utf-16-le"),
        ("application/json; charset=UTF-16BE", "utf-16-be"),
        ("application/json; charset=iso-8859-1", "iso-8859-1"),
        ("application/json; charset=windows-1252", "windows-1252"),
        ("application/json; charset=us-ascii", "ascii"),
    ],
)
def test_the_charset_parameter_is_honoured(content_type: str, codec: str | None) -> None:
    """The codec of a declared charset is returned with the content."""
    assert read(b"{}", content_type=content_type).codec == codec


def test_an_unknown_charset_is_refused() -> None:
    """The message names the charset; a Python codec that is not a charset is not accepted either."""
    with pytest.raises(UnsupportedMedia, match="rot13 is not read; send the body as UTF-8"):
        read(b"{}", content_type="application/json; charset=rot13")
