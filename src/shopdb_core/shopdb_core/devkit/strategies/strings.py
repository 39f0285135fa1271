"""Hypothesis strategies of strings for the keywords of a schema: its lengths, its `format`, its `pattern`.

Not every generated string fits the schema: the caller filters by the validator.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from shopdb_core.declarations.patterns import compile_pattern
from shopdb_hookspecs import JsonObject

USUAL_LENGTH = 12
"""By how many characters a string may exceed its shortest length; longer ones take the same paths."""

MAX_FILLED_LENGTH = 2_000
"""Up to which `maxLength` strings of that length are generated, too."""

# Chosen by hand: Hypothesis counts through all of Unicode for two seconds to know what is a letter. Among
# them are a character that folds into two, a combining one, and one of four bytes.
_CHARACTERS = "abcxyzABCXYZ0189-_.:/()%'\"\\#äÄßéİıﬁ漢é\u0301🖨"
_PATTERN_CHARACTERS = frozenset([*map(chr, range(0x20, 0x7F)), *"äÄß漢"])
_EARLIEST, _LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_HOST = r"[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,4})?(\.[a-z]{2,6})?"


def strings(schema: JsonObject) -> SearchStrategy[str]:
    """Return a strategy for a schema of type string, without references and alternatives."""
    if "format" in schema:
        return FORMATS[schema["format"]]
    if "pattern" in schema:
        return _matching(schema["pattern"])
    least = schema.get("minLength", 0)
    most = max(least, schema.get("maxLength", least + USUAL_LENGTH))
    usual = st.text(_CHARACTERS, min_size=least, max_size=min(most, least + USUAL_LENGTH))
    if most > MAX_FILLED_LENGTH or most <= least + USUAL_LENGTH:
        return usual
    return usual | st.sampled_from("aé漢").map(lambda character: character * most)


def _matching(pattern: str) -> SearchStrategy[str]:
    """Return strings that match a pattern, of the usual characters and of those in the pattern."""
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
"""A strategy for each format that a declaration may have."""

_TOKEN = re.compile(
    r"\\(?:[pPux]\{[^}]*\}|[pP]\w|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|c[A-Za-z]|.)"  # an escape
    r"|\[\^?(?:\\.|[^\]\\])*\]"  # a character class
    r"|\((?:\?(?:P?<\w+>|:))?"  # the beginning of a group
    r"|.",
    re.DOTALL,
)
_QUANTIFIER = re.compile(r"(?:([*+?])|\{(\d+)(,?)(\d*)\})\??")
_QUANTIFIER_SIGNS: Mapping[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_ASSERTIONS = frozenset({"^", "$", r"\b", r"\B", r"\A", r"\z"})


class _PatternReader:
    """Translates a pattern, from left to right, into a strategy of strings that it may match.

    `from_regex` of Hypothesis filters by Python's `re`, which takes exponential time for some patterns. Here
    the engine of the validator decides which characters match a part; it raises its error for an invalid one.
    """

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._position = 0
        self._characters = sorted(_PATTERN_CHARACTERS.union(pattern))

    def strings(self) -> SearchStrategy[str]:
        """Return strings for the pattern, inside longer ones where it is not anchored."""
        around = st.just("") | st.text(self._characters, max_size=USUAL_LENGTH)
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
        matches = compile_pattern(f"^{token}$")
        matching = [character for character in self._characters if matches(character)]
        return st.sampled_from(matching) if matching else st.nothing()

    def _repeated(self, part: SearchStrategy[str]) -> SearchStrategy[str]:
        while quantifier := _QUANTIFIER.match(self._pattern, self._position):
            self._position = quantifier.end()
            least, most = _repetitions(quantifier)
            part = st.lists(part, min_size=least, max_size=most).map("".join)
        return part


def _repetitions(quantifier: re.Match[str]) -> tuple[int, int | None]:
    """Return how often a part is repeated at least and at most; `None` without a limit."""
    sign, least, comma, most = quantifier.groups()
    if sign:
        return _QUANTIFIER_SIGNS[sign]
    if not comma:
        return int(least), int(least)
    return int(least), int(most) if most else None
