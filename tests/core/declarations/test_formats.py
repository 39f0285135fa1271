"""One definition of each format, for every reader."""

import pytest

from shopdb_core.declarations.check import declaration_schema
from shopdb_core.declarations.formats import format_checks
from shopdb_core.declarations.validation.compiled import accepts, compile_schema
from shopdb_core.declarations.validation.explaining import format_checker

VALID = [
    ("date-time", "2024-02-29T23:59:59Z"),
    ("date-time", "2024-02-29t23:59:59.123456789z"),
    ("date-time", "0001-01-01T00:00:00-23:59"),
    ("date", "2024-02-29"),
    ("time", "23:59:59.5+01:00"),
    ("email", "o'brien+shop@example.com"),
    ("hostname", "PC-1234.example.com"),
    ("hostname", "a" * 63),
    ("ipv4", "192.168.0.1"),
    ("ipv6", "::ffff:192.168.0.1"),
    ("ipv6", "fe80::1"),
    ("uri", "https://user@[::1]:8080/a/b?c=%20#d"),
    ("uri", "urn:isbn:0451450523"),
    ("uuid", "2EB8AA08-aa98-11ea-b4aa-73b441d16380"),
]

INVALID = [
    ("date-time", "2024-02-29T23:59:59"),
    ("date-time", "2024-02-29 23:59:59Z"),
    ("date-time", "2023-02-29T23:59:59Z"),
    ("date-time", "2024-02-29T23:59:60Z"),
    ("date-time", "2024-02-29T24:00:00Z"),
    ("date-time", "2024-02-29T23:59:59+01:60"),
    ("date-time", "2024-02-29T23:59:59+24:00"),
    ("date-time", "0000-01-01T00:00:00Z"),
    ("date-time", "2024-02-29T23:59:59Z\n"),
    ("date-time", "٢٠٢٤-02-29T23:59:59Z"),
    ("date", "2024-2-29"),
    ("date", "2023-02-29"),
    ("date", "20240229"),
    ("time", "23:59:59"),
    ("time", "25:00:00Z"),
    ("email", "example.com"),
    ("email", "@example.com"),
    ("email", "a..b@example.com"),
    ("email", "a" * 65 + "@example.com"),
    ("email", "a@-example.com"),
    ("hostname", ""),
    ("hostname", "pc_1"),
    ("hostname", "-pc"),
    ("hostname", "pc-"),
    ("hostname", "pc."),
    ("hostname", "a" * 64),
    ("hostname", ".".join(["a" * 49] * 6)),
    ("ipv4", "192.168.0.01"),
    ("ipv4", "192.168.0"),
    ("ipv4", "256.0.0.1"),
    ("ipv6", "fe80::1%eth0"),
    ("ipv6", "1::2::3"),
    ("ipv6", ""),
    ("uri", "//example.com/a"),
    ("uri", "http://example.com/a b"),
    ("uri", "http://example.com:99999/"),
    ("uri", "http://[::1"),
    ("uri", "http://example.com/%zz"),
    ("uri", "http://example.com/ü"),
    ("uuid", "2eb8aa08-aa98-11ea-b4aa-73b441d1638"),
    ("uuid", "{2eb8aa08-aa98-11ea-b4aa-73b441d16380}"),
]


@pytest.mark.parametrize(("name", "text"), VALID)
def test_accepts(name: str, text: str) -> None:
    """What the format's source allows is accepted, by both libraries alike."""
    assert format_checker().conforms(text, name)
    assert accepts(compile_schema({"format": name}), text)


@pytest.mark.parametrize(("name", "text"), INVALID)
def test_refuses(name: str, text: str) -> None:
    """What the format's source does not allow is refused, by both libraries alike."""
    assert not format_checker().conforms(text, name)
    assert not accepts(compile_schema({"format": name}), text)


@pytest.mark.parametrize("value", [None, 1, 1.5, True, [], {}])
def test_formats_speak_of_strings_alone(value: object) -> None:
    """A format accepts every value that is not a string."""
    assert all(check(value) for check in format_checks().values())


def test_declarations_may_name_exactly_these() -> None:
    """The meta-schema lists the formats that are defined here."""
    listed = declaration_schema()["$defs"]["keywords"]["properties"]["format"]["enum"]

    assert listed == list(format_checks())
