"""The reader of bodies and `parse_with_stdlib` return the same value, or both raise."""

import json
from collections.abc import Callable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from shopdb_core.errors import MalformedBody
from shopdb_core.intake.decoding import parse_with_stdlib, read_document
from shopdb_core.intake.http_body import Body
from shopdb_hookspecs import JsonObject

NAMES = ['"a"', '"b"', '"\\u0061"', '""', '"\\""', '":"', '"\\ud800"', '"\\\\"', "a", '"\t"']
COLONS = [":", " :", "\n:\t", ": ", "::", "", "\u00a0:"]
VALUES = [
    *("0", "-0", "-0.0", "1e5", "1e400", "-1e-400", "9223372036854775807", "9223372036854775808"),
    *("18446744073709551615", "18446744073709551616", "-9223372036854775809", "1" * 400, "01", "1.", "+1"),
    *('"x"', '"\\":"', '":"', '" :"', '"\\"a\\":1"', '"\\ud83d\\ude00"', '"\\ud83d"', '"\\u0000"', '"\x7f"'),
    *("true", "null", "NaN", "-Infinity", "nul", "[]", "{}", '{"a":1,"a":1}', "[1,]", "[" * 19 + "]" * 19),
]

members = st.tuples(st.sampled_from(NAMES), st.sampled_from(COLONS), st.sampled_from(VALUES)).map("".join)
objects = st.lists(members, max_size=5).map(lambda parts: "{" + ",".join(parts) + "}")
texts = st.text(max_size=6)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
documents = st.dictionaries(
    texts,
    st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
        max_leaves=6,
    ),
    max_size=3,
)


def read(text: str) -> JsonObject:
    """Return the object of a body in UTF-8."""
    return read_document(Body(text.encode(), "utf-8")).content


def outcome(parse: Callable[[str], JsonObject], text: str) -> str:
    """Return the value with its types, or `malformed`."""
    try:
        return repr(parse(text))
    except MalformedBody:
        return "malformed"


@settings(max_examples=500, database=None, deadline=None)
@given(objects)
def test_readers_agree_on_hostile_members(text: str) -> None:
    """Objects of names, colons and values about which JSON parsers disagree."""
    assert outcome(read, text) == outcome(parse_with_stdlib, text)


@settings(max_examples=200, database=None, deadline=None)
@given(document=documents, indent=st.sampled_from([None, 1]), ascii_only=st.booleans())
def test_readers_agree_on_json(document: object, indent: int | None, *, ascii_only: bool) -> None:
    """All that Python writes as JSON, NaN included."""
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only)

    assert outcome(read, text) == outcome(parse_with_stdlib, text)


@settings(max_examples=300, database=None, deadline=None)
@given(documents.map(json.dumps), st.data())
def test_readers_agree_on_mutations(text: str, data: st.DataObject) -> None:
    """JSON with a part of it inserted elsewhere, up to two times."""
    positions = st.integers(0, len(text))
    start, end, target = data.draw(positions), data.draw(positions), data.draw(positions)
    mutated = text[:target] + text[start:end] * data.draw(st.integers(0, 2)) + text[target:]

    assert outcome(read, mutated) == outcome(parse_with_stdlib, mutated)


def test_readers_agree_on_all_parsing_files(parsing_files: list[Path]) -> None:
    """All files of JSONTestSuite, bare and as the value of a field."""
    bodies = [
        content.decode("iso-8859-1")
        for path in parsing_files
        for content in (path.read_bytes(), b'{"hostname":"x","field":' + path.read_bytes() + b"}")
    ]

    differing = [text for text in bodies if outcome(read, text) != outcome(parse_with_stdlib, text)]

    assert differing == []
