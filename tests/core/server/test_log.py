"""The lines of the log: no text in a record passes for another record, or is without bounds."""

import logging

import pytest

from shopdb_core.server.log import LINE, LONGEST_LINE, MOST_LINES, BoundedFormatter


@pytest.fixture
def lines():
    """Return a function that formats a message as the server does, and gives its lines."""

    def write(message: str, *values: object) -> list[str]:
        record = logging.LogRecord("waitress", logging.INFO, __file__, 1, message, values, None)
        return BoundedFormatter(LINE).format(record).split("\n")

    return write


def test_a_usual_line_is_as_it_is(lines):
    """Letters of any language are readable."""
    (line,) = lines("Client disconnected while serving %s", "/Größe")

    assert line.endswith(" INFO waitress Client disconnected while serving /Größe")


@pytest.mark.parametrize(
    "odd", ["\x1b[2J", "\x9b2J", "\r", "\x07", "\u202e", "\u2066", "\u2028", "\x7f", "\udc80"]
)
def test_control_characters_are_escaped(lines, odd):
    """C0, C1 and bidirectional controls, line separators and surrogates do not reach a terminal."""
    (line,) = lines("serving /%s!", odd)

    assert line.isprintable()
    assert line.endswith(f"{odd.encode('unicode_escape').decode()}!")


def test_a_line_end_forges_no_record(lines):
    """What follows it is indented, as the lines of a traceback are."""
    forged = "2026-11-22 10:19:53,532 INFO shopdb_core.access GET / 200"

    first, second = lines("serving /%s", f"\n{forged}")

    assert first.endswith("serving /")
    assert second == f"  {forged}"


def test_lines_are_bounded(lines):
    """In length and in number."""
    (long,) = lines("serving /%s", "x" * 1_000_000)
    assert len(long) <= LONGEST_LINE + 3
    (escaped,) = lines("serving /%s", "\x01" * 1_000_000)
    assert len(escaped) <= LONGEST_LINE + 3

    assert len(lines("%s", "\n" * 100_000)) == MOST_LINES
