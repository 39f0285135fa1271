"""The grammar of a query: what is read, what is refused and where, and that no text breaks it."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shopdb_core.errors import InvalidParameter
from shopdb_core.search.grammar import LONGEST_QUERY, MOST_TERMS, Term, parse

PIECES = st.sampled_from(
    [
        '"',
        '""',
        "-",
        ":",
        ">",
        "<=",
        " ",
        "\t",
        "memory",
        "a.b",
        "30d",
        "%",
        "_",
        "*",
        "\\",
        "ä",
        "ש",
        "\0",
        "\ud800",
    ]
)
TEXTS = st.text() | st.lists(PIECES, max_size=30).map("".join)


@pytest.mark.parametrize(
    ("query", "terms"),
    [
        ("pc firefox", [Term("pc"), Term("firefox")]),
        ('"mozilla firefox"', [Term("mozilla firefox")]),
        ('"a ""b"" c"', [Term('a "b" c')]),
        ("-pc -os:x", [Term("pc", negated=True), Term("x", "os", negated=True)]),
        ("memory>=16 seen<30d", [Term("16", "memory", ">="), Term("30d", "seen", "<")]),
        ('installedsoftware.name:"7 zip"', [Term("7 zip", "installedsoftware.name")]),
        ("3C:52:82:11:22:33 fe80::1 ::1", [Term("3C:52:82:11:22:33"), Term("fe80::1"), Term("::1")]),
        ("3C:52", [Term("3C:52")]),
        (r"100% a_b * \d+", None),
        (r"100% a_b c* \d+", [Term("100%"), Term("a_b"), Term("c*"), Term(r"\d+")]),
        ("  ", []),
        ("serial:PC-1:2", [Term("PC-1:2", "serial")]),
    ],
)
def test_terms_of_a_query(query: str, terms: list[Term] | None) -> None:
    """Words, phrases, fields and comparisons; signs that other languages use for patterns are literal."""
    if terms is None:
        with pytest.raises(InvalidParameter, match="at character 10: a word with a letter or a digit"):
            parse(query)
    else:
        assert parse(query) == terms


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("-", "at character 2: a value is expected"),
        ("pc os:", "at character 7: a value is expected"),
        ("os>  16", "at character 4: a value is expected"),
        ('pc "open', "at character 4: the quotation mark is not closed"),
        ('"a"b', "at character 4: a blank is expected after the quotation mark"),
        ("pc :", "at character 4: a word with a letter or a digit is expected"),
        ("> <", "at character 1: a word with a letter or a digit is expected"),
        ('""', "at character 1: a word with a letter or a digit is expected"),
        ("a\0", "at character 2: no field has this character"),
        ("a\ud800", "at character 2: no field has this character"),
        ("x" * 60_000, f"at character {LONGEST_QUERY + 1}: a query has at most {LONGEST_QUERY} characters"),
        ("a " * (MOST_TERMS + 1), f"at character 41: a query has at most {MOST_TERMS} terms"),
    ],
)
def test_a_query_that_is_not_valid_is_refused_with_the_position(query: str, message: str) -> None:
    """The position is that of a character, from 1, and the message says what is expected there."""
    with pytest.raises(InvalidParameter) as refused:
        parse(query)
    assert message in str(refused.value)


@given(TEXTS)
@example('"a" ' * 20)
def test_terms_that_are_written_again_are_read_as_the_same(query: str) -> None:
    """And no text raises anything but `InvalidParameter`."""
    try:
        terms = parse(query)
    except InvalidParameter:
        return
    assert [parse(str(term)) for term in terms] == [[term] for term in terms]
