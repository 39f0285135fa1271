"""Parsing strict JSON."""

import time
from pathlib import Path

import pytest

from shopdb_core.errors import MalformedBody
from shopdb_core.intake.decoding import parse_with_stdlib, read_document
from shopdb_core.intake.http_body import Body
from shopdb_core.intake.scan import storable_faults
from shopdb_hookspecs import JsonObject


def is_read(content: bytes) -> bool:
    """Return whether a body is accepted; errors other than `MalformedBody` propagate."""
    try:
        read_document(Body(content, None))
    except MalformedBody:
        return False
    return True


def read(text: str) -> JsonObject:
    """Return the object of a body in UTF-8."""
    return read_document(Body(text.encode(), "utf-8")).content


def nested(depth: int) -> str:
    """Return an object of `depth` levels, with brackets in its strings that do not count."""
    return '{"a[{":' * (depth - 1) + '{"\\"[": "[[["}' + "}" * (depth - 1)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "column 1"),
        ("[]", "not an object"),
        ('"text"', "not an object"),
        ("null", "not an object"),
        ('{"a": 1,\n "b" 2}', "line 2 column 6"),
        ('{"a": 1} {"b": 2}', "Extra data, column 10"),
        ('{"a": 1, "a": 1}', "duplicate key a"),
        ('{"a" : 1, "x": "\\":", "a":1}', "duplicate key a"),
        ('{"b": [{"a": 1, "\\u0061": 2}]}', "duplicate key a"),
        ('{"a": NaN}', "NaN"),
        ('{"a": -Infinity}', "-Infinity"),
        ('{"a": "\t"}', "control character, column 8"),
        ('{"a": 01}', "column 8"),
        ('{"a": 1,}', "column"),
        ("{'a': 1}", "column 2"),
    ],
)
def test_anything_but_a_strict_json_object_is_refused(text: str, reason: str) -> None:
    """Each kind of error is reported with its place or key."""
    with pytest.raises(MalformedBody, match=reason):
        read(text)


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        ' {"a" : {"a": 1}, "b": [{"a": 1}, {"a": 1}]} ',
        '{"a": "\\":", "b": ":", ":": ":"}',
        '{"a": 1e300, "b": -0.0, "c": 9007199254740993}',
    ],
)
def test_a_strict_json_object_is_read(text: str) -> None:
    """Spaces, equal keys in different objects, colons in strings and large floats are valid."""
    assert repr(read(text)) == repr(parse_with_stdlib(text))


@pytest.mark.parametrize(
    "digits", ["9223372036854775808", "-9223372036854775809", "1" * 30, "1" * 5_000, "1e400"]
)
def test_a_number_beyond_64_bits_is_left_to_the_storable_check(digits: str) -> None:
    """A large integer does not become a float that fits: it is read, and then found to be too large."""
    document = read(f'{{"a": {digits}}}')

    assert [fault.pointer for fault in storable_faults(document)] == ["/a"]


def test_20_levels_are_read_and_21_are_not() -> None:
    """Both parsers count the same depth."""
    assert read(nested(20)) == parse_with_stdlib(nested(20))
    for parse in (read, parse_with_stdlib):
        with pytest.raises(MalformedBody, match="deeper than 20"):
            parse(nested(21))


def test_brackets_in_strings_do_not_count_as_depth() -> None:
    """Escaped quotes and backslashes in strings do not change the depth that is counted."""
    text = r'{"a\\": "\n' + "[" * 30 + r'", "b": "\"' + "{" * 30 + '"}'

    assert parse_with_stdlib(text) == {"a\\": "\n" + "[" * 30, "b": '"' + "{" * 30}


@pytest.mark.alone
@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_100000_levels_are_refused_at_once(opening: str) -> None:
    """Refusing deep nesting needs neither recursion nor much time."""
    started = time.perf_counter()

    with pytest.raises(MalformedBody, match="deeper than 20"):
        read(opening * 100_000)

    assert time.perf_counter() - started < 2


def test_messages_do_not_quote_the_body_at_length() -> None:
    """The message for a long key quotes at most 80 characters, all of them printable."""
    name = "\\ud800\\u001b" + "x" * 1_000

    with pytest.raises(MalformedBody) as refused:
        read(f'{{"{name}": 1, "{name}": 2}}')

    assert len(str(refused.value)) < 150
    assert str(refused.value).isprintable()


def test_every_malformed_file_is_refused(parsing_files: list[Path]) -> None:
    """Each n_ file of JSONTestSuite is refused bare and as the value of a field."""
    malformed = [path for path in parsing_files if path.name.startswith("n_")]

    accepted = [
        path.name
        for path in malformed
        if is_read(path.read_bytes()) or is_read(b'{"hostname":"x","field":' + path.read_bytes() + b"}")
    ]

    assert malformed
    assert accepted == []


def test_every_wellformed_file_is_read_as_a_field(parsing_files: list[Path]) -> None:
    """Each y_ file is accepted as the value of a field, except those with a duplicate key."""
    wellformed = [path for path in parsing_files if path.name.startswith("y_")]

    refused = [
        path.name
        for path in wellformed
        if not is_read(b'{"hostname":"x","field":' + path.read_bytes() + b"}")
    ]

    assert wellformed
    assert refused == ["y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json"]


def test_no_undecided_file_breaks_the_reader(parsing_files: list[Path]) -> None:
    """Each i_ file is accepted or refused as malformed, without another error."""
    undecided = [path for path in parsing_files if path.name.startswith("i_")]

    accepted = [
        path.name for path in undecided if is_read(b'{"hostname":"x","field":' + path.read_bytes() + b"}")
    ]

    assert 0 < len(accepted) < len(undecided)
