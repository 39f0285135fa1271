"""Strings that a schema asks for: by format, by pattern, by length."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

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


def _matching(pattern: str, *, fullmatch: bool = True) -> SearchStrategy[str]:
    """Return strings of the usual letters, and of those that the pattern itself names."""
    alphabet = _IN_PATTERNS | {character for character in pattern if not character.isascii()}
    return st.from_regex(pattern, fullmatch=fullmatch, alphabet="".join(sorted(alphabet)))


def _date_times() -> SearchStrategy[str]:
    seconds = st.integers(int(_EARLIEST.timestamp()), int(_LATEST.timestamp()))
    return seconds.map(lambda second: f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%SZ}")


FORMATS: Mapping[str, SearchStrategy[str]] = MappingProxyType(
    {
        "date": st.dates(_EARLIEST.date(), _LATEST.date()).map(date.isoformat),
        "date-time": _date_times(),
        "email": _matching(rf"[a-z][a-z0-9]{{0,6}}(\.[a-z]{{1,4}})?@{_HOST}"),
        "hostname": _matching(_HOST),
        "ipv4": st.ip_addresses(v=4).map(str),
        "ipv6": st.ip_addresses(v=6).map(str),
        "time": st.times().map(lambda time: time.isoformat(timespec="seconds") + "Z"),
        "uri": _matching(rf"https?://{_HOST}(:[1-9][0-9]{{1,3}})?(/[a-z0-9]{{1,6}}){{0,2}}"),
        "uuid": st.uuids().map(str),
    }
)
"""For each format of a declaration a strategy."""


def texts(schema: JsonObject) -> SearchStrategy[str]:
    """Return strings for a schema of strings; not all that come out need fit it."""
    if "format" in schema:
        return FORMATS[schema["format"]]
    if "pattern" in schema:
        return _matching(schema["pattern"], fullmatch=False)
    least = schema.get("minLength", 0)
    most = max(least, schema.get("maxLength", least + USUAL_LENGTH))
    usual = st.text(_CHARACTERS, min_size=least, max_size=min(most, least + USUAL_LENGTH))
    if most > LONGEST_FILLED or most <= least + USUAL_LENGTH:
        return usual
    return usual | st.sampled_from("aé漢").map(lambda character: character * most)
