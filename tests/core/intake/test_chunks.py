"""Reading and inflating a body chunk by chunk."""

import gzip
import io
from itertools import islice

import pytest

from shopdb_core.errors import MalformedBody, PayloadTooLarge
from shopdb_core.intake.http_body import CHUNK_BYTES, file_chunks, inflated, spooled


def cut_off():
    yield b"first "
    yield b"second"
    raise MalformedBody("cut off")


def test_a_body_is_received_before_its_first_chunk_is_yielded():
    """A client that sends all before it reads anything and the server do not wait for each other."""
    source = iter([b"first ", b"second"])

    chunks = spooled(source, file_chunks)

    assert next(chunks) == b"first second"
    assert next(source, None) is None


def test_the_bytes_before_an_error_are_yielded_first():
    """The lines before the place where a body ends early are not lost."""
    chunks = spooled(cut_off(), file_chunks)

    assert next(chunks) == b"first second"
    with pytest.raises(MalformedBody):
        next(chunks)


def test_gzip_is_inflated_only_as_far_as_it_is_read():
    """The rest of a zip bomb is neither inflated nor read."""
    # From Python 3.12 on, GzipFile reads 128 KiB at a time.
    compressed = io.BytesIO(gzip.compress(b" " * 400 * CHUNK_BYTES, mtime=0) * 10)

    chunks = list(islice(inflated(compressed), 3))

    assert max(map(len, chunks)) <= CHUNK_BYTES
    assert compressed.tell() < len(compressed.getvalue())


def test_the_error_of_the_body_precedes_the_error_of_its_gzip():
    """A body that is too large is reported as such, though its gzip is cut off as well."""

    def too_large():
        yield gzip.compress(b"first\n", mtime=0)[:-4]
        raise PayloadTooLarge("too large")

    chunks = spooled(too_large(), inflated)

    assert next(chunks) == b"first\n"
    with pytest.raises(PayloadTooLarge):
        next(chunks)
