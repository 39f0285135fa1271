"""The pieces of a body."""

import pytest

from shopdb_core.errors import MalformedBody
from shopdb_core.intake.chunks import received


def cut_off():
    yield b"first "
    yield b"second"
    raise MalformedBody("cut off")


def test_a_body_is_taken_in_before_any_of_it_is_given():
    """A client that reads nothing before it has sent all does not wait for the server, nor that for it."""
    source = iter([b"first ", b"second"])

    given = received(source)

    assert next(given) == b"first second"
    assert next(source, None) is None


def test_what_came_before_a_fault_is_given_first():
    """The lines before the one where a body ends early are not lost."""
    given = received(cut_off())

    assert next(given) == b"first second"
    with pytest.raises(MalformedBody):
        next(given)
