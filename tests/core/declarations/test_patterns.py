"""Which patterns a declaration may use, and what they match."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopdb_core.declarations.patterns import compile_pattern, pattern_fault
from shopdb_core.declarations.validation.validator import SubmissionValidator

ACCEPTED = [
    r"^([0-9A-F]{2}:){5}[0-9A-F]{2}$",
    r"^((25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(25[0-5]|2[0-4]\d|1?\d?\d)$",
    r"^(0|[1-9]\d*)\.(0|[1-9]\d*)(-(\d+|\d*[a-z-][0-9a-z-]*)(\.(\d+|\d*[a-z-][0-9a-z-]*))*)?$",
    r"^.{1,4000}$",
    r"^[-\]\/^]+?$",
    r"^[\w.-]{1,}\t\/\(\)$",
    "^(a+)+$",
    "^(a|a?)+$",
    r"^.*\..*$",
    r"^\bPC\b$",
    r"^\p{Lu}+$",
    "(?i)^pc-",
    "",
]

REFUSED = [
    ("(?=a)b", "look-around"),
    ("^(?!a)b", "look-around"),
    ("(?<=a)b", "look-around"),
    ("(?<!a)b", "look-around"),
    (r"\\(?=a)", "look-around"),
    (r"^(\w+)-\1$", "back-reference"),
    (r"(?<n>a)\k<n>", "back-reference"),
    ("(?P<n>a)(?P=n)", "back-reference"),
    ("((a{1000}){1000}){1000}", "too large"),
    ("^.{1,9999}$", "too large"),
    ("a{99999999999}", "too large"),
    ("a{3,1}", "minimum exceeds its maximum"),
    ("(a", "unterminated subpattern at position 0"),
    (r"\((?:a", "unterminated subpattern at position 2"),
    ("[a", "unterminated character set"),
    ("*a", "nothing to repeat at position 0"),
    ("a\\", "bad escape"),
    ("[z-a]", "bad character range"),
    ("[a--b]", "bad character range"),
    ("a{,3}", "cannot be compiled: correct the pattern"),
    ("(" * 300 + "a" + ")" * 300, "cannot be compiled"),
]

MATCHES = [
    (r"^\d$", "7", "٣"),
    (r"^\D$", "٣", "7"),
    (r"^\w$", "a", "é"),
    (r"^\W$", "é", "a"),
    (r"^\s$", "\u00a0", "a"),
    (r"^\s$", "\ufeff", "\u200b"),
    (r"^.$", "🖨", "\n"),
    (r"^.$", "é", "\r"),
    (r"^.$", "e", "\u2028"),
    ("^a$", "a", "a\n"),
    ("^a$", "a", "b\na"),
    ("^A$", "A", "a"),
    ("b", "abc", "ac"),
    ("^é$", "é", "e\u0301"),
    ("", "", "\ud800"),
]


@pytest.mark.parametrize("pattern", ACCEPTED)
def test_accepts(pattern: str) -> None:
    """What the engine compiles is accepted, however an engine that backtracks would bear it."""
    assert pattern_fault(pattern) == ""


@pytest.mark.parametrize(("pattern", "words"), REFUSED)
def test_refuses_what_cannot_be_compiled(pattern: str, words: str) -> None:
    """The reason names what the engine lacks, or where the syntax is wrong."""
    assert words in pattern_fault(pattern)


@pytest.mark.parametrize(("pattern", "matching", "other"), MATCHES)
def test_matches(pattern: str, matching: str, other: str) -> None:
    r"""As ECMA-262 has it: anywhere in the text, `\d` and `\w` in ASCII, `$` at the very end alone."""
    occurs = compile_pattern(pattern)

    assert (occurs(matching), occurs(other)) == (True, False)


def _patterns() -> st.SearchStrategy[str]:
    atoms = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "-", r"\d", r"\s", r"\w"])

    def grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        pieces = st.tuples(inner, st.sampled_from(["", "?", "*", "+", "{2}", "{0,2}", "{1,3}"])).map(
            "(%s)%s".__mod__
        )
        return st.one_of(
            st.lists(pieces, min_size=1, max_size=3).map("".join),
            st.lists(inner, min_size=2, max_size=3).map("|".join).map("({})".format),
        )

    edges = st.sampled_from([("", ""), ("^", ""), ("^", "$"), ("", "$")])
    return st.tuples(edges, st.recursive(atoms, grow, max_leaves=6)).map(
        lambda drawn: drawn[1].join(drawn[0])
    )


@settings(deadline=None)
@given(_patterns(), st.text("ab-é7 ", max_size=8))
def test_python_reads_the_common_syntax_alike(pattern: str, text: str) -> None:
    """Clients who match the published schema with Python's engine get the same result."""
    assert compile_pattern(pattern)(text) == (re.search(pattern, text, re.ASCII) is not None)


@settings(deadline=None)
@given(_patterns(), st.text("ab-é7 \n\r\u00a0٣\u2028\ud800", max_size=8))
def test_both_validators_agree(pattern: str, text: str) -> None:
    """What the endpoint refuses is explained, by itself or in a list, and nothing else is."""
    rules: dict[str, Any] = {"pattern": pattern}
    validator = SubmissionValidator({"properties": {"one": rules, "many": {"items": rules}}})

    for submission in ({"one": text}, {"many": ["", text]}, {"many": [text]}):
        assert (not validator._explainer.faults(submission, 1)) == validator.accepts(submission)
