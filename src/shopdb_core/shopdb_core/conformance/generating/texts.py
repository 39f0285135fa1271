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
_IN_PATTERNS = "".join(map(chr, range(0x20, 0x7F))) + "äÄß漢"
_HOST = r"[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,4})?(\.[a-z]{2,6})?"


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


_MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # as Hypothesis wants them

FORMATS: Mapping[str, SearchStrategy[str]] = MappingProxyType(
    {
        "date": st.dates(date(1990, 1, 1), date(2100, 1, 1)).map(date.isoformat),
        "date-time": _MOMENTS.map(lambda moment: _instant(moment.replace(microsecond=0))),
        "email": st.from_regex(rf"[a-z][a-z0-9.]{{0,6}}[a-z]@{_HOST}", fullmatch=True),
        "hostname": st.from_regex(_HOST, fullmatch=True),
        "ipv4": st.ip_addresses(v=4).map(str),
        "ipv6": st.ip_addresses(v=6).map(str),
        "time": st.times().map(lambda time: time.isoformat(timespec="seconds") + "Z"),
        "uri": st.from_regex(
            rf"https?://{_HOST}(:[1-9][0-9]{{1,3}})?(/[a-z0-9]{{1,6}}){{0,2}}", fullmatch=True
        ),
        "uuid": st.uuids().map(str),
    }
)
"""For each format of a declaration a strategy."""


def texts(schema: JsonObject) -> SearchStrategy[str]:
    """Return strings for a schema of strings; not all that come out need fit it."""
    if "format" in schema:
        return FORMATS[schema["format"]]
    if "pattern" in schema:
        return st.from_regex(schema["pattern"], alphabet=_IN_PATTERNS)
    least = schema.get("minLength", 0)
    most = max(least, schema.get("maxLength", least + USUAL_LENGTH))
    usual = st.text(_CHARACTERS, min_size=least, max_size=min(most, least + USUAL_LENGTH))
    if most > LONGEST_FILLED or most <= least + USUAL_LENGTH:
        return usual
    return usual | st.sampled_from("aé漢").map(lambda character: character * most)
