"""The lines of the log: no text in a record passes for another record, or is without bounds."""

import json
import logging
import sys

import pytest

from shopdb_core.server.log import (
    LINE,
    LONGEST_LINE,
    LONGEST_MESSAGE,
    MOST_LINES,
    BoundedFormatter,
    JsonFormatter,
)
from shopdb_core.web.access_log import AnsweredRequest

REQUEST = AnsweredRequest("POST", "/api/collector/computers", 422, 2.125, "10.0.0.21", "r1")


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


@pytest.fixture
def members():
    """Return a function that formats a message as JSON, and gives its members."""

    def write(message: object, *values: object, error: object = None) -> dict[str, object]:
        record = logging.LogRecord("waitress", logging.INFO, __file__, 1, message, values, error)
        line = JsonFormatter().format(record)
        assert line.isascii()
        assert line.isprintable()
        return json.loads(line)

    return write


def test_a_request_as_text():
    """The order stays; who was admitted and why it was refused are at the end, or a `-`."""
    assert str(REQUEST) == "POST /api/collector/computers 422 2.1ms 10.0.0.21 r1 - -"
    refused = REQUEST._replace(actor="user:A. Müller", problem="invalid-submission")
    assert str(refused).endswith(" r1 user:A.%20M%C3%BCller invalid-submission")


def test_a_request_as_json(members):
    """Each part is a member."""
    found = members(REQUEST._replace(actor="user:A. Müller", problem="invalid-submission"))

    assert found.pop("time").endswith("Z")
    assert isinstance(found.pop("pid"), int)
    assert found == {
        "level": "INFO",
        "logger": "waitress",
        "requestid": "r1",
        "method": "POST",
        "path": "/api/collector/computers",
        "status": 422,
        "durationms": 2.1,
        "clientaddress": "10.0.0.21",
        "actor": "user:A. Müller",
        "problem": "invalid-submission",
    }


def test_a_record_as_json(members):
    """Any text is one line of ASCII, of limited length."""
    assert members("serving %s", "/\n\x1b[2J\u202e\udc80")["message"] == "serving /\n\x1b[2J\u202e\udc80"
    assert len(members("%s", "x" * 1_000_000)["message"]) == LONGEST_MESSAGE


def test_a_traceback_as_json(members):
    """It is a member, so that a line stays a record."""
    try:
        json.loads("{")
    except ValueError:
        found = members("failed", error=sys.exc_info())

    assert "test_log.py" in found["traceback"]


def test_a_request_with_texts_of_a_client_is_bounded(members):
    """Method, path and actor are cut off in both forms."""
    request = AnsweredRequest("x" * 10**6, "/\n" * 10**6, 400, 1.0, None, "r1", "user:" + "\n" * 10**6)

    assert len(str(request)) < 500
    assert len(json.dumps(members(request))) < 1000
