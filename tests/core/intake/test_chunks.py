"""The pieces of a body."""

import gzip
import io
from itertools import islice

import pytest

from shopdb_core.errors import MalformedBody, PayloadTooLarge
from shopdb_core.intake.http_body import CHUNK_BYTES, inflated, plain, received


def cut_off():
    yield b"first "
    yield b"second"
    raise MalformedBody("cut off")


def test_a_body_is_taken_in_before_any_of_it_is_given():
    """A client that reads nothing before it has sent all does not wait for the server, nor that for it."""
    source = iter([b"first ", b"second"])

    given = received(source, plain)

    assert next(given) == b"first second"
    assert next(source, None) is None


def test_what_came_before_a_fault_is_given_first():
    """The lines before the one where a body ends early are not lost."""
    given = received(cut_off(), plain)

    assert next(given) == b"first second"
    with pytest.raises(MalformedBody):
        next(given)


def test_gzip_is_inflated_no_further_than_it_is_asked_for():
    """A bomb costs what the limit allows: the rest of it is not even read."""
    compressed = io.BytesIO(gzip.compress(b" " * 400 * CHUNK_BYTES, mtime=0) * 2)

    pieces = list(islice(inflated(compressed), 3))

    assert max(map(len, pieces)) <= CHUNK_BYTES
    assert compressed.tell() < len(compressed.getvalue())


def test_gzip_that_lacks_its_end_with_the_body_has_the_fault_of_the_body():
    """What came too large is 413, though its gzip is cut off as well."""

    def too_large():
        yield gzip.compress(b"first\n", mtime=0)[:-4]
        raise PayloadTooLarge("too large")

    given = received(too_large(), inflated)

    assert next(given) == b"first\n"
    with pytest.raises(PayloadTooLarge):
        next(given)
