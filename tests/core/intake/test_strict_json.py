"""Parsing strict JSON."""

import time
from pathlib import Path

import pytest

from shopdb_core.errors import MalformedBody
from shopdb_core.intake.decoding import decode, parse, parse_with_stdlib
from shopdb_core.intake.scan import storable_faults


def is_read(content: bytes) -> bool:
    """Tell whether a body is accepted; any error but MalformedBody goes through."""
    try:
        parse(decode(content, None).text)
    except MalformedBody:
        return False
    return True


def nested(depth: int) -> str:
    """Write an object that is so many levels deep, with brackets in its strings that do not count."""
    return '{"a[{":' * (depth - 1) + '{"\\"[": "[[["}' + "}" * (depth - 1)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "column 1"),
        ("[]", "no object"),
        ('"text"', "no object"),
        ("null", "no object"),
        ('{"a": 1,\n "b" 2}', "line 2 column 6"),
        ('{"a": 1} {"b": 2}', "Extra data, column 10"),
        ('{"a": 1, "a": 1}', "name a stands twice"),
        ('{"a" : 1, "x": "\\":", "a":1}', "name a stands twice"),
        ('{"b": [{"a": 1, "\\u0061": 2}]}', "name a stands twice"),
        ('{"a": NaN}', "NaN"),
        ('{"a": -Infinity}', "-Infinity"),
        ('{"a": "\t"}', "control character, column 8"),
        ('{"a": 01}', "column 8"),
        ('{"a": 1,}', "column"),
        ("{'a': 1}", "column 2"),
    ],
)
def test_what_is_no_strict_json_object_is_refused(text: str, reason: str) -> None:
    """Each way to be malformed is refused with its place or name."""
    with pytest.raises(MalformedBody, match=reason):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        ' {"a" : {"a": 1}, "b": [{"a": 1}, {"a": 1}]} ',
        '{"a": "\\":", "b": ":", ":": ":"}',
        '{"a": 1e300, "b": -0.0, "c": 9007199254740993}',
    ],
)
def test_an_object_is_read_as_it_stands(text: str) -> None:
    """Spaces, equal names in different objects, colons in strings and large floats are all good."""
    assert repr(parse(text)) == repr(parse_with_stdlib(text))


@pytest.mark.parametrize(
    "digits", ["9223372036854775808", "-9223372036854775809", "1" * 30, "1" * 5_000, "1e400"]
)
def test_a_number_beyond_64_bits_is_left_to_the_storable_check(digits: str) -> None:
    """No integer silently becomes a float that fits: the number is read, and then found to be too large."""
    document = parse(f'{{"a": {digits}}}')

    assert [fault.pointer for fault in storable_faults(document)] == ["/a"]


def test_20_levels_are_read_and_21_are_not() -> None:
    """Depth is counted alike in objects that the fast reader accepts and in those that it leaves."""
    assert parse(nested(20)) == parse_with_stdlib(nested(20))
    for read in (parse, parse_with_stdlib):
        with pytest.raises(MalformedBody, match="deeper than 20"):
            read(nested(21))


def test_brackets_in_strings_are_no_depth() -> None:
    """No escape, of a quote, a backslash or anything else, makes the reference lose count."""
    text = r'{"a\\": "\n' + "[" * 30 + r'", "b": "\"' + "{" * 30 + '"}'

    assert parse_with_stdlib(text) == {"a\\": "\n" + "[" * 30, "b": '"' + "{" * 30}


@pytest.mark.alone
@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_100000_levels_are_refused_at_once(opening: str) -> None:
    """A bracket bomb costs neither the stack nor time."""
    started = time.perf_counter()

    with pytest.raises(MalformedBody, match="deeper than 20"):
        parse(opening * 100_000)

    assert time.perf_counter() - started < 0.2


def test_messages_never_echo_the_body() -> None:
    """An error about a secret or an endless name shows at most 80 characters, printable ones."""
    name = "\\ud800\\u001b" + "x" * 1_000

    with pytest.raises(MalformedBody) as refused:
        parse(f'{{"{name}": 1, "{name}": 2}}')

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
    """Each y_ file is accepted as the value of a field, but for those with a name twice."""
    wellformed = [path for path in parsing_files if path.name.startswith("y_")]

    refused = [
        path.name
        for path in wellformed
        if not is_read(b'{"hostname":"x","field":' + path.read_bytes() + b"}")
    ]

    assert wellformed
    assert refused == ["y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json"]


def test_no_undecided_file_breaks_the_reader(parsing_files: list[Path]) -> None:
    """Each i_ file is accepted or refused as malformed, never anything else."""
    undecided = [path for path in parsing_files if path.name.startswith("i_")]

    accepted = [
        path.name for path in undecided if is_read(b'{"hostname":"x","field":' + path.read_bytes() + b"}")
    ]

    assert 0 < len(accepted) < len(undecided)
