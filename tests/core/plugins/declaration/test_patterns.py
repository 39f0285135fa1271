"""Which patterns a declaration may use: those that no engine can be slow on."""

import re
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from shopdb_core.plugins.ambiguity import WAYS
from shopdb_core.plugins.charsets import contains
from shopdb_core.plugins.compiled import accepts, compile_schema
from shopdb_core.plugins.patterns import pattern_reason
from shopdb_core.plugins.patternsyntax import parse
from shopdb_core.plugins.patterntree import Anchor, Character, Choice, Node, Repeat, Sequence

GOOD = [
    r"^([0-9A-F]{2}:){5}[0-9A-F]{2}$",
    r"^[a-z]+(_[a-z0-9]+)*$",
    r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
    r"^\d{4}-\d{2}$",
    r"^[0-9]{1,3}(\.[0-9]{1,3}){3}$",
    r"^((25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(25[0-5]|2[0-4]\d|1?\d?\d)$",
    r"^(foo|bar)-\w+$",
    r"^[A-HJ-NPR-Z0-9]{17}$",
    r"^[0-9]{10}-?[0-9]{10}$",
    r"^(0|[1-9]\d*)\.(0|[1-9]\d*)(-(\d+|\d*[a-z-][0-9a-z-]*)(\.(\d+|\d*[a-z-][0-9a-z-]*))*)?$",
    r"^\w+(\s\w+)*$",
    r"^.{1,255}$",
    r"^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$",
    r"^(a|b)*a(a|b){8}$",
    r"^(\\\\[^\\]+\\)?\S+$",
    r"^([0-9a-f]{2}-){5}[0-9a-f]{2}$|^([0-9a-f]{4}\.){2}[0-9a-f]{4}$",
    r"^[-\]\/^]+?$",
    r"^[\w.-]{1,}\t\/\(\)$",
    "^(" + "|".join(f"a{number}" for number in range(WAYS)) + ")$",
    "^$",
    "foo",
    "",
]

CATASTROPHIC = [
    "(a+)+$",
    "^(a+)+$",
    "([a-zA-Z]+)*$",
    "^([a-zA-Z]+)*$",
    "(a|aa)+$",
    "^(a|aa)+$",
    "^(a|a)*$",
    "(a|a?)+$",
    "^(a|a?)+$",
    "(.*a){20}",
    "^(.*a){20}$",
    "^(([a-z])+.)+[A-Z]([a-z])+$",
    "(x+x+)+y",
    "^(x+x+)+y",
    r"(\w+\s?)+$",
    r"^(\w+\s?)+$",
    "(a?){30}a{30}",
    "^(a?){30}a{30}$",
    "^" + "a?" * 12 + "a" * 12 + "$",
    "^" + "(a?|b?)" * 6 + "c$",
    r"^(\d+)*$",
    "(?:a|b|ab)+c",
    "^(?:a|b|ab)+c",
    "^(a*)*$",
    "^(a{1,20}){1,20}$",
    "^a*a*$",
    "^a*b?a*$",
    r"\s+$",
    r"^\s*(.*)\s*$",
    r"^.*\..*$",
    "^(a|b)*a(a|b){40}$",
    "^(" + "|".join(f"a{number}" for number in range(WAYS + 1)) + ")$",
]

NOT_SHARED = [
    ("(?=a)b", "(?"),
    ("(?<!a)b", "(?"),
    ("(?i)a", "(?"),
    ("(?P<n>a)", "(?"),
    (r"(a)\1", r"\1"),
    (r"\bfoo", r"\b"),
    (r"\p{L}", r"\p"),
    (r"a\_b", "write _ alone"),
    ("a++", "write \\+"),
    ("*a", "write \\*"),
    ("a{,3}", "write \\{"),
    ("a{3,1}", "turn {3,1} round"),
    ("a]", "write \\]"),
    ("^*", "anchor"),
    ("[[:alpha:]]", "write \\["),
    ("[a&&b]", "&&"),
    ("[a--b]", "write \\-"),
    (r"[\d-z]", "hyphen"),
    ("[z-a]", "range"),
    ("[]", "without characters"),
    ("[^]", "without characters"),
    ("(a", "never closed"),
    ("a)", "never opened"),
    ("[a", "complete it"),
    ("a\\", "complete it"),
    ("(" * 21 + "a" + ")" * 21, "flatten"),
    ("(((a{60}b{30}c){9}d)|(((e{60}f{30}g){9}h)))" * 20, "1000 characters"),
]


@pytest.mark.parametrize("pattern", GOOD)
def test_accepts(pattern: str) -> None:
    """Patterns as authors write them pass."""
    assert pattern_reason(pattern) == ""


@pytest.mark.parametrize("pattern", CATASTROPHIC)
def test_refuses_what_backtracks(pattern: str) -> None:
    """Exponential and polynomial patterns are refused, in a search as well as anchored."""
    reason = pattern_reason(pattern)

    assert "backtracks" in reason or "match nothing" in reason


@pytest.mark.parametrize(("pattern", "words"), NOT_SHARED)
def test_refuses_what_engines_read_differently(pattern: str, words: str) -> None:
    """A pattern keeps to the syntax that all engines share, and the reason says what to write."""
    reason = pattern_reason(pattern)

    assert reason
    assert words in reason


def _patterns() -> st.SearchStrategy[str]:
    atoms = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "-"])

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


_TEXTS = st.tuples(st.text("ab-é", max_size=4), st.integers(0, 40), st.text("ab-é", max_size=3)).map(
    lambda drawn: drawn[0] * drawn[1] + drawn[2]
)


class _Backtracker:
    """Tries every way to match, as an engine does on a string that fails at its very end."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.ways: Counter[int] = Counter()

    def ends(self, node: Node, start: int) -> Iterator[int]:
        """Yield where each way to match the node from `start` ends."""
        if (
            isinstance(node, Character)
            and start < len(self.text)
            and contains(node.charset, ord(self.text[start]))
        ):
            self.ways[start] += 1
            assert self.ways[start] <= WAYS
            yield start + 1
        elif isinstance(node, Anchor) and start == (0 if node.start else len(self.text)):
            yield start
        elif isinstance(node, Choice):
            for branch in node.branches:
                yield from self.ends(branch, start)
        elif isinstance(node, Sequence):
            yield from self._sequence(node.parts, start)
        elif isinstance(node, Repeat):
            yield from self._repeat(node, start, 0)

    def _sequence(self, parts: tuple[Node, ...], start: int) -> Iterator[int]:
        if not parts:
            yield start
            return
        for end in self.ends(parts[0], start):
            yield from self._sequence(parts[1:], end)

    def _repeat(self, node: Repeat, start: int, times: int) -> Iterator[int]:
        if node.most is None or times < node.most:
            for end in self.ends(node.inner, start):
                yield from self._repeat(node, end, times + 1)
        if times >= node.least:
            yield start


@settings(deadline=None)
@given(_patterns(), _TEXTS)
@example(r"^(foo|bar)-\w+$", "foo-foo-foo")
def test_accepted_patterns_have_few_ways(pattern: str, text: str) -> None:
    """No beginning of any string is matched in more than a few ways, so the time is linear."""
    assume(pattern_reason(pattern) == "")
    backtracker = _Backtracker(text)

    for start in range(len(text) + 1):
        for _ in backtracker.ends(parse(pattern), start):
            pass

    assert max(backtracker.ways.values(), default=0) <= WAYS


@settings(deadline=None)
@given(_patterns(), _TEXTS)
def test_engines_agree_on_accepted_patterns(pattern: str, text: str) -> None:
    """Python's engine and that of jsonschema-rs find the same."""
    assume(pattern_reason(pattern) == "")

    found = re.search(pattern, text, re.ASCII) is not None

    assert accepts(compile_schema({"pattern": pattern}), text) == found
