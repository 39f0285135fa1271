"""Strings that a schema asks for: by format, by pattern, by length."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from shopdb_core.plugins.patterns import compile_pattern
from shopdb_hookspecs import JsonObject

USUAL_LENGTH = 12
"""How long a string is that needs not be longer: what is longer makes no other path."""

LONGEST_FILLED = 2_000
"""Up to which length a string is also made as long as it may be."""

# Chosen by hand: Hypothesis counts through all of Unicode for two seconds to know what is a letter. Among
# them what folds into two letters, what composes, and what takes four bytes.
_CHARACTERS = "abcxyzABCXYZ0189-_.:/()%'\"\\#äÄßéİıﬁ漢é\u0301🖨"
_IN_PATTERNS = frozenset([*map(chr, range(0x20, 0x7F)), *"äÄß漢"])
_EARLIEST, _LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_HOST = r"[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,4})?(\.[a-z]{2,6})?"

_TOKEN = re.compile(
    r"\\(?:[pPux]\{[^}]*\}|[pP]\w|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|c[A-Za-z]|.)"  # an escape
    r"|\[\^?(?:\\.|[^\]\\])*\]"  # a character class
    r"|\((?:\?(?:P?<\w+>|:))?"  # the beginning of a group
    r"|.",
    re.DOTALL,
)
_QUANTIFIER = re.compile(r"(?:([*+?])|\{(\d+)(,?)(\d*)\})\??")
_SIGNS: Mapping[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_ASSERTIONS = frozenset({"^", "$", r"\b", r"\B", r"\A", r"\z"})


class _PatternReader:
    """Reads a pattern, from left to right, into a strategy of strings that it may match.

    `from_regex` of Hypothesis filters by Python's `re`, which hangs on some patterns. Here the engine of the
    endpoint says which characters a part of the pattern takes; what it cannot compile raises its error.
    """

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._position = 0
        self._letters = sorted(_IN_PATTERNS.union(pattern))

    def strings(self) -> SearchStrategy[str]:
        """Return strings for the pattern, within others where it has no anchors."""
        around = st.just("") | st.text(self._letters, max_size=USUAL_LENGTH)
        before = st.just("") if self._pattern.startswith("^") else around
        after = st.just("") if self._pattern.endswith("$") else around
        return st.tuples(before, self._choice(), after).map("".join)

    def _choice(self) -> SearchStrategy[str]:
        branches = self._sequence()
        while self._pattern.startswith("|", self._position):
            self._position += 1
            branches |= self._sequence()
        return branches

    def _sequence(self) -> SearchStrategy[str]:
        parts = []
        while (token := _TOKEN.match(self._pattern, self._position)) and token[0] not in ("|", ")"):
            self._position = token.end()
            parts.append(self._repeated(self._part(token[0])))
        return st.tuples(*parts).map("".join)

    def _part(self, token: str) -> SearchStrategy[str]:
        if token.startswith("("):
            group = self._choice()
            self._position += 1
            return group
        if token in _ASSERTIONS:
            return st.just("")
        takes = compile_pattern(f"^{token}$")
        taken = [letter for letter in self._letters if takes(letter)]
        return st.sampled_from(taken) if taken else st.nothing()

    def _repeated(self, part: SearchStrategy[str]) -> SearchStrategy[str]:
        while quantifier := _QUANTIFIER.match(self._pattern, self._position):
            self._position = quantifier.end()
            least, most = _times(quantifier)
            part = st.lists(part, min_size=least, max_size=most).map("".join)
        return part


def _times(quantifier: re.Match[str]) -> tuple[int, int | None]:
    sign, least, comma, most = quantifier.groups()
    if sign:
        return _SIGNS[sign]
    if not comma:
        return int(least), int(least)
    return int(least), int(most) if most else None


def _matching(pattern: str) -> SearchStrategy[str]:
    """Return strings of the usual letters, and of those that the pattern itself names."""
    return st.deferred(lambda: _PatternReader(pattern).strings().filter(compile_pattern(pattern)))


def _date_times() -> SearchStrategy[str]:
    seconds = st.integers(int(_EARLIEST.timestamp()), int(_LATEST.timestamp()))
    return seconds.map(lambda second: f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%SZ}")


FORMATS: Mapping[str, SearchStrategy[str]] = MappingProxyType(
    {
        "date": st.dates(_EARLIEST.date(), _LATEST.date()).map(date.isoformat),
        "date-time": _date_times(),
        "email": _matching(rf"^[a-z][a-z0-9]{{0,6}}(\.[a-z]{{1,4}})?@{_HOST}$"),
        "hostname": _matching(f"^{_HOST}$"),
        "ipv4": st.ip_addresses(v=4).map(str),
        "ipv6": st.ip_addresses(v=6).map(str),
        "time": st.times().map(lambda time: time.isoformat(timespec="seconds") + "Z"),
        "uri": _matching(rf"^https?://{_HOST}(:[1-9][0-9]{{1,3}})?(/[a-z0-9]{{1,6}}){{0,2}}$"),
        "uuid": st.uuids().map(str),
    }
)
"""For each format of a declaration a strategy."""


def texts(schema: JsonObject) -> SearchStrategy[str]:
    """Return strings for a schema of strings; not all that come out need fit it."""
    if "format" in schema:
        return FORMATS[schema["format"]]
    if "pattern" in schema:
        return _matching(schema["pattern"])
    least = schema.get("minLength", 0)
    most = max(least, schema.get("maxLength", least + USUAL_LENGTH))
    usual = st.text(_CHARACTERS, min_size=least, max_size=min(most, least + USUAL_LENGTH))
    if most > LONGEST_FILLED or most <= least + USUAL_LENGTH:
        return usual
    return usual | st.sampled_from("aé漢").map(lambda character: character * most)
